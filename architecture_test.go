package bulk_test

import (
	"os"
	"path"
	"regexp"
	"slices"
	"testing"
)

// ARCHITECTURE.md names every package, and only files that exist.
func TestArchitectureNamesPackagesAndFiles(t *testing.T) {
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, match := range regexp.MustCompile("`([a-z][A-Za-z0-9_./-]*)`").FindAllSubmatch(text, -1) {
		name := string(match[1])
		named = append(named, name)
		if path.Ext(name) != "" {
			if _, err := os.Stat(name); err != nil {
				t.Errorf("ARCHITECTURE.md names a file that does not exist: %v", err)
			}
		}
	}
	for room := range rooms {
		if !slices.Contains(named, room) && !slices.Contains(named, path.Base(room)) {
			t.Errorf("ARCHITECTURE.md does not name the package %s", room)
		}
	}
}
