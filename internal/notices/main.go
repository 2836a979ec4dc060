// Command notices writes THIRD_PARTY_NOTICES.md: the license of each module
// that is compiled into webex-bulk, as the licenses of most of them require.
//
//	go run ./internal/notices > THIRD_PARTY_NOTICES.md
//
// It reads the licenses from the module cache of this machine.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const program = "./cmd/webex-bulk"

// systems lists the systems that releases are built for. Their programs contain
// different modules.
var systems = []string{"linux", "darwin", "windows"}

func main() {
	log.SetFlags(0)
	if err := write(os.Stdout); err != nil {
		log.Fatal("notices: ", err)
	}
}

func write(w io.Writer) error {
	modules, err := compiledIn()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString("# Third-party notices\n\nThe program webex-bulk contains these modules, under their own licenses.\nThis file is written by `go run ./internal/notices`.\n")
	for _, m := range modules {
		texts, err := licenses(m.dir)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		fmt.Fprintf(&b, "\n## %s\n", m.name)
		for _, text := range texts {
			fmt.Fprintf(&b, "\n```\n%s\n```\n", strings.TrimSpace(text))
		}
	}
	_, err = w.Write(b.Bytes())
	return err
}

// module is a module that is compiled into the program. Its version is in
// go.mod.
type module struct{ name, dir string }

// compiledIn returns the modules in the programs of all systems, and Go.
func compiledIn() ([]module, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	all := []module{{"Go", strings.TrimSpace(string(root))}}
	for _, system := range systems {
		cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}", program)
		cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		for line := range strings.Lines(string(out)) {
			if name, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
				all = append(all, module{name, dir})
			}
		}
	}
	slices.SortFunc(all, func(a, b module) int { return strings.Compare(a.name, b.name) })
	return slices.Compact(all), nil
}

// licenses returns the texts of the license files in dir.
func licenses(dir string) (texts []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		if e.IsDir() || strings.HasSuffix(name, ".GO") {
			continue
		}
		if strings.HasPrefix(name, "LICENSE") || strings.HasPrefix(name, "COPYING") || strings.HasPrefix(name, "NOTICE") {
			text, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				return nil, err
			}
			texts = append(texts, string(bytes.ToValidUTF8(text, nil)))
		}
	}
	if len(texts) == 0 {
		return nil, errors.New("there is no license file")
	}
	return texts, nil
}
