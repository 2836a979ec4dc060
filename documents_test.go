package bulk_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents returns the Markdown files outside of conformance, by path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := make(map[string]string)
	for _, pattern := range []string{"*.md", "docs/*.md", "api/*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			texts[name] = string(text)
		}
	}
	return texts
}

func TestArchitectureNamesEveryPackageAndNoMissingFile(t *testing.T) {
	var named []string
	for _, match := range regexp.MustCompile("`([a-z][A-Za-z0-9_./-]*)`").FindAllStringSubmatch(documents(t)["ARCHITECTURE.md"], -1) {
		name := match[1]
		named = append(named, name)
		if path.Ext(name) != "" {
			if _, err := os.Stat(name); err != nil {
				t.Error(err)
			}
		}
	}
	for room := range rooms {
		if !slices.Contains(named, room) && !slices.Contains(named, path.Base(room)) {
			t.Errorf("ARCHITECTURE.md does not name the package %s", room)
		}
	}
}

func TestDocumentsLinkToFilesThatExist(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]+)[^)]*\)`)
	for name, text := range documents(t) {
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			if target := match[1]; !strings.Contains(target, ":") {
				if _, err := os.Stat(filepath.Join(filepath.Dir(name), target)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}

// The tests and benchmarks of the commands in documents exist.
func TestDocumentsNameTestsThatExist(t *testing.T) {
	command := regexp.MustCompile("`go test ([^`]*)`")
	pattern := regexp.MustCompile(`-(?:run|bench|fuzz) '?([^' ]+)`)
	commands := 0
	for name, text := range documents(t) {
		for _, match := range command.FindAllStringSubmatch(text, -1) {
			for _, choice := range pattern.FindAllStringSubmatch(match[1], -1) {
				for one := range strings.SplitSeq(choice[1], "|") {
					if one == "xxx" { // no test
						continue
					}
					commands++
					if !declares(t, match[1], regexp.MustCompile(one)) {
						t.Errorf("%s: no test or benchmark for %s in %s", name, one, match[0])
					}
				}
			}
		}
	}
	if commands < 20 {
		t.Errorf("only %d commands were found", commands)
	}
}

// declares reports whether a package among the words of a command has a test,
// benchmark or fuzz target that matches a pattern.
func declares(t *testing.T, words string, pattern *regexp.Regexp) bool {
	t.Helper()
	function := regexp.MustCompile(`(?m)^func ((?:Test|Benchmark|Fuzz)\w+)\(`)
	for _, word := range strings.Fields(words) {
		if !strings.HasPrefix(word, "./") {
			continue
		}
		files, err := filepath.Glob(filepath.Join(word, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range function.FindAllSubmatch(source, -1) {
				if pattern.Match(match[1]) {
					return true
				}
			}
		}
	}
	return false
}
