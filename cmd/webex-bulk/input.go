package main

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

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/opfile"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/sheet"
	"github.com/webexscim/bulk/internal/textfile"
)

// input is a file of operations in which nothing was found wrong.
type input struct {
	*opfile.Reader
	close   func() error
	name    string
	rows    int
	counts  map[string]int // operations by method
	deletes []opfile.Row   // the first of them
	jumps   []jump         // where each operation stands

	inspect func([]opfile.Row) // refuses rows when their turn comes; nil where there is nothing to check

	named bool // names are asked for
	mu    sync.Mutex
	names map[int]string // of updates and deletes under way

	placeholders map[string]string // the names that they stand for, as far as one was asked for
}

// jump is an operation that does not stand on the line after the one before it.
type jump struct{ index, line int }

// stdin is what stands for standard input, and for standard output.
const stdin = "-"

// maxListed is how many of something are shown to a person.
const maxListed = 20

// reading is what a command line says of the file of operations.
type reading struct {
	file, format, encoding string
	ignored                []string // columns
	all                    bool     // every error is told, not the first of a kind
	clears                 bool     // rows say what is to be there, and REMOVE|* what is not
}

// flags are those that say how FILE is written.
func (r *reading) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&r.format, "format", "", "format of FILE: ndjson, json, csv or tsv (default: by its ending or first characters)")
	f.StringVar(&r.encoding, "encoding", "", "encoding of FILE where it has no byte order mark, such as windows-1252 (default: utf-8)")
	f.StringArrayVar(&r.ignored, "ignore-column", nil, "leave the column with the header `NAME` alone, whatever it is; may be repeated")
	choices := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var names []string
		for _, f := range opfile.Formats {
			names = append(names, string(f))
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	_ = cmd.RegisterFlagCompletionFunc("format", choices) // fails only without such a flag
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"csv", "tsv", "ndjson", "jsonl", "json"}, cobra.ShellCompDirectiveFilterFileExt
	}
}

// options are those of opfile.
func (r *reading) options() (o opfile.Options, err error) {
	format := strings.ToLower(r.format)
	if format == "jsonl" {
		format = string(opfile.NDJSON)
	}
	o = opfile.Options{Format: opfile.Format(format), IgnoreColumns: r.ignored, Clear: r.clears}
	if r.encoding != "" {
		if o.Encoding, err = textfile.EncodingNamed(r.encoding); err != nil {
			err = fmt.Errorf("--encoding: %w", err)
		}
	}
	return o, err
}

// open reads the whole input once and refuses it if anything is wrong with it.
func (r *reading) open(ctx context.Context, std io.Reader) (*input, error) {
	o, err := r.options()
	if err != nil {
		return nil, err
	}
	in := &input{name: r.file, counts: map[string]int{}, names: map[int]string{}}
	raw := std
	if r.file == stdin {
		in.name, raw = "standard input", untilDone(ctx, std)
	} else {
		f, err := os.Open(r.file)
		if err != nil {
			return nil, err
		}
		raw, in.close = f, f.Close
		if info, err := f.Stat(); err == nil && info.IsDir() {
			return nil, errors.Join(fmt.Errorf("%s is a folder: expected a file", r.file), f.Close())
		}
	}
	o.Name = in.name
	if err := in.read(ctx, raw, o, &textfile.Errors{All: r.all}); err != nil {
		in.close()
		return nil, err
	}
	return in, nil
}

// untilDone reads what cannot be read twice, such as a pipe, and gives up when
// ctx ends, even while it waits.
func untilDone(ctx context.Context, r io.Reader) io.Reader {
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

func (in *input) read(ctx context.Context, raw io.Reader, o opfile.Options, wrong *textfile.Errors) error {
	spool, err := textfile.Spool(raw)
	if err != nil {
		in.close = join(in.close)
		return fmt.Errorf("%s: %w", in.name, err)
	}
	in.close = join(spool.Close, in.close)
	in.Reader, err = opfile.Read(spool, o)
	if err == nil {
		err = in.check(ctx, wrong)
	}
	if err != nil && !wrong.Add(err) {
		return err
	}
	return wrong.Err()
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

// check reads all rows, counts them and gathers what is wrong.
func (in *input) check(ctx context.Context, wrong *textfile.Errors) error {
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
		if row.Line != in.line(in.rows-1)+1 || in.rows == 0 {
			in.jumps = append(in.jumps, jump{in.rows, row.Line})
		}
		in.rows++
		in.counts[row.Operation.Method]++
		if row.Operation.Method == client.MethodDelete && len(in.deletes) < maxListed {
			in.deletes = append(in.deletes, row)
		}
	}
	return nil
}

// line is where an operation stands in the input.
func (in *input) line(index int) int {
	i, _ := slices.BinarySearchFunc(in.jumps, index+1, func(j jump, next int) int { return cmp.Compare(j.index, next) })
	if i == 0 {
		return 0
	}
	return in.jumps[i-1].line + index - in.jumps[i-1].index
}

// operations is the input as a job's source.
func (in *input) operations() iter.Seq2[client.Operation, error] {
	return func(yield func(client.Operation, error) bool) {
		index := 0
		for row, err := range in.checked() {
			if err == nil {
				in.note(index, row)
				index++
			}
			if !yield(row.Operation, err) || err != nil {
				return
			}
		}
	}
}

// checked are the rows, after inspect has seen them, some at once.
func (in *input) checked() iter.Seq2[opfile.Row, error] {
	if in.inspect == nil {
		return in.Rows()
	}
	return func(yield func(opfile.Row, error) bool) {
		var some []opfile.Row
		flush := func() bool {
			in.inspect(some)
			for _, row := range some {
				if !yield(row, nil) {
					return false
				}
			}
			some = some[:0]
			return true
		}
		for row, err := range in.Rows() {
			if err != nil {
				if flush() {
					yield(row, err)
				}
				return
			}
			if some = append(some, row); len(some) == checkedAtOnce && !flush() {
				return
			}
		}
		flush()
	}
}

// note keeps whom an operation is about until nameOf is asked. A create tells it
// by itself.
func (in *input) note(index int, row opfile.Row) {
	if !in.named || row.Name == "" || row.Operation.Method == client.MethodPost {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.names[index] = strings.Clone(row.Name) // cells share the memory of their whole row
}

// nameOf tells whom an operation of a sheet is about. It is called once for each
// operation that operations has given, and what it returns is called if need be.
func (in *input) nameOf(index int, op client.Operation) func() string {
	in.mu.Lock()
	defer in.mu.Unlock()
	name := in.names[index]
	delete(in.names, index)
	return func() string {
		if name == "" && in.named && in.IsSheet() && op.Method == client.MethodPost {
			return report.NameIn(op.Data)
		}
		return name
	}
}

// withoutPlaceholders puts whom a placeholder stands for in its place: the id that is looked up before something is sent.
func (in *input) withoutPlaceholders(path string) string {
	return sheet.PlaceholderForm.ReplaceAllStringFunc(path, func(id string) string {
		if !in.named {
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
