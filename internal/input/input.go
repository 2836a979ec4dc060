// Package input opens a file of operations, finds all mistakes in it before
// anything is sent, and is the source of a job.
//
//	in, err := input.Open(ctx, "users.csv", os.Stdin, input.Options{})
//	...
//	defer in.Close()
//	err = in.ResolveNames(idOf)
//	job := &client.Job{Source: in.Operations(nil)}
package input

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/opfile"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/sheet"
	"github.com/webexscim/bulk/internal/textfile"
)

// Stdin is the path that stands for standard input.
const Stdin = "-"

// MaxDeletes is the number of deletes that a File lists.
const MaxDeletes = 20

// Options describe a file before it is opened. The name of Options.Options is
// not used: it is the path.
type Options struct {
	opfile.Options
	// AllErrors has every mistake reported, not only the first of a kind.
	AllErrors bool
}

// File is a file of operations without mistakes.
type File struct {
	*opfile.Reader
	// Name is the path, or "standard input".
	Name string
	// Counts are the numbers of operations, by method.
	Counts map[string]int
	// Deletes are the first operations that delete, at most MaxDeletes.
	Deletes []opfile.Row
	// KeepNames makes NameOf return names of users and groups, which are
	// about people. It is set before Operations is called.
	KeepNames bool

	length       int
	runs         []run
	close        []func() error
	placeholders map[string]string // the names that they stand for; nil until one is asked for

	mu    sync.Mutex
	names map[int]string // of the updates and deletes between Operations and NameOf
}

// run is a run of operations on consecutive lines: index and line of its first.
type run struct{ index, line int }

// Open reads a whole file, or stdin if path is Stdin, and returns an error for
// the mistakes in it, a *textfile.Errors. With such an error the File is
// returned too, closed, for its Doubts; nil if the header could not be read.
// Open stops when ctx ends.
func Open(ctx context.Context, path string, stdin io.Reader, o Options) (*File, error) {
	in := &File{Name: path, Counts: map[string]int{}, names: map[int]string{}}
	raw := stdin
	if path == Stdin {
		in.Name, raw = "standard input", Interruptible(ctx, stdin)
	} else {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		raw, in.close = f, append(in.close, f.Close)
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return nil, errors.Join(fmt.Errorf("%s is a folder: expected a file", path), in.Close())
		}
	}
	o.Name = in.Name
	err := in.read(ctx, raw, o)
	if err == nil {
		return in, nil
	}
	_ = in.Close()
	if _, mistakes := errors.AsType[*textfile.Errors](err); !mistakes || in.Reader == nil {
		return nil, err
	}
	return in, err
}

// Interruptible returns a reader of r that ends when ctx does, even while it
// waits for r. A regular file is returned as it is.
func Interruptible(ctx context.Context, r io.Reader) io.Reader {
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return r
		}
	}
	out, in := io.Pipe()
	context.AfterFunc(ctx, func() { in.CloseWithError(ctx.Err()) })
	go func() {
		_, err := io.Copy(in, r)
		in.CloseWithError(err) // io.EOF when nil
	}()
	return out
}

// Close closes the file, and removes what Open has stored of a stream.
func (in *File) Close() error {
	var errs []error
	for _, c := range slices.Backward(in.close) {
		errs = append(errs, c())
	}
	in.close = nil
	return errors.Join(errs...)
}

func (in *File) read(ctx context.Context, raw io.Reader, o Options) error {
	spool, err := textfile.Spool(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	in.close = append(in.close, spool.Close)
	wrong := &textfile.Errors{All: o.AllErrors}
	reader, err := opfile.Read(spool, o.Options)
	if err == nil {
		in.Reader = reader
		err = in.check(ctx, wrong)
	}
	if err != nil && !wrong.Add(err) {
		return err
	}
	return wrong.Err()
}

// check reads all rows, counts them, and collects the mistakes.
func (in *File) check(ctx context.Context, wrong *textfile.Errors) error {
	for row, err := range in.Check() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if !wrong.Add(err) {
				return err
			}
			continue
		}
		if in.length == 0 || row.Line != in.Line(in.length-1)+1 {
			in.runs = append(in.runs, run{in.length, row.Line})
		}
		in.length++
		in.Counts[row.Operation.Method]++
		if row.Operation.Method == client.MethodDelete && len(in.Deletes) < MaxDeletes {
			in.Deletes = append(in.Deletes, row)
		}
	}
	return nil
}

// Len returns the number of operations.
func (in *File) Len() int { return in.length }

// Line returns the line of an operation, 0 if there is no such operation.
func (in *File) Line(index int) int {
	i, _ := slices.BinarySearchFunc(in.runs, index+1, func(r run, next int) int { return cmp.Compare(r.index, next) })
	if i == 0 {
		return 0
	}
	return in.runs[i-1].line + index - in.runs[i-1].index
}

// ResolveNames sets the function that returns the id of a user or group whom
// the file names and does not create, "" if there is none. A name without an id
// is an error with its rows, a *textfile.Errors. In a sheet whose rows have
// conditions, the row stays, with a placeholder.
func (in *File) ResolveNames(idOf func(sheet.Lookup) string) error {
	in.Resolve(func(l sheet.Lookup) (string, bool) {
		id := idOf(l)
		if id == "" && in.HasConditions() {
			return l.Placeholder(), true
		}
		return id, id != ""
	})
	if !slices.ContainsFunc(in.Lookups(), func(l sheet.Lookup) bool { return idOf(l) == "" }) {
		return nil
	}
	var wrong textfile.Errors
	for _, err := range in.Rows() {
		if err != nil && !wrong.Add(err) {
			return err
		}
	}
	return wrong.Err()
}

// maxInspected is how many rows are inspected at once.
const maxInspected = 32

// Operations returns the operations as the source of a job. Before rows are
// yielded, some at once are given to inspect, which may refuse them; inspect
// may be nil.
func (in *File) Operations(inspect func([]opfile.Row)) iter.Seq2[client.Operation, error] {
	rows := in.Rows()
	if inspect != nil {
		rows = in.inspected(inspect)
	}
	return func(yield func(client.Operation, error) bool) {
		index := 0
		for row, err := range rows {
			if err == nil {
				in.keepName(index, row)
				index++
			}
			if !yield(row.Operation, err) || err != nil {
				return
			}
		}
	}
}

func (in *File) inspected(inspect func([]opfile.Row)) iter.Seq2[opfile.Row, error] {
	return func(yield func(opfile.Row, error) bool) {
		var rows []opfile.Row
		flush := func() bool {
			inspect(rows)
			for _, row := range rows {
				if !yield(row, nil) {
					return false
				}
			}
			rows = rows[:0]
			return true
		}
		for row, err := range in.Rows() {
			if err != nil {
				if flush() {
					yield(row, err)
				}
				return
			}
			if rows = append(rows, row); len(rows) == maxInspected && !flush() {
				return
			}
		}
		flush()
	}
}

// keepName keeps the name of an update or delete for NameOf. The data of a
// create has its name.
func (in *File) keepName(index int, row opfile.Row) {
	if !in.KeepNames || row.Name == "" || row.Operation.Method == client.MethodPost {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.names[index] = strings.Clone(row.Name) // cells share the memory of their whole row
}

// NameOf returns a function that tells the name of the user or group of an
// operation, "" if it is not known or not kept. NameOf is called once for each
// operation of Operations, the function if the name is needed.
func (in *File) NameOf(index int, op client.Operation) func() string {
	in.mu.Lock()
	defer in.mu.Unlock()
	name := in.names[index]
	delete(in.names, index)
	return func() string {
		if name == "" && in.KeepNames && in.IsSheet() && op.Method == client.MethodPost {
			return report.NameIn(op.Data)
		}
		return name
	}
}

// ReplacePlaceholders replaces the placeholders of ids that have not been
// looked up, in a path, by the names that they stand for.
func (in *File) ReplacePlaceholders(path string) string {
	return sheet.PlaceholderForm.ReplaceAllStringFunc(path, func(id string) string {
		if !in.KeepNames {
			return "looked up"
		}
		if in.placeholders == nil {
			in.placeholders = map[string]string{}
			for _, l := range in.Lookups() {
				in.placeholders[l.Placeholder()] = l.Name
			}
		}
		return in.placeholders[id]
	})
}
