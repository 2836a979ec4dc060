package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

func newManuals() *cobra.Command {
	return &cobra.Command{
		Use:    "manuals DIR",
		Short:  "Write man pages, one a command, to DIR",
		Hidden: true, // a step of a release
		Args:   oneArgument("the folder for them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			return writeManuals(args[0], cmd.Root())
		},
	}
}

// writeManuals writes the page of cmd and those of its commands.
func writeManuals(dir string, cmd *cobra.Command) error {
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	f, err := os.Create(filepath.Join(dir, name+".1"))
	if err != nil {
		return err
	}
	writeManual(f, name, cmd)
	if err := f.Close(); err != nil {
		return err
	}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			if err := writeManuals(dir, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeManual writes one page in the man macros of troff. Help is laid out for
// a terminal already, so lines are not filled.
func writeManual(w io.Writer, name string, cmd *cobra.Command) {
	fmt.Fprintf(w, ".TH %q 1 \"\" %q\n", strings.ToUpper(name), "webex-bulk "+buildOf().version)
	fmt.Fprintf(w, ".SH NAME\n%s \\- %s\n.SH SYNOPSIS\n%s\n", roff(name), roff(cmd.Short), roff(cmd.UseLine()))
	section := func(title, text string) {
		if text = strings.TrimRight(text, " \n"); text != "" {
			fmt.Fprintf(w, ".SH %s\n.nf\n%s\n.fi\n", title, roff(text))
		}
	}
	section("DESCRIPTION", cmd.Long)
	section("OPTIONS", flagUsages(cmd, 0))
	section("EXAMPLES", cmd.Example)
	var others []string
	if cmd.HasParent() {
		others = append(others, strings.ReplaceAll(cmd.Parent().CommandPath(), " ", "-")+"(1)")
	}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			others = append(others, name+"-"+c.Name()+"(1)")
		}
	}
	section("SEE ALSO", strings.Join(others, "\n"))
}

// roff escapes the characters that troff would interpret.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
