package main

import (
	"bytes"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/webexscim/bulk/webextest"
)

var update = flag.Bool("update", false, "write what commands print into docs/administrators.md")

// TestGuideIsATranscript holds that docs/administrators.md is a transcript: its files are
// written, its commands run, and they print what it says, apart from times and
// addresses. With -update it becomes one.
func TestGuideIsATranscript(t *testing.T) {
	const path = "../../docs/administrators.md"
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sim := webextest.New(webextest.Config{Seed: 1})
	server := httptest.NewServer(sim)
	defer server.Close()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	shell := &shell{t: t, url: server.URL}
	is := blocks.ReplaceAllStringFunc(string(raw), func(block string) string {
		m := blocks.FindStringSubmatch(block)
		if file, ok := strings.CutPrefix(m[1], "csv "); ok {
			shell.write(file, m[2])
			return block
		}
		if m[1] == "console" {
			return "```console\n" + shell.runAll(m[2]) + "```"
		}
		return block
	})
	if shell.commands < 8 {
		t.Errorf("%d commands in the guide", shell.commands)
	}
	if err := sim.Check(); err != nil {
		t.Error(err)
	}
	if *update {
		t.Chdir(dir)
		if err := os.WriteFile(path, []byte(is), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, want := steady(is), steady(string(raw)); got != want {
		t.Errorf("the guide is out of date (go test -run TestGuideIsATranscript -update):\n%s", firstDifference(got, want))
	}
}

// blocks are the fenced parts of the guide: their kind and their text.
var blocks = regexp.MustCompile("(?ms)^```(\\w+(?: \\S+)?)\n(.*?)^```")

// shell runs the lines that begin with a dollar sign.
type shell struct {
	t        *testing.T
	url      string
	code     int
	commands int
}

func (s *shell) write(file, text string) {
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// runAll returns the commands of a block, each with what it prints.
func (s *shell) runAll(block string) string {
	var out strings.Builder
	for line := range strings.Lines(block) {
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok {
			continue
		}
		s.commands++
		out.WriteString(line)
		out.WriteString(s.run(strings.Fields(command)))
	}
	return out.String()
}

func (s *shell) run(words []string) string {
	var printed bytes.Buffer
	switch words[0] {
	case "export":
		for _, pair := range words[1:] {
			name, value, _ := strings.Cut(pair, "=")
			if name == "WEBEX_BASE_URL" {
				value = s.url
			}
			s.t.Setenv(name, value)
		}
	case "echo":
		fmt.Fprintln(&printed, s.code)
	case "webex-bulk":
		s.code = run(words[1:], strings.NewReader(""), &printed, &printed)
	default:
		s.t.Fatalf("the guide has a command that nobody knows: %q", words)
	}
	return strings.ReplaceAll(printed.String(), s.url, "http://127.0.0.1:8080")
}

// steady leaves out what differs from run to run.
func steady(text string) string {
	for _, vary := range []string{
		`\d+(\.\d+)?(ms|µs|s)\b`, `[\d.]+ operations a (second|minute)`, `\d+ bytes`, `begun \d{4}-\d\d-\d\d \d\d:\d\d`, `(?m) +$`, ` {2,}`,
	} {
		text = regexp.MustCompile(vary).ReplaceAllString(text, "~")
	}
	return text
}

// firstDifference is the first line in which two texts differ.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d\n got %s\nwant %s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}
