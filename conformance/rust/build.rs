//! Generates the client from the compat form of the contract.
use std::{env, fs, path::Path};

fn main() {
    let contract = env::var("KIT_COMPAT").expect("KIT_COMPAT is not set");
    println!("cargo:rerun-if-env-changed=KIT_COMPAT");
    println!("cargo:rerun-if-changed={contract}");
    let spec: openapiv3::OpenAPI = serde_yaml::from_str(&fs::read_to_string(contract).unwrap()).unwrap();
    let mut settings = progenitor::GenerationSettings::new();
    settings.with_post_hook(quote::quote!(crate::note)); // of an answer that it cannot read, the client keeps no status
    let tokens = progenitor::Generator::new(&settings).generate_tokens(&spec).unwrap();
    let text = prettyplease::unparse(&syn::parse2(tokens).unwrap());
    fs::write(Path::new(&env::var("OUT_DIR").unwrap()).join("webex.rs"), text).unwrap();
}
