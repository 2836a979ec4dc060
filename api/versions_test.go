package api_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/webexscim/bulk/api"
)

// CHANGELOG.md has an entry for the version. lint/compare checks that the version
// is high enough.
func TestChangedContractHasAnotherVersion(t *testing.T) {
	released, err := os.ReadFile("released.yaml")
	if err != nil {
		t.Fatal(err)
	}
	changes, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	version := load(t).Info.Version
	if !strings.Contains(string(changes), "\n## "+version+"\n") {
		t.Errorf("CHANGELOG.md has no entry for version %s", version)
	}
	if !bytes.Equal(released, api.OpenAPI) && bytes.Contains(released, []byte("\n  version: "+version+"\n")) {
		t.Errorf("the contract has changed since %s was released: give it another version", version)
	}
}
