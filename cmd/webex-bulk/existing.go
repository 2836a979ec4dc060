package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
)

// existingFlag is the value of --existing: what happens to a create whose
// resource exists already.
type existingFlag client.Existing

// existingNames are the names of the values.
var existingNames = []string{
	client.ExistingFail: "fail", client.ExistingSkip: "skip", client.ExistingUpdate: "update",
}

func (f *existingFlag) String() string { return existingNames[*f] }

func (f *existingFlag) Set(text string) error {
	i := slices.Index(existingNames, strings.ToLower(text))
	if i < 0 {
		return errors.New("expected fail, skip or update")
	}
	*f = existingFlag(i)
	return nil
}

func (*existingFlag) Type() string { return strings.Join(existingNames, "|") }

func addExisting(cmd *cobra.Command, value *client.Existing) {
	cmd.Flags().Var((*existingFlag)(value), "existing",
		"result of a row that creates a user or group that exists already: fail,\n"+
			"leave the resource unchanged, or update the attributes that differ")
	completeFlag(cmd, "existing", existingNames...)
}
