package gen_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Law: importing gen pulls in the standard library, our own package wire,
// and what the generated client itself needs, but no OpenAPI library.
func TestDependencies(t *testing.T) {
	allowed := []string{
		"github.com/webexscim/bulk/gen",
		"github.com/webexscim/bulk/wire",
		"github.com/oapi-codegen/runtime",
		"github.com/oapi-codegen/runtime/internal/jsoncodec",
		"github.com/oapi-codegen/runtime/types",
		"github.com/google/uuid",
		"github.com/apapsch/go-jsonmerge/v2",
	}
	format := "{{if not .Standard}}{{.ImportPath}}{{end}}"
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", format, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	found := strings.Fields(string(out))
	if !slices.Contains(found, "github.com/webexscim/bulk/gen") {
		t.Fatalf("go list names %v, not gen itself", found)
	}
	for _, path := range found {
		if !slices.Contains(allowed, path) {
			t.Errorf("gen depends on %s", path)
		}
	}
}
