package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestFormsAreCurrent(t *testing.T) {
	forms, err := derive("../../api")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range forms {
		got, err := os.ReadFile(filepath.Join("../../api", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("api/%s differs from what go generate writes", name)
		}
	}
	if len(forms) != 3 {
		t.Errorf("%d forms, want 3", len(forms))
	}
}

// An overlay whose target is not in the contract is an error, because the
// overlay would have no effect.
func TestOverlayMustFindItsTargets(t *testing.T) {
	contract, err := os.ReadFile("../../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	overlay := "overlay: 1.0.0\ninfo: {title: t, version: 1.0.0}\nactions:\n  - target: $.components.schemas.Gone\n    remove: true\n"
	for name, content := range map[string][]byte{"openapi.yaml": contract, "compat.overlay.yaml": []byte(overlay)} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(folder); err == nil {
		t.Error("a target that is gone is no error")
	}
}
