// Package opfile reads files of operations: NDJSON and JSON, which programs
// write (package records), and sheets, which people write (package sheet).
//
//	in, err := opfile.Read(file, opfile.Options{Name: "users.csv"})
//	var wrong textfile.Errors
//	for _, err := range in.Check() {
//		if err != nil && !wrong.Add(err) {
//			return err
//		}
//	}
//	if err := wrong.Err(); err != nil { // a line for each mistake
//		return err
//	}
//	in.Resolve(lookUp(in.Lookups()))   // users and groups that a sheet names and does not create
//	for row, err := range in.Rows() {
//		...
//	}
//
// An input is read several times: first to find all mistakes in it, then to
// send its operations, and in the end to copy the rows that failed.
// textfile.Spool makes this possible for any input.
package opfile

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/webexscim/bulk/internal/records"
	"github.com/webexscim/bulk/internal/sheet"
	"github.com/webexscim/bulk/internal/textfile"
)

// Options describe an input before it is read. The zero value is an input
// without a name, whose format is detected.
type Options struct {
	// Name is the name of the input in errors; "input" if it is empty.
	Name string
	// Format is the format; if it is empty, it is detected from the ending of
	// Name, or else from the first bytes.
	Format Format
	// Encoding is the encoding of a text without a byte order mark; the zero
	// value is UTF-8.
	Encoding textfile.Encoding
	// IgnoreColumns are the headers of columns to ignore.
	IgnoreColumns []string
	// Clear lets REMOVE|* stand in rows of a sheet that create; see
	// sheet.Options.
	Clear bool
	// Whole refuses a row of a sheet that creates a group in several operations;
	// see sheet.Options.
	Whole bool

	limit int // bytes of a record; textfile.MaxRecord when 0
}

// Row is one operation, and where it came from. Its Name and Version are those
// of a row of a sheet.
type Row = sheet.Row

// Reader reads one input. It is not for use by several goroutines at once.
type Reader struct {
	format Format
	text   *records.Reader // nil for a sheet
	sheet  *sheet.Sheet    // nil for any other format
}

// maxHeader is the number of bytes from which format and style are detected:
// the header of a sheet with thousands of columns.
const maxHeader = 1 << 20

// Read begins to read an input. It finds out the format, and reads the header
// of a sheet. Mistakes in a header are a *textfile.Error or *textfile.Errors.
func Read(in io.ReadSeeker, o Options) (*Reader, error) {
	file := &textfile.File{Name: cmp.Or(o.Name, "input"), In: in, Limit: o.limit, Told: o.Encoding}
	format := o.Format
	if format == "" {
		format, _ = FormatOf(o.Name)
	}
	text, err := file.Open()
	if err != nil {
		return nil, err
	}
	head := make([]byte, maxHeader)
	n, err := io.ReadFull(text, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, file.Broken(err)
	}
	head = head[:n]
	if format == "" {
		format = sniff(head)
	}
	r := &Reader{format: format}
	switch format {
	case NDJSON:
		r.text = records.New(file, records.Lines)
	case JSON:
		r.text = records.New(file, records.Document)
	case CSV, TSV:
		r.sheet, err = sheet.Open(file, sheet.Options{
			Head: head, Tabs: format == TSV, Ignore: o.IgnoreColumns, Clear: o.Clear, Whole: o.Whole,
		})
		return r, err
	default:
		return nil, fmt.Errorf("unknown format %q: expected ndjson, json, csv or tsv", format)
	}
	return r, nil
}

// Format returns the format of the input.
func (r *Reader) Format() Format { return r.format }

// IsSheet reports whether the input is a sheet.
func (r *Reader) IsSheet() bool { return r.sheet != nil }

// Lookups returns the users and groups that the rows of a sheet name and do not
// create, each once; see sheet.Sheet.
func (r *Reader) Lookups() []sheet.Lookup {
	if r.sheet == nil {
		return nil
	}
	return r.sheet.Lookups()
}

// Resolve sets the function by which Rows finds the ids of Lookups; see
// sheet.Sheet.
func (r *Reader) Resolve(id func(sheet.Lookup) (id string, ok bool)) {
	if r.sheet != nil {
		r.sheet.Resolve(id)
	}
}

// HasConditions reports whether rows have conditions on their resources; see
// sheet.Sheet.
func (r *Reader) HasConditions() bool { return r.sheet != nil && r.sheet.HasConditions() }

// Notes returns remarks about the input, one line each. They are complete after
// Check.
func (r *Reader) Notes() []string {
	if r.sheet != nil {
		return r.sheet.Notes()
	}
	return r.text.Notes()
}

// Doubts returns the Notes about operations that a service may refuse. They are
// complete after Check.
func (r *Reader) Doubts() []string {
	if r.sheet != nil {
		return r.sheet.Doubts()
	}
	return r.text.Doubts()
}

// Warnings returns the Notes that are shown even with --quiet. They are
// complete after Check.
func (r *Reader) Warnings() []string {
	if r.sheet == nil {
		return nil
	}
	return r.sheet.Warnings()
}

// Check reads the whole input once, and must come to its end before Lookups and
// Rows. It yields the operations, those of a sheet without Data, and a
// *textfile.Error for each mistake, after which it continues as far as
// possible. A read error ends it. An input may hold no operations.
func (r *Reader) Check() iter.Seq2[Row, error] {
	if r.sheet != nil {
		return r.sheet.Check()
	}
	return r.Rows()
}

// Rows yields the operations in the order of the input, and a *textfile.Error
// for each that cannot be sent. A read error ends it. Rows can be ranged over
// again: each time it reads the input from its beginning.
func (r *Reader) Rows() iter.Seq2[Row, error] {
	if r.sheet != nil {
		return r.sheet.Rows()
	}
	return func(yield func(Row, error) bool) {
		for row, err := range r.text.Rows() {
			if !yield(Row{Line: row.Line, Operation: row.Operation}, err) {
				return
			}
		}
	}
}

// Copy writes the operations for which keep is true, ready to be corrected and
// read again, in the format and encoding of the input. The index of an
// operation is its place among those that Rows yields, from 0, in an input
// without mistakes. If none is kept, the output has the form of the input and
// no operations. In a sheet, a last column has the reasons if reason is not
// nil; Read ignores it.
func (r *Reader) Copy(w io.Writer, keep func(index int) bool, reason func(index int) string) error {
	if r.sheet != nil {
		return r.sheet.Copy(w, keep, reason)
	}
	return r.text.Copy(w, keep)
}
