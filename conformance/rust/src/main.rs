//! A client by progenitor.
#[allow(clippy::all)]
mod webex {
    include!(concat!(env!("OUT_DIR"), "/webex.rs"));
}

use progenitor_client::Error;
use reqwest::header::HeaderMap;
use serde_json::{json, Value};
use std::{env, error::Error as StdError, fs, sync::Mutex, time::Duration};
use webex::types::{BulkRequest, BulkResult, OrgId, ScimError};

const EXTENSION: &str = "urn:scim:schemas:extension:cisco:webexidentity:api:messages:2.0:Error";

/// Status and headers of the answer that came last, whether or not it could be read.
static LAST: Mutex<Option<(u16, HeaderMap)>> = Mutex::new(None);

fn note(result: &Result<reqwest::Response, reqwest::Error>) {
    *LAST.lock().unwrap() = result.as_ref().ok().map(|r| (r.status().as_u16(), r.headers().clone()));
}

fn status() -> u16 {
    LAST.lock().unwrap().as_ref().map_or(0, |l| l.0)
}

fn header(name: &str) -> String {
    let last = LAST.lock().unwrap();
    last.as_ref().and_then(|l| l.1.get(name)?.to_str().ok().map(str::to_owned)).unwrap_or_default()
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

/// What the generated client has read of an answer: results, or an error as JSON.
struct Answer {
    results: Vec<BulkResult>,
    error: Value,
    trouble: String,
}

struct Kit {
    client: webex::Client,
    plain: reqwest::Client,
    org: OrgId,
}

type Done<T> = Result<T, Box<dyn StdError>>;

impl Kit {
    fn new() -> Done<Kit> {
        let mut headers = HeaderMap::new();
        headers.insert("Authorization", format!("Bearer {}", variable("WEBEX_ACCESS_TOKEN")).parse()?);
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none()) // a redirect must not take the token elsewhere
            .build()?;
        let client = webex::Client::new_with_client(&variable("WEBEX_BASE_URL"), http);
        Ok(Kit { client, plain: reqwest::Client::new(), org: variable("WEBEX_ORG_ID").parse()? })
    }

    async fn admin(&self, path: &str, body: Value) -> Done<()> {
        self.plain.post(variable("WEBEX_ADMIN_URL") + path).json(&body).send().await?.error_for_status()?;
        Ok(())
    }

    async fn send(&self, request: &Value) -> Answer {
        *LAST.lock().unwrap() = None;
        let request: BulkRequest = match serde_json::from_value(request.clone()) {
            Ok(request) => request,
            Err(e) => return Answer { results: vec![], error: Value::Null, trouble: e.to_string() },
        };
        match self.client.execute_bulk(&self.org, &request).await {
            Ok(answer) => Answer { results: answer.into_inner().operations, error: Value::Null, trouble: String::new() },
            Err(Error::ErrorResponse(e)) => Answer {
                error: serde_json::to_value(e.into_inner()).unwrap_or_default(), results: vec![], trouble: String::new(),
            },
            Err(e) => Answer { results: vec![], error: Value::Null, trouble: e.to_string() },
        }
    }

    async fn user_id(&self, name: &str) -> Done<String> {
        let filter = format!("userName eq \"{name}@example.com\"");
        let found = self.client.search_users(&self.org, None, None, None, Some(&filter), None, None, None, None, None, None).await?;
        Ok(found.resources.first().and_then(|u| u.id.clone()).ok_or("no such user")?)
    }

    async fn group_id(&self, name: &str) -> Done<String> {
        let filter = format!("displayName eq \"{name}\"");
        let found = self.client.search_groups(&self.org, None, None, None, Some(&filter), None, None, None, None, None).await?;
        Ok(found.resources.first().and_then(|g| g.id.clone()).ok_or("no such group")?)
    }

    async fn vector(&self, entry: &Value) -> Done<()> {
        let file = format!("{}/{}", variable("KIT_VECTORS"), entry["file"].as_str().unwrap());
        let vector: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
        self.admin("/faults", json!({"faults": [{"vector": entry["number"]}]})).await?;
        let answer = self.send(&vector["request"]["body"]).await;
        let mut line = json!({
            "vector": entry["number"], "status": status(), "retryAfter": header("Retry-After"), "error": answer.trouble,
            "operations": answer.results.iter().map(operation).collect::<Vec<_>>(),
        });
        Reason::of(&answer.error).put(&mut line);
        if !header("TrackingID").is_empty() {
            line["trackingId"] = header("TrackingID").into();
        }
        println!("{line}");
        Ok(())
    }

    /// Creates users and a group over a refusal and a cut, then reads a failed operation.
    async fn scenario(&self) -> Done<()> {
        self.admin("/faults", json!({"faults": [{"status": 429, "retryAfter": "1"}, {"cut": "after"}]})).await?;
        let first = request(&[user("ada", "ada"), user("bob", "bob"), group("team", "bulkId:ada", "bulkId:bob")]);
        let mut waited = false;
        self.send(&first).await;
        while status() == 429 {
            tokio::time::sleep(Duration::from_secs(header("Retry-After").parse()?)).await;
            waited = true;
            self.send(&first).await;
        }
        // The connection was cut: look up what was created instead of sending it again.
        let looked_up = status() == 0;
        let mut created = vec![self.user_id("ada").await?, self.user_id("bob").await?, self.group_id("team").await?];
        let second = request(&[user("again", "ada"), user("cyd", "cyd"), group("crew", "bulkId:cyd", &created[0])]);
        let mut taken = Value::Null;
        for r in self.send(&second).await.results {
            if read_status(&r.status) == 201 {
                created.push(r.location.as_deref().and_then(|l| l.rsplit('/').next()).unwrap_or_default().to_owned());
            }
            if r.bulk_id.as_deref() == Some("again") {
                let error: ScimError = serde_json::from_value(r.response.clone().ok_or("no response")?.0)?;
                let error = error.urn_scim_schemas_extension_cisco_webexidentity_api_messages_2_0_error.ok_or("no extension")?;
                taken = json!({
                    "status": read_status(&r.status), "trackingId": error.tracking_id, "errorCode": text(&serde_json::to_value(error.error_code)?),
                    "details": [serde_json::to_value(error.details)?],
                });
            }
        }
        println!("{}", json!({"scenario": {"created": created, "taken": taken, "waited": waited, "lookedUp": looked_up}}));
        Ok(())
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

fn read_status(value: &Value) -> u16 {
    let value = if value.is_object() { &value["code"] } else { value };
    text(value).parse().ok().filter(|n| (100..=599).contains(n)).unwrap_or(0)
}

fn operation(r: &BulkResult) -> Value {
    let response = r.response.as_ref().map_or(&Value::Null, |body| &body.0);
    let status = match read_status(&r.status) {
        0 => read_status(&response["status"]), // it may stand in the error alone
        n => n,
    };
    let mut line = json!({"bulkId": r.bulk_id.clone().unwrap_or_default(), "location": r.location, "status": status});
    if status >= 300 {
        Reason::of(response).put(&mut line);
    }
    line
}

/// What an error says, in any form that services use: the Webex extension, RFC 7644, general Webex errors, JSON in a text.
#[derive(Default)]
struct Reason {
    tracking_id: String,
    error_code: String,
    details: Vec<String>,
}

impl Reason {
    fn of(body: &Value) -> Reason {
        let mut r = Reason::default();
        r.read(body);
        r
    }

    fn read(&mut self, body: &Value) {
        match body {
            Value::String(text) => match serde_json::from_str::<Value>(text) {
                Ok(inner) if inner.is_object() || inner.is_array() => self.read(&inner),
                _ => self.say(body),
            },
            Value::Array(list) => list.iter().for_each(|e| self.read(e)),
            _ => {
                let ext = &body[EXTENSION];
                self.take(ext);
                self.take(body);
                [&ext["details"], &body["detail"], &body["message"]].iter().for_each(|t| self.say(t));
                for e in body["errors"].as_array().into_iter().flatten() {
                    self.take(e);
                    self.say(&e["description"]);
                }
                self.say(&body["error_description"]);
            }
        }
    }

    fn take(&mut self, from: &Value) {
        for (to, value) in [(&mut self.tracking_id, &from["trackingId"]), (&mut self.error_code, &from["errorCode"])] {
            if to.is_empty() {
                *to = text(value);
            }
        }
        if self.error_code.is_empty() {
            self.error_code = text(&from["error"]);
        }
    }

    fn say(&mut self, texts: &Value) {
        match texts {
            Value::Array(list) => list.iter().for_each(|t| self.say(t)),
            Value::String(text) if !text.is_empty() && !self.details.contains(text) => self.details.push(text.clone()),
            _ => {}
        }
    }

    fn put(self, line: &mut Value) {
        line["trackingId"] = self.tracking_id.into();
        line["errorCode"] = self.error_code.into();
        line["details"] = self.details.into();
    }
}

fn request(operations: &[Value]) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "operations": operations})
}

fn user(bulk_id: &str, name: &str) -> Value {
    json!({"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": format!("{name}@example.com"), "userType": "user"}})
}

fn group(bulk_id: &str, one: &str, other: &str) -> Value {
    json!({"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": bulk_id,
        "members": [{"value": one, "type": "user"}, {"value": other, "type": "user"}]}})
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done<()> {
    let kit = Kit::new()?;
    kit.scenario().await?;
    let manifest: Value = serde_json::from_str(&fs::read_to_string(variable("KIT_VECTORS") + "/manifest.json")?)?;
    for entry in manifest.as_array().unwrap() {
        kit.vector(entry).await?;
    }
    Ok(())
}
