package api_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/webexscim/bulk/api"
)

// Law: a contract that differs from the released one has another version, and
// CHANGELOG.md tells of it. lint/compare judges whether the version is right.
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
		t.Errorf("CHANGELOG.md does not tell of version %s", version)
	}
	if !bytes.Equal(released, api.OpenAPI) && bytes.Contains(released, []byte("\n  version: "+version+"\n")) {
		t.Errorf("the contract has changed since %s was released: give it another version", version)
	}
}
