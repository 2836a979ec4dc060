package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/api"
)

func newSpec(std stdio) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "spec",
		Short: "Print the contract, an OpenAPI document",
		Long: `Prints the contract that this version was built with, in one of four forms:

  yaml        the contract as it is written
  json        the same as JSON
  compat      for code generators that cannot read oneOf, not or a default
              response; it allows more than the contract, so do not check
              messages with it
  jsonschema  the schemas of the messages, for validators and quicktype`,
		Example: `  webex-bulk spec > openapi.yaml
  webex-bulk spec --format compat > openapi.compat.yaml`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			content, ok := specForms[format]
			if !ok {
				return fmt.Errorf("--format %q: expected yaml, json, compat or jsonschema", format)
			}
			_, err := std.out.Write(content)
			return err
		},
	}
	cmd.Flags().StringVar(&format, "format", "yaml", "yaml, json, compat or jsonschema")
	completeFlag(cmd, "format", slices.Sorted(maps.Keys(specForms))...)
	return cmd
}

// specForms are the forms of the contract by the value of --format.
var specForms = map[string][]byte{
	"yaml": api.OpenAPI, "json": api.JSON, "compat": api.Compat, "jsonschema": api.JSONSchema,
}
