package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The version in kit.json is the version that the folder pins, and that
// api/README.md names.
func TestVersionsArePinnedAndDocumented(t *testing.T) {
	languages, err := load("..", nil)
	if err != nil {
		t.Fatal(err)
	}
	told, err := os.ReadFile("../../api/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range languages {
		var pins []byte
		for _, name := range []string{"build", "package.json", "go.mod", "pom.xml", "Cargo.toml"} {
			text, err := os.ReadFile(filepath.Join(l.dir, name))
			if err == nil {
				pins = append(pins, text...)
			}
		}
		for version := range strings.SplitSeq(l.Version, ", ") {
			if !bytes.Contains(pins, []byte(version)) {
				t.Errorf("%s: no file pins %s %s", l.name, l.Generator, version)
			}
			if l.name != "wxc-sdk" && !bytes.Contains(told, []byte(version)) {
				t.Errorf("%s: api/README.md does not tell of %s %s", l.name, l.Generator, version)
			}
		}
	}
}
