package opfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/webexscim/bulk/client"
)

// Options says what is known of an input before it is read. The zero value is an input without a name, whose format
// is found out.
type Options struct {
	// Name is what errors call the input; "input" when empty.
	Name string
	// Format is how it is written; when empty, the ending of Name tells, or else its first bytes.
	Format Format

	limit int // bytes of a record; maxRecord when 0
}

// Row is one operation, and where it came from.
type Row struct {
	// Line is where it begins in the input, from 1.
	Line int
	// Operation is what the row says. Its Data is nil or a json.RawMessage.
	Operation client.Operation
	// Name is what a person calls the resource, in a sheet: the userName of a user, the displayName of a group, or
	// else its id. It is about a person. "" in other formats.
	Name string
	// Lookups are the ids in the operation that were looked up, or that are placeholders because Resolve was not
	// called.
	Lookups []Lookup
}

// Reader reads one input. It is not for use by several goroutines at once.
type Reader struct {
	in     io.ReadSeeker
	name   string
	format Format
	limit  int // bytes of a record

	encoding encoding
	sheet    *sheet                      // nil when it is none
	resolve  func(Lookup) (string, bool) // nil until Resolve
	request  request                     // what a BulkRequest says beside its operations
}

// maxHeader is how much of an input is looked at to know its style: the header of a sheet with thousands of columns.
const maxHeader = 1 << 20

// Read begins to read an input. It finds out the format; of a sheet it reads the header and, once, all rows, to know
// whom they name. What is wrong with a header is an *Error or *Errors, as what Rows yields.
func Read(in io.ReadSeeker, o Options) (*Reader, error) {
	r := &Reader{in: in, name: cmp.Or(o.Name, "input"), format: o.Format, limit: cmp.Or(o.limit, maxRecord)}
	if r.format == "" {
		r.format, _ = FormatOf(o.Name)
	}
	text, err := r.rewind()
	if err != nil {
		return nil, err
	}
	head := make([]byte, maxHeader)
	n, err := io.ReadFull(text, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, r.broken(err)
	}
	head = head[:n]
	if r.format == "" {
		r.format = sniff(head)
	}
	if !r.format.known() {
		return nil, fmt.Errorf("unknown format %q: expected one of %v", r.format, Formats)
	}
	if !r.format.isSheet() {
		return r, nil
	}
	r.sheet, err = openSheet(r, head)
	return r, err
}

// Format returns the format that the input is read as.
func (r *Reader) Format() Format { return r.format }

// Lookups returns what the rows of a sheet name and do not create: the ids of these are to be looked up in the
// organization and given to Resolve. Each stands there once, in the order in which it is first named.
func (r *Reader) Lookups() []Lookup {
	if r.sheet == nil {
		return nil
	}
	return r.sheet.lookups
}

// Resolve says how Rows finds the ids of Lookups. What it does not know makes the row an error. As long as Resolve has
// not been called, Rows puts each Lookup's Placeholder in place of the id: enough to check all else, or to show what
// would be sent.
func (r *Reader) Resolve(id func(Lookup) (id string, ok bool)) { r.resolve = id }

// Notes returns what a person should know of the input once, one line each: the columns of a sheet that are left
// alone and why, values that a service may refuse, the failOnErrors of a BulkRequest. They are complete when Rows has come to its end.
func (r *Reader) Notes() []string {
	if r.sheet != nil {
		return r.sheet.notes
	}
	if r.request.failOnErrors != "" {
		n := r.request.failOnErrors
		return []string{"failOnErrors of the file (" + n + ") is not used: give --fail-on-errors " + n}
	}
	return nil
}

// Warnings returns those of the Notes that must not go unheard: the columns of a sheet that were not understood, by
// their header or by what stands in them, which is lost. They are complete at once.
func (r *Reader) Warnings() []string {
	if r.sheet == nil {
		return nil
	}
	return r.sheet.unheard
}

// Rows yields the operations in the order of the input, and an *Error for each thing that is wrong, after which it
// goes on as far as it can; that a bulkId stands there twice is told last. Any other error, of reading, ends it. An input
// can hold no operations; what is not of its format, as a sheet without a header, is wrong. Rows can be ranged over again:
// each time it reads the input from its beginning.
func (r *Reader) Rows() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		read := r.operation
		if r.sheet != nil {
			read = r.sheet.operation
		}
		names, err := r.newNames()
		if err != nil {
			yield(Row{}, err)
			return
		}
		empty := true
		for rec, err := range r.records() {
			if err != nil {
				yield(Row{}, err)
				return
			}
			empty = false
			var row Row
			faults := []*Error{rec.fault}
			if rec.fault == nil {
				row, faults = read(rec)
				names.add(row.Operation.BulkID)
			}
			for _, fault := range faults {
				if !yield(Row{}, fault) {
					return
				}
			}
			if len(faults) == 0 && !yield(row, nil) {
				return
			}
		}
		if fault := r.headless(); empty && fault != nil {
			yield(Row{}, fault)
			return
		}
		r.repeated(names, yield)
	}
}

// headless says what is wrong with a sheet that turned out to have no header; nil when it has one, or is no sheet.
func (r *Reader) headless() *Error {
	switch {
	case !r.format.isSheet():
		return nil
	case r.sheet == nil:
		return &Error{File: r.name, Problem: "nothing in it", Expected: "a header, and rows below it"}
	case strings.Contains(strings.Join(r.sheet.header, ""), "\n"):
		return &Error{
			File: r.name, Line: r.sheet.headerLine,
			Problem: "a quote in the header that is never closed", Expected: "a header in one line and rows below it",
		}
	}
	return nil
}

// record is one row as it stands in the input.
type record struct {
	line   int
	raw    []byte   // an operation as JSON
	fields []string // or the cells of a sheet
	fault  *Error   // or what is wrong with it
}

// records yields the records of the input from its beginning; an error, of reading, is the last. A record is valid
// until the next one.
func (r *Reader) records() iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		text, err := r.rewind()
		if err != nil {
			yield(record{}, err)
			return
		}
		switch {
		case r.sheet != nil:
			err = r.sheet.records(text, yield)
		case r.format == JSON:
			err = r.jsonRecords(text, yield)
		default:
			err = r.lineRecords(text, yield)
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(record{}, r.broken(err))
		}
	}
}

// errStopped says that the caller of an iterator wants no more.
var errStopped = errors.New("stopped")

// rewind returns the text of the input from its beginning.
func (r *Reader) rewind() (io.Reader, error) {
	if _, err := r.in.Seek(0, io.SeekStart); err != nil {
		return nil, r.broken(err)
	}
	text, e, err := decode(r.in)
	if err != nil {
		return nil, r.broken(err)
	}
	r.encoding = e
	return text, nil
}

// broken wraps an error of reading.
func (r *Reader) broken(err error) error { return fmt.Errorf("read %s: %w", r.name, err) }

// lineRecords yields the lines that are not blank.
func (r *Reader) lineRecords(text io.Reader, yield func(record, error) bool) error {
	in := newLines(text, r.limit)
	for {
		line, err := in.next()
		rec := record{line: in.count, raw: line}
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, errTooLarge):
			rec.fault = &Error{File: r.name, Line: in.count, Problem: "a line larger than 64 MiB", Expected: "one operation a line"}
		case err != nil:
			return err
		case len(bytes.TrimSpace(line)) == 0:
			continue
		}
		if !yield(rec, nil) {
			return errStopped
		}
	}
}
