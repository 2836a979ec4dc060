package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/foundids"
	"github.com/webexscim/bulk/internal/input"
	"github.com/webexscim/bulk/internal/opfile"
	"github.com/webexscim/bulk/internal/textfile"
)

// inputFlags are FILE and the flags that describe its form.
type inputFlags struct {
	file, format, encoding string
	ignored                []string // columns
	all                    bool     // every mistake is reported, not the first of a kind
	clears                 bool     // rows give the wanted state: REMOVE|* also clears attributes in creates
	whole                  bool     // a row that creates is one operation, since existing resources stay unchanged
}

// addTo adds the flags to a command.
func (i *inputFlags) addTo(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&i.format, "format", "",
		"format of FILE: ndjson, json, csv or tsv (default: by its ending or first characters)")
	f.StringVar(&i.encoding, "encoding", "",
		"encoding of FILE where it has no byte order mark, such as windows-1252 (default: utf-8)")
	f.StringArrayVar(&i.ignored, "ignore-column", nil, "ignore the column with the header `NAME`; may be repeated")
	var formats []string
	for _, f := range opfile.Formats {
		formats = append(formats, string(f))
	}
	completeFlag(cmd, "format", formats...)
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"csv", "tsv", "ndjson", "jsonl", "json"}, cobra.ShellCompDirectiveFilterFileExt
	}
}

// open reads the input and finds all mistakes in it. It calls tell with each
// note about the input: if quiet, only with warnings; if there are mistakes,
// only with doubts, which can be corrected together with the mistakes.
func (i *inputFlags) open(
	ctx context.Context, stdin io.Reader, quiet bool, tell func(note string),
) (*input.File, error) {
	format := strings.ToLower(i.format)
	if format == "jsonl" {
		format = string(opfile.NDJSON)
	}
	o := input.Options{AllErrors: i.all, Options: opfile.Options{
		Format: opfile.Format(format), IgnoreColumns: i.ignored, Clear: i.clears, Whole: i.whole,
	}}
	if i.encoding != "" {
		var err error
		if o.Encoding, err = textfile.EncodingNamed(i.encoding); err != nil {
			return nil, fmt.Errorf("--encoding: %w", err)
		}
	}
	in, err := input.Open(ctx, i.file, stdin, o)
	var notes []string
	switch {
	case err == nil && quiet:
		notes = in.Warnings()
	case err == nil:
		notes = in.Notes()
	case in != nil && !quiet:
		notes = in.Doubts()
	}
	for _, note := range notes {
		tell(note)
	}
	return in, err
}

// lookUpNames finds the ids of the users and groups that the input names and
// does not create. If the organization lacks one of them, that is an error.
func lookUpNames(ctx context.Context, c *client.Client, in *input.File, ids *foundids.Set) error {
	if err := ids.LookUp(ctx, c, in.Lookups()); err != nil {
		return err
	}
	return in.ResolveNames(ids.ID)
}
