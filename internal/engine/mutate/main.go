// Command mutate breaks the engine on purpose, one rule at a time, and tells
// whether the scripts and the model notice.
//
//	go run ./internal/engine/mutate [-run REGEXP] [-tests REGEXP] [-jobs N]
//
// Each breakage replaces a text that the source of the engine holds exactly
// once; the files themselves are not touched. The exit status is 1 if a
// breakage was not noticed or no longer applies.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// breakage is one deliberate mistake.
type breakage struct {
	name     string
	old, new string
}

func main() {
	only := flag.String("run", "", "only the breakages whose name matches")
	tests := flag.String("tests", "Script|Learn,Model", "the tests that are to notice, one group after the other")
	jobs := flag.Int("jobs", 30_000, "random jobs of the model for each")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	root, err := moduleRoot()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	var groups [][]string
	for _, group := range strings.Split(*tests, ",") {
		groups = append(groups, []string{"-failfast", "-timeout", "5m", "-run", group, "./internal/engine", "-model.jobs", fmt.Sprint(*jobs)})
	}
	if by, err := runAll(root, groups); err != nil || by != "" {
		fmt.Fprintf(os.Stderr, "the tests fail without a breakage: %s %v\n", by, err)
		os.Exit(2)
	}
	missed := 0
	for _, b := range breakages {
		if !pattern.MatchString(b.name) {
			continue
		}
		by, err := try(root, b, groups)
		switch {
		case err != nil:
			missed++
			fmt.Printf("ERROR    %s: %v\n", b.name, err)
		case by == "":
			missed++
			fmt.Printf("MISSED   %s\n", b.name)
		default:
			fmt.Printf("caught   %s: %s\n", b.name, by)
		}
	}
	if missed > 0 {
		fmt.Printf("%d of %d were not caught\n", missed, len(breakages))
		os.Exit(1)
	}
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}

// try runs the tests with a breakage and returns the names of those that fail.
func try(root string, b breakage, groups [][]string) (by string, err error) {
	path, source, err := find(filepath.Join(root, "internal", "engine"), b.old)
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	broken := filepath.Join(dir, filepath.Base(path))
	if err := os.WriteFile(broken, bytes.Replace(source, []byte(b.old), []byte(b.new), 1), 0o600); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: broken}})
	if err != nil {
		return "", err
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-overlay", list, "./internal/engine")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("it does not compile: %s", out)
	}
	return runAll(root, groups, "-overlay", list)
}

// find returns the source file that holds a text, which is there exactly once.
func find(dir, text string) (path string, source []byte, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return "", nil, err
	}
	times := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return "", nil, err
		}
		if n := bytes.Count(content, []byte(text)); n > 0 {
			times += n
			path, source = file, content
		}
	}
	if times != 1 {
		return "", nil, fmt.Errorf("its text is there %d times, expected once", times)
	}
	return path, source, nil
}

// runAll runs groups of tests until one fails.
func runAll(root string, groups [][]string, flags ...string) (by string, err error) {
	for _, group := range groups {
		if by, err = run(root, append(slices.Clone(flags), group...)); err != nil || by != "" {
			return by, err
		}
	}
	return "", nil
}

// run runs go test and returns the names of the tests that fail.
func run(root string, goTest []string) (by string, err error) {
	test := exec.Command("go", append([]string{"test"}, goTest...)...)
	test.Dir = root
	out, err := test.CombinedOutput()
	if err == nil {
		return "", nil
	}
	var names []string
	for _, f := range regexp.MustCompile(`--- FAIL: (\S+)`).FindAllSubmatch(out, -1) {
		names = append(names, string(f[1]))
	}
	if len(names) == 0 {
		return "", fmt.Errorf("go test: %w: %s", err, out)
	}
	return strings.Join(names, ", "), nil
}
