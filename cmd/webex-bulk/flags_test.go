package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/webexscim/bulk/internal/terminal"
)

// documented returns the commands of the program that help lists, by name.
func documented() map[string]*cobra.Command {
	std := stdio{out: terminal.NewWriter(io.Discard), err: terminal.NewWriter(io.Discard)}
	commands := make(map[string]*cobra.Command)
	for _, c := range newRoot(std).Commands() {
		if c.IsAvailableCommand() && c.Name() != "completion" {
			commands[c.Name()] = c
		}
	}
	return commands
}

// defaultInWords finds the default that a usage text states. It stands for the
// zero value of the flag.
var defaultInWords = regexp.MustCompile(`default:? ([^;)]+)`)

// row returns the line of a flag in docs/flags.md.
func row(f *pflag.Flag) string {
	value, usage := pflag.UnquoteUsage(f)
	words := f.DefValue
	if stated := defaultInWords.FindStringSubmatch(usage); stated != nil {
		words = strings.ReplaceAll(stated[1], "\n", " ")
	} else if words == "false" || words == "[]" {
		words = ""
	}
	name := strings.TrimSpace("--" + f.Name + " " + value)
	return strings.TrimSpace(fmt.Sprintf("%-32s%s", name, words))
}

// docs/flags.md lists the flags of each command with their defaults. It is
// written by hand, so that no flag is lost unnoticed.
func TestDocumentedFlagsAreThoseOfTheCommands(t *testing.T) {
	raw, err := os.ReadFile("../../docs/flags.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := make(map[string][]string) // the lines of each command
	command := ""
	for line := range strings.Lines(string(raw)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "## "); ok {
			command = name
			listed[command] = nil
		} else if strings.HasPrefix(line, "    --") {
			listed[command] = append(listed[command], strings.TrimSpace(line))
		}
	}
	commands := documented()
	for name, cmd := range commands {
		lines, ok := listed[name]
		var flags []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden && f.Name != "help" {
				flags = append(flags, row(f))
			}
		})
		if !ok && len(flags) > 0 {
			t.Errorf("docs/flags.md has no command %s", name)
		}
		for _, have := range flags {
			if !slices.Contains(lines, have) {
				t.Errorf("docs/flags.md, %s: no line %s", name, have)
			}
		}
		for _, want := range lines {
			if !slices.Contains(flags, want) {
				t.Errorf("docs/flags.md, %s: the command has no flag for the line %s", name, want)
			}
		}
	}
	for name := range listed {
		if commands[name] == nil {
			t.Errorf("docs/flags.md: the program has no command %s", name)
		}
	}
}

// The commands in documents and in help texts have the flags that are given to
// them there.
func TestDocumentsGiveCommandsTheirFlags(t *testing.T) {
	texts := make(map[string]string)
	for _, pattern := range []string{"../../*.md", "../../docs/*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			texts[name] = string(raw)
		}
	}
	commands := documented()
	for name, cmd := range commands {
		texts["help of "+name] = cmd.Long + "\n" + cmd.Example
	}
	all := make(map[string]bool)
	for _, cmd := range commands {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { all[f.Name] = true })
	}
	checked := 0
	for name, text := range texts {
		for _, flag := range named.FindAllStringSubmatch(text, -1) {
			if !all[flag[1]] {
				t.Errorf("%s: no command has a flag --%s", name, flag[1])
			}
		}
		for _, call := range calls.FindAllStringSubmatch(text, -1) {
			cmd := commands[call[1]]
			for _, flag := range given.FindAllStringSubmatch(call[2], -1) {
				checked++
				if flag[1] != "help" && (cmd == nil || cmd.Flags().Lookup(flag[1]) == nil) {
					t.Errorf("%s: webex-bulk %s has no flag --%s", name, call[1], flag[1])
				}
			}
		}
	}
	if checked < 50 {
		t.Errorf("found only %d flags", checked)
	}
}

// calls finds a command with its arguments, given the flags in them, and named
// a flag that a text explains.
var (
	calls = regexp.MustCompile("webex-bulk ([a-z]+)((?: [^ `;|#&\n]+)*)")
	named = regexp.MustCompile("`--([a-z-]+)")
	given = regexp.MustCompile(`\B--([a-z][a-z-]+)`)
)
