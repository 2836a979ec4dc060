package main

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/difference"
	"github.com/webexscim/bulk/internal/input"
	"github.com/webexscim/bulk/internal/terminal"
)

// existingNames are the words for what a create comes to whose resource is
// there.
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

// compareExisting finds out, by index, which creates of the input are there
// already.
func compareExisting(ctx context.Context, c *client.Client, in *input.File) (map[int]client.Comparison, error) {
	var source iter.Seq2[client.Operation, error] = func(yield func(client.Operation, error) bool) {
		for row, err := range in.Rows() {
			if !yield(row.Operation, err) || err != nil {
				return
			}
		}
	}
	there := map[int]client.Comparison{}
	for found, err := range c.Compare(ctx, &client.Job{Source: source}) {
		if err != nil {
			return nil, err
		}
		if found.Exists || found.Err != nil {
			there[found.Index] = found
		}
	}
	return there, nil
}

// plannedExisting is what plan --online tells of a create whose resource is
// there.
type plannedExisting struct {
	ID      string              `json:"id,omitempty"`
	Outcome string              `json:"outcome"` // fails, skipped, unchanged, updated
	Error   string              `json:"error,omitempty"`
	Changes []difference.Change `json:"changes,omitempty"`
}

func describeExisting(c client.Comparison, how client.Existing, in *input.File) *plannedExisting {
	out := &plannedExisting{ID: c.Location.ID}
	switch {
	case c.Err != nil:
		out.Outcome, out.Error = "fails", c.Err.Error()
	case how == client.ExistingFail:
		out.Outcome, out.Error = "fails", "it is there already"
	case how == client.ExistingSkip:
		out.Outcome = "skipped"
	case len(c.Differences) == 0:
		out.Outcome = "unchanged"
	default:
		out.Outcome = "updated"
		for _, d := range c.Differences {
			out.Changes = append(out.Changes, difference.Change{Path: in.ReplacePlaceholders(d.Path), Old: d.Old, New: d.New})
		}
	}
	return out
}

// existingLine is what a person reads of a create whose resource is there.
func existingLine(op plannedOperation, people map[string]string) terminal.Text {
	there := op.Existing
	nameOf := func(id string) (string, bool) { name, ok := people[id]; return name, ok }
	text := terminal.Sprintf("line %d\t%s", op.Line, op.subject())
	switch {
	case there.Error != "":
		text += terminal.Sprintf("\t%s", there.Error)
		if there.ID != "" {
			text += terminal.Sprintf(" (id %s)", there.ID)
		}
	case len(there.Changes) == 0:
		text += terminal.Sprintf("\tid %s", there.ID)
	}
	for i, d := range there.Changes {
		if i > 0 {
			text += "\n  \t"
		}
		if d.Old == nil && strings.HasPrefix(string(d.New), "[") {
			text += terminal.Sprintf("\tadds to %s: %s", difference.ShortPath(d.Path), difference.Value(d.New, nameOf))
			continue
		}
		text += terminal.Sprintf("\t%s", difference.Describe(d, nameOf))
	}
	return text
}
