package main

import (
	"cmp"
	"fmt"
	"io"
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
	people map[string]string // names by id
	online bool              // no requests are shown: what --existing sends depends on the resources

	kinds    [len(planKinds)]sample
	requests sample
	refused  sample
}

// planKinds are the kinds of operations in a plan, in the order in which they
// are shown: operations that are sent, by method, and creates of resources that
// exist already, by outcome.
var planKinds = [...]struct {
	name      string // a method, or the outcome of a plannedExisting
	before    string // stands between it and the kinds before
	one, many string
	note      string // stands after the number in a heading
}{
	{client.MethodPost, ", ", "create", "creates", ""},
	{client.MethodPatch, ", ", "update", "updates", ""},
	{client.MethodDelete, ", ", "delete", "deletes", ", for good"},
	{"updated", "; ", "is there and changes", "are there and change", ""},
	{"unchanged", "; ", "is there, unchanged", "are there, unchanged", ""},
	{"skipped", "; ", "is there and stays as it is", "are there and stay as they are", ""},
	{"fails", "; ", "fails", "fail", ""},
}

// countKinds is like "3 creates, 1 delete; 2 are there, unchanged".
func countKinds(counts map[string]int) string {
	text := ""
	for _, k := range planKinds {
		n := counts[k.name]
		if n == 0 {
			continue
		}
		if text != "" {
			text += k.before
		}
		if n == 1 {
			text += "1 " + k.one
		} else {
			text += fmt.Sprintf("%d %s", n, k.many)
		}
	}
	return text
}

// add adds the operations of a request.
func (o *overview) add(r plannedRequest) error {
	for _, l := range r.Refused {
		o.refused.add(o.all, l.Line, func() terminal.Text {
			return terminal.Sprintf("line %d\t%s %s\t%s", l.Line, l.Method, l.Path, l.Error.Message)
		})
	}
	counts, waits := map[string]int{}, 0
	for _, op := range r.Operations {
		name, text := op.Method, func() terminal.Text { return operationLine(op) }
		if op.Existing != nil {
			name, text = op.Existing.Outcome, func() terminal.Text { return existingLine(op, o.people) }
		} else {
			counts[op.Method]++
			waits += len(op.Waits)
		}
		for i, k := range planKinds {
			if k.name == name {
				o.kinds[i].add(o.all, op.Line, text)
			}
		}
	}
	if len(counts) > 0 {
		o.requests.add(o.all, r.Request, func() terminal.Text {
			return terminal.Sprintf("request %d\t%s\t%d bytes%s",
				r.Request, countKinds(counts), r.Bytes, waitsFor(r.After, waits))
		})
	}
	return nil
}

// operationLine names the resource of an operation and the attributes that it
// writes.
func operationLine(op plannedOperation) terminal.Text {
	text := terminal.Sprintf("line %d\t%s", op.Line, op.subject())
	if attributes := op.touches(); len(attributes) > 0 {
		text += terminal.Sprintf("\t%s", strings.Join(attributes, ", "))
	}
	return text
}

// waitsFor names the first requests whose ids a request needs.
func waitsFor(requests []int, ids int) string {
	if len(requests) == 0 {
		return ""
	}
	var numbers []string
	for _, n := range requests[:min(len(requests), 5)] {
		numbers = append(numbers, fmt.Sprint(n))
	}
	if len(requests) > len(numbers) {
		numbers = append(numbers, "…")
	}
	return fmt.Sprintf(", after %s for %d ids", strings.Join(numbers, ", "), ids)
}

// print prints the operations that were added, and the totals.
func (o *overview) print(in *input.File) error {
	if err := o.w.PrintTable(o.writeTable); err != nil {
		return err
	}
	total := terminal.Plural(in.Len(), "operation")
	if o.online {
		counts := map[string]int{}
		for i, k := range planKinds {
			counts[k.name] = o.kinds[i].count
		}
		total += ": " + cmp.Or(countKinds(counts), "nothing")
	} else {
		total += " (" + cmp.Or(countKinds(in.Counts), "nothing") + "): " + terminal.Plural(o.requests.count, "request")
	}
	if o.refused.count > 0 {
		total += fmt.Sprintf(", %d refused", o.refused.count)
	}
	return o.w.Printf("%s\n", total)
}

func (o *overview) writeTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, k := range planKinds {
		o.kinds[i].write(t, countKinds(map[string]int{k.name: o.kinds[i].count})+k.note)
	}
	if !o.online {
		o.requests.write(t, "requests")
	}
	o.refused.write(t, "refused before sending")
	return t.Flush()
}

// sample is an ordered list that shows only its first entries unless all are
// wanted.
type sample struct {
	count int
	lines []sampled
}

type sampled struct {
	order int
	text  terminal.Text
}

func (s *sample) add(all bool, order int, text func() terminal.Text) {
	if s.count++; all || s.count <= maxListed {
		s.lines = append(s.lines, sampled{order, text()})
	}
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
