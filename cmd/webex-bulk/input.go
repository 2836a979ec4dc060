package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/opfile"
)

// input is a file of operations that was found to be right.
type input struct {
	*opfile.Reader
	close   func() error
	name    string
	rows    int
	counts  map[string]int // operations by method
	deletes []opfile.Row   // the first of them

	lines []int32 // where each operation stands
}

const stdin = "-"

// open reads the whole input once and refuses it if anything is wrong with it.
func open(name, format string, std io.Reader) (*input, error) {
	in := &input{name: name, counts: map[string]int{}}
	raw := std
	if name != stdin {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		raw, in.close = f, f.Close
	} else {
		in.name = "standard input"
	}
	spool, err := opfile.Spool(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.name, err)
	}
	in.close = join(spool.Close, in.close)
	var wrong opfile.Errors
	in.Reader, err = opfile.Read(spool, opfile.Options{Name: in.name, Format: opfile.Format(format)})
	if err == nil {
		err = in.check(&wrong)
	}
	if err != nil && !wrong.Add(err) {
		in.close()
		return nil, err
	}
	if err := wrong.Err(); err != nil {
		in.close()
		return nil, fmt.Errorf("nothing was sent:\n%w", err)
	}
	return in, nil
}

func join(closers ...func() error) func() error {
	return func() error {
		var errs []error
		for _, c := range closers {
			if c != nil {
				errs = append(errs, c())
			}
		}
		return errors.Join(errs...)
	}
}

// maxListed is how many deletes are kept to be shown.
const maxListed = 20

func (in *input) check(wrong *opfile.Errors) error {
	for row, err := range in.Rows() {
		if err != nil {
			if !wrong.Add(err) {
				return err
			}
			continue
		}
		in.rows++
		in.counts[row.Operation.Method]++
		if row.Operation.Method == client.MethodDelete && len(in.deletes) < maxListed {
			in.deletes = append(in.deletes, row)
		}
		in.lines = append(in.lines, int32(row.Line))
	}
	return nil
}

// line is where an operation stands in the input.
func (in *input) line(index int) int {
	if index < len(in.lines) {
		return int(in.lines[index])
	}
	return 0
}

// operations is the input as a job's source.
func (in *input) operations() iter.Seq2[client.Operation, error] {
	return func(yield func(client.Operation, error) bool) {
		for row, err := range in.Rows() {
			if !yield(row.Operation, err) || err != nil {
				return
			}
		}
	}
}

// lookUp finds the ids of the users and groups that a sheet names.
func (in *input) lookUp(ctx context.Context, c *client.Client) error {
	names := map[string][]string{}
	for _, l := range in.Lookups() {
		names[l.Type] = append(names[l.Type], l.Name)
	}
	ids := map[string]map[string]string{}
	for _, kind := range slices.Sorted(maps.Keys(names)) {
		find := c.FindUsers
		if kind == "Groups" {
			find = c.FindGroups
		}
		found, err := find(ctx, names[kind]...)
		if err != nil {
			return err
		}
		ids[kind] = found
	}
	in.Resolve(func(l opfile.Lookup) (string, bool) {
		id, ok := ids[l.Type][strings.ToLower(l.Name)]
		return id, ok
	})
	return in.recheck()
}

// recheck refuses the input when names in it are not found.
func (in *input) recheck() error {
	var wrong opfile.Errors
	for _, err := range in.Rows() {
		if err != nil && !wrong.Add(err) {
			return err
		}
	}
	if err := wrong.Err(); err != nil {
		return fmt.Errorf("nothing was sent:\n%w", err)
	}
	return nil
}
