package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
)

// existingNames are the values of --existing: what happens to a create whose
// resource exists already.
var existingNames = [...]string{
	client.ExistingFail: "fail", client.ExistingSkip: "skip", client.ExistingUpdate: "update",
}

// existingFlag is the value of --existing.
type existingFlag struct{ value *client.Existing }

func (f existingFlag) String() string {
	if f.value == nil {
		return existingNames[0]
	}
	return existingNames[*f.value]
}

func (f existingFlag) Set(text string) error {
	for i, name := range existingNames {
		if strings.EqualFold(text, name) {
			*f.value = client.Existing(i)
			return nil
		}
	}
	return fmt.Errorf("expected fail, skip or update")
}

func (existingFlag) Type() string { return "fail|skip|update" }

func addExisting(cmd *cobra.Command, value *client.Existing) {
	cmd.Flags().Var(existingFlag{value}, "existing", "result of a row that creates a user or group that exists already: fail,\n"+
		"leave the resource unchanged, or update the attributes that differ")
	choices := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return existingNames[:], cobra.ShellCompDirectiveNoFileComp
	}
	_ = cmd.RegisterFlagCompletionFunc("existing", choices) // fails only without such a flag
}
