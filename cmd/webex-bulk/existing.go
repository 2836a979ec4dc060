package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/input"
	"github.com/webexscim/bulk/internal/terminal"
)

// existingNames are the words for what a create comes to whose resource is there.
var existingNames = [...]string{client.ExistingFail: "fail", client.ExistingSkip: "skip", client.ExistingUpdate: "update"}

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
	cmd.Flags().Var(existingFlag{value}, "existing", "result of a row that creates a user or group that exists already: fail,\nleave the resource unchanged, or update the attributes that differ")
	choices := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return existingNames[:], cobra.ShellCompDirectiveNoFileComp
	}
	_ = cmd.RegisterFlagCompletionFunc("existing", choices) // fails only without such a flag
}

// compareExisting finds out, by index, which creates of the input are there already.
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

// plannedExisting is what plan --online tells of a create whose resource is there.
type plannedExisting struct {
	ID      string              `json:"id,omitempty"`
	Outcome string              `json:"outcome"` // fails, skipped, unchanged, updated
	Error   string              `json:"error,omitempty"`
	Changes []plannedDifference `json:"changes,omitempty"`
}

// plannedDifference is an attribute that would be changed.
type plannedDifference struct {
	Path string          `json:"path"`
	Old  json.RawMessage `json:"old,omitempty"`
	New  json.RawMessage `json:"new,omitempty"`
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
			out.Changes = append(out.Changes, plannedDifference{in.ReplacePlaceholders(d.Path), d.Old, d.New})
		}
	}
	return out
}

// existingLine is what a person reads of a create whose resource is there.
func existingLine(op plannedOperation, people map[string]string) terminal.Text {
	there := op.Existing
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
			text += terminal.Sprintf("\tadds to %s: %s", shortPath(d.Path), shownValue(d.New, people))
			continue
		}
		text += terminal.Sprintf("\t%s: %s → %s", shortPath(d.Path), shownValue(d.Old, people), shownValue(d.New, people))
	}
	return text
}

// maxShownValue bounds what is shown of a value.
const maxShownValue = 80

// shownValue is a value as a person reads it, with names in the place of the ids
// of people.
func shownValue(value json.RawMessage, people map[string]string) string {
	var text string
	var list []json.RawMessage
	var object map[string]json.RawMessage
	switch {
	case value == nil:
		return "nothing"
	case json.Unmarshal(value, &text) == nil:
		return clipped(cmp.Or(people[text], text))
	case json.Unmarshal(value, &list) == nil && len(list) > 0:
		var parts []string
		for _, e := range list {
			parts = append(parts, shownValue(e, people))
		}
		if len(parts) > 3 {
			parts = append(parts[:3], fmt.Sprintf("and %d more", len(list)-3))
		}
		return strings.Join(parts, ", ")
	case json.Unmarshal(value, &object) == nil && object["value"] != nil:
		return shownValue(object["value"], people)
	}
	return clipped(string(value))
}

func clipped(text string) string {
	if runes := []rune(text); len(runes) > maxShownValue {
		return string(runes[:maxShownValue]) + "…"
	}
	return text
}
