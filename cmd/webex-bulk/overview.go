package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/input"
	"github.com/webexscim/bulk/internal/terminal"
)

// overview prints a plan as text: the operations by kind, then the requests.
type overview struct {
	w      *terminal.Writer
	all    bool
	people map[string]string // by id
	online bool              // requests are not shown: those of --existing depend on what is there

	kinds    [3]sample // in the order of verbs
	requests sample
	refused  sample
	there    [4]sample // creates of existing resources, in the order of thereKinds
}

// thereKinds are the results of creates whose resource exists already, in the
// order in which they are shown.
var thereKinds = [4]struct{ outcome, one, many string }{
	{"updated", "is there and changes", "are there and change"},
	{"unchanged", "is there, unchanged", "are there, unchanged"},
	{"skipped", "is there and stays as it is", "are there and stay as they are"},
	{"fails", "fails", "fail"},
}

// sample is a list in order, of which only the first entries may be shown.
type sample struct {
	count int
	lines []sampled
}

type sampled struct {
	order int
	text  terminal.Text
}

func (s *sample) add(all bool, order int, line func() terminal.Text) {
	if s.count++; all || s.count <= maxListed {
		s.lines = append(s.lines, sampled{order, line()})
	}
}

// verbs are the kinds of operations, in the order in which they are shown.
var verbs = [3]struct{ method, one, many, note string }{
	{client.MethodPost, "create", "creates", ""},
	{client.MethodPatch, "update", "updates", ""},
	{client.MethodDelete, "delete", "deletes", ", for good"},
}

func (o *overview) add(r plannedRequest) error {
	for _, l := range r.Refused {
		o.refused.add(o.all, l.Line, func() terminal.Text {
			return terminal.Sprintf("line %d\t%s %s\t%s", l.Line, l.Method, l.Path, l.Error.Message)
		})
	}
	if len(r.Operations) == 0 {
		return nil
	}
	counts, waits := map[string]int{}, 0
	for _, op := range r.Operations {
		if op.Existing != nil {
			o.addThere(op)
			continue
		}
		counts[op.Method]++
		waits += len(op.Waits)
		for i, v := range verbs {
			if v.method == op.Method {
				o.kinds[i].add(o.all, op.Line, func() terminal.Text { return line(op) })
			}
		}
	}
	if len(counts) == 0 {
		return nil
	}
	o.requests.add(o.all, r.Request, func() terminal.Text {
		return terminal.Sprintf("request %d\t%s\t%d bytes%s", r.Request, tellCounts(counts), r.Bytes, after(r.After, waits))
	})
	return nil
}

// line names the resource of an operation and the attributes that it writes.
func line(op plannedOperation) terminal.Text {
	who := op.subject()
	attributes := op.touches()
	if len(attributes) == 0 {
		return terminal.Sprintf("line %d\t%s", op.Line, who)
	}
	return terminal.Sprintf("line %d\t%s\t%s", op.Line, who, strings.Join(attributes, ", "))
}

// tellCounts is like "3 creates, 1 delete".
func tellCounts(counts map[string]int) string {
	var parts []string
	for _, v := range verbs {
		switch n := counts[v.method]; n {
		case 0:
		case 1:
			parts = append(parts, "1 "+v.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", n, v.many))
		}
	}
	return strings.Join(parts, ", ")
}

func after(requests []int, waits int) string {
	if len(requests) == 0 {
		return ""
	}
	var numbers []string
	for _, n := range requests {
		if len(numbers) == 5 {
			numbers = append(numbers, "…")
			break
		}
		numbers = append(numbers, fmt.Sprint(n))
	}
	return fmt.Sprintf(", after %s for %d ids", strings.Join(numbers, ", "), waits)
}

func (o *overview) addThere(op plannedOperation) {
	for i, k := range thereKinds {
		if k.outcome == op.Existing.Outcome {
			o.there[i].add(o.all, op.Line, func() terminal.Text { return existingLine(op, o.people) })
		}
	}
}

// tellThere is like "2 are there and change, 300 are there, unchanged".
func (o *overview) tellThere() string {
	var parts []string
	for i, k := range thereKinds {
		switch n := o.there[i].count; n {
		case 0:
		case 1:
			parts = append(parts, "1 "+k.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", n, k.many))
		}
	}
	return strings.Join(parts, "; ")
}

// endOnline prints the totals of --online.
func (o *overview) endOnline(in *input.File) error {
	counts := map[string]int{}
	for i, v := range verbs {
		counts[v.method] = o.kinds[i].count
	}
	total := tellCounts(counts)
	if there := o.tellThere(); there != "" && total != "" {
		total += "; " + there
	} else if there != "" {
		total = there
	}
	return o.w.Printf("%s: %s, %d refused\n", plural(in.Len(), "operation"), cmp.Or(total, "nothing"), o.refused.count)
}

func (o *overview) end(in *input.File) error {
	if err := o.w.PrintTable(o.table); err != nil {
		return err
	}
	if o.online {
		return o.endOnline(in)
	}
	total := tellCounts(in.Counts)
	if total == "" {
		total = "nothing"
	}
	return o.w.Printf("%s (%s): %s, %d refused\n",
		plural(in.Len(), "operation"), total, plural(o.requests.count, "request"), o.refused.count)
}

func (o *overview) table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, v := range verbs {
		o.kinds[i].write(t, tellCounts(map[string]int{v.method: o.kinds[i].count})+v.note)
	}
	for i := range o.there {
		heading := thereKinds[i].many
		if o.there[i].count == 1 {
			heading = thereKinds[i].one
		}
		o.there[i].write(t, fmt.Sprintf("%d %s", o.there[i].count, heading))
	}
	if !o.online {
		o.requests.write(t, "requests")
	}
	o.refused.write(t, "refused before sending")
	return t.Flush()
}

func (s *sample) write(w io.Writer, heading string) {
	if s.count == 0 {
		return
	}
	fmt.Fprintln(w, heading)
	slices.SortStableFunc(s.lines, func(a, b sampled) int { return cmp.Compare(a.order, b.order) })
	for _, l := range s.lines {
		fmt.Fprintln(w, "  "+string(l.text))
	}
	if more := s.count - len(s.lines); more > 0 {
		fmt.Fprintf(w, "  and %d more (--all lists them)\n", more)
	}
	fmt.Fprintln(w)
}

// touches names the attributes that an operation writes, never their values:
// those of a create, or the steps of a PATCH.
func touches(op client.Operation, in *input.File) []string {
	data, _ := op.Data.(json.RawMessage)
	if op.Method != client.MethodPatch {
		return attributes(data)
	}
	var patch struct {
		Operations []struct {
			Op, Path string
			Value    json.RawMessage
		}
	}
	if json.Unmarshal(data, &patch) != nil {
		return nil
	}
	var out []string
	for _, step := range patch.Operations {
		op := strings.ToLower(step.Op)
		switch n := count(step.Value); {
		case op == "replace" && step.Path == "members" && n > 0:
			out = append(out, becomeThese(n))
			continue
		case step.Path != "":
			out = append(out, op+" "+in.ReplacePlaceholders(shortPath(step.Path))+size(step.Value))
			continue
		}
		for _, name := range attributes(step.Value) {
			out = append(out, op+" "+name)
		}
	}
	return out
}

// becomeThese says that an update replaces all members of a group.
func becomeThese(n int) string {
	if n == 1 {
		return "members become this one"
	}
	return fmt.Sprintf("members become these %d", n)
}

// attributes names the attributes of a resource; the attributes of an extension
// are listed without its name.
func attributes(data json.RawMessage) []string {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return nil
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		switch {
		case strings.EqualFold(name, "schemas"):
		case strings.HasPrefix(strings.ToLower(name), "urn:"):
			out = append(out, attributes(members[name])...)
		default:
			out = append(out, name+size(members[name]))
		}
	}
	return out
}

// comparison matches a value in the filter of a path.
var comparison = regexp.MustCompile(`(?i)\b(value|display) eq "(?:[^"\\]|\\.)*"`)

// shortPath leaves out the schema of an attribute's path, and values.
func shortPath(path string) string {
	if !strings.HasPrefix(path, "members[") {
		path = comparison.ReplaceAllString(path, `$1 eq "…"`)
	}
	if !strings.HasPrefix(strings.ToLower(path), "urn:") {
		return path
	}
	filter := strings.IndexAny(path, "[\"")
	if filter < 0 {
		filter = len(path)
	}
	return path[strings.LastIndex(path[:filter], ":")+1:]
}

// size tells how many values a list has, where it has more than one.
func size(value json.RawMessage) string {
	if n := count(value); n > 1 {
		return fmt.Sprintf(" (%d)", n)
	}
	return ""
}

// count is the number of values of a list.
func count(value json.RawMessage) int {
	var list []json.RawMessage
	_ = json.Unmarshal(value, &list) // no list has none
	return len(list)
}
