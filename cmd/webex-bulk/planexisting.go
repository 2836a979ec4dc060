package main

import (
	"context"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/difference"
	"github.com/webexscim/bulk/internal/input"
	"github.com/webexscim/bulk/internal/terminal"
)

// compareExisting returns the creates of the input whose resource exists
// already or that would fail, by index.
func compareExisting(ctx context.Context, c *client.Client, in *input.File) (map[int]client.Comparison, error) {
	existing := map[int]client.Comparison{}
	for found, err := range c.Compare(ctx, &client.Job{Source: in.Operations(nil)}) {
		if err != nil {
			return nil, err
		}
		if found.Exists || found.Err != nil {
			existing[found.Index] = found
		}
	}
	return existing, nil
}

// plannedExisting describes, for plan --online, a create whose resource exists
// already.
type plannedExisting struct {
	ID          string                       `json:"id,omitempty"`
	Outcome     string                       `json:"outcome"` // fails, skipped, unchanged, updated
	Error       string                       `json:"error,omitempty"`
	Differences []client.AttributeDifference `json:"changes,omitempty"`
}

func describeExisting(c client.Comparison, how client.Existing, in *input.File) *plannedExisting {
	out := &plannedExisting{ID: c.Location.ID}
	switch {
	case c.Err != nil:
		out.Outcome, out.Error = "fails", c.Err.Error()
	case how == client.ExistingFail:
		out.Outcome, out.Error = "fails", "the "+kindIn(c.Operation.Path)+" exists already"
	case how == client.ExistingSkip:
		out.Outcome = "skipped"
	case len(c.Differences) == 0:
		out.Outcome = "unchanged"
	default:
		out.Outcome = "updated"
		for _, d := range c.Differences {
			d.Path = in.ReplacePlaceholders(d.Path)
			out.Differences = append(out.Differences, d)
		}
	}
	return out
}

// existingLine describes a create whose resource exists already to a person.
func existingLine(op plannedOperation, people map[string]string) terminal.Text {
	existing := op.Existing
	nameOf := func(id string) (string, bool) { name, ok := people[id]; return name, ok }
	text := terminal.Sprintf("line %d\t%s", op.Line, op.subject())
	switch {
	case existing.Error != "":
		text += terminal.Sprintf("\t%s", existing.Error)
		if existing.ID != "" {
			text += terminal.Sprintf(" (id %s)", existing.ID)
		}
	case len(existing.Differences) == 0:
		text += terminal.Sprintf("\tid %s", existing.ID)
	}
	for i, d := range existing.Differences {
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
