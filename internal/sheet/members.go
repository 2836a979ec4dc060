package sheet

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/textfile"
)

// maxMembers is the most members that Webex accepts in one operation. A larger
// group is created with so many, and PATCHes add the others.
const maxMembers = 500

// member is an element of a group's members.
type member struct {
	Value string `json:"value"`
	Type  string `json:"type"`
}

// step adds one member to a group, or removes one.
type step struct {
	member
	who    string // the member as the cell names them
	remove bool
}

// additionMark and removalMark precede a member to add to a group or to remove
// from it.
const (
	additionMark = "ADD|"
	removalMark  = "REMOVE|"
)

// members reads a cell of members: either all wanted members, or steps.
func (b *builder) members(c *column, text string) (all []member, steps []step) {
	seen := make(map[string]bool)
	for entry := range entriesOf(text) {
		who, adds := textfile.CutFold(entry, additionMark)
		who, removes := textfile.CutFold(who, removalMark)
		if folded := strings.ToLower(entry); seen[folded] {
			continue // a repeated member counts once
		} else {
			seen[folded] = true
		}
		one := step{member{b.userReference(c, who), "user"}, who, removes || b.record.operation == removeMembers}
		if adds || removes || b.record.operation == addMembers || b.record.operation == removeMembers {
			steps = append(steps, one)
		} else {
			all = append(all, one.member)
			b.named = append(b.named, one)
		}
	}
	switch {
	case len(seen) == 0:
		b.fault(c, text, "no members", "those of the group, or an empty cell")
	case len(all) > 0 && len(steps) > 0:
		b.fault(c, text, "members with ADD| or REMOVE| beside members without",
			"ADD| or REMOVE| before each of them, or before none")
	case len(steps) > 0 && b.record.operation == create:
		b.fault(c, text, "ADD| or REMOVE| in a row that creates a group", "its members, or update in the column operation")
	case len(all) > maxMembers && b.record.operation == create && b.whole:
		b.fault(c, "", fmt.Sprintf("%d members, which takes several operations, where an existing group must stay unchanged", len(all)),
			fmt.Sprintf("at most %d with --existing skip, or --existing update", maxMembers))
	}
	return all, steps
}

// changesMembersOnly reports whether a row only adds members to a group and
// removes some. A group can have several of these rows.
func (h *header) changesMembersOnly(rec *record) bool {
	switch {
	case rec.operation == addMembers || rec.operation == removeMembers:
		return true
	case rec.operation != update || h.resources == users:
		return false
	}
	stepped := false
	for _, c := range h.columns {
		switch text := rec.text(c); {
		case text == "" || c.use != attributeColumn || c.kind == identity:
		case c.kind == references && isStep(text) && !isClearing(text):
			stepped = true
		default:
			return false
		}
	}
	return stepped
}

// isStep reports whether a cell of members begins with a step.
func isStep(text string) bool {
	_, adds := textfile.CutFold(text, additionMark)
	return adds || isRemoval(text)
}

// stepRows makes the operations that carry out steps, each with at most
// maxMembers.
func stepRows(row Row, steps []step) (rows []Row) {
	for some := range slices.Chunk(steps, maxMembers) {
		row.Operation.Data = marshal(newPatch(stepChanges(some)))
		rows = append(rows, row)
	}
	return rows
}

// stepChanges returns the parts of a PATCH for steps. A filter removes each
// member: a remove of members with a value would empty the group on many
// services (RFC 7644 section 3.5.2.2).
func stepChanges(steps []step) (changes []patchChange) {
	var added []member
	flush := func() {
		if len(added) > 0 {
			changes = append(changes, patchChange{Op: "add", Path: "members", Value: otherValue(added)})
			added = nil
		}
	}
	for _, s := range steps {
		if !s.remove {
			added = append(added, s.member)
			continue
		}
		flush()
		changes = append(changes, patchChange{Op: "remove", Path: `members[value eq ` + string(marshal(s.Value)) + `]`})
	}
	flush()
	return changes
}

// batches yields the operations of rows, in their order, and a *textfile.Error
// for each mistake. A batch is valid until the next one.
func (b *builder) batches(records iter.Seq2[*record, error]) iter.Seq2[batch, error] {
	return func(yield func(batch, error) bool) {
		var waiting batch // rows of steps, which may continue in the next row
		flush := func() bool {
			done := waiting
			waiting = batch{}
			if done.steps == nil {
				return true
			}
			done.rows = stepRows(done.rows[0], done.steps)
			return yield(done, nil)
		}
		for rec, err := range records {
			if err != nil {
				if flush() {
					yield(batch{}, err)
				}
				return
			}
			next, faults := b.build(rec)
			for _, fault := range faults {
				if !yield(batch{}, fault) {
					return
				}
			}
			switch {
			case len(faults) > 0:
				continue
			case next.steps == nil:
				if !flush() || !yield(next, nil) {
					return
				}
				continue
			case waiting.group != next.group || len(waiting.steps)+len(next.steps) > maxMembers:
				if !flush() {
					return
				}
				waiting = batch{group: next.group, rows: slices.Clone(next.rows)}
			}
			waiting.steps = append(waiting.steps, next.steps...)
			waiting.cells = append(waiting.cells, slices.Clone(rec.cells))
		}
		flush()
	}
}

// splits reports whether a cell has more than maxMembers.
func splits(text string) bool {
	n := 0
	for range entriesOf(text) {
		n++
	}
	return n > maxMembers
}

// isClearing reports whether a cell removes all values.
func isClearing(text string) bool {
	rest, ok := removal(text)
	return ok && rest == "*"
}
