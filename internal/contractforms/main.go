// Command contractforms writes the derived forms of the contract beside it:
// openapi.json, openapi.compat.yaml and schemas.json.
//
//	go run ./internal/contractforms api
//
// go generate runs it. The contract itself, openapi.yaml, and
// compat.overlay.yaml are written by hand.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: contractforms FOLDER")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "contractforms:", err)
		os.Exit(1)
	}
}

func write(folder string) error {
	forms, err := derive(folder)
	if err != nil {
		return err
	}
	for name, content := range forms {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// derive returns the derived forms of the contract in the folder, by file name.
func derive(folder string) (map[string][]byte, error) {
	contract, err := os.ReadFile(filepath.Join(folder, "openapi.yaml"))
	if err != nil {
		return nil, err
	}
	var root yaml.Node
	if err := yaml.Unmarshal(contract, &root); err != nil {
		return nil, err
	}
	whole, err := encodeJSON(root.Content[0])
	if err != nil {
		return nil, err
	}
	schemas, err := jsonSchema(root.Content[0])
	if err != nil {
		return nil, err
	}
	compat, err := applyOverlay(&root, filepath.Join(folder, "compat.overlay.yaml"))
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"openapi.json": whole, "schemas.json": schemas, "openapi.compat.yaml": compat}, nil
}

// applyOverlay applies an overlay to the contract, in place. Each action must
// have a target.
func applyOverlay(root *yaml.Node, path string) ([]byte, error) {
	o, err := overlay.Parse(path)
	if err != nil {
		return nil, err
	}
	if warnings, err := o.ApplyToStrict(root); err != nil || len(warnings) > 0 {
		return nil, fmt.Errorf("%s: %w %q", path, err, warnings)
	}
	var out bytes.Buffer
	out.WriteString("# Derived from openapi.yaml by go generate. Do not edit.\n")
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(root); err != nil {
		return nil, err
	}
	return out.Bytes(), encoder.Close()
}
