// Package records reads operations that programs wrote: NDJSON, one a line, and
// JSON, an array or a whole BulkRequest.
//
//	r := records.New(file, records.Lines)
//	for row, err := range r.Rows() { // a *textfile.Error for each mistake
//		...
//	}
//
// Data is kept byte for byte. Memory grows by a few bits for each bulkId.
package records

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/textfile"
)

// Form is the form of a file of operations.
type Form int

// The forms.
const (
	Lines    Form = iota // one operation a line
	Document             // an array of operations, or a BulkRequest
)

// Reader reads the operations of one file. It is not for use by several
// goroutines at once.
type Reader struct {
	file     *textfile.File
	form     Form
	request  request // the other members of a BulkRequest
	doubtful [doubts]textfile.Places
	checked  bool // Rows came to the end and found nothing wrong
}

// New makes a Reader. Nothing is read yet.
func New(file *textfile.File, form Form) *Reader { return &Reader{file: file, form: form} }

// Row is one operation.
type Row struct {
	// Line is where it begins in the file, from 1.
	Line int
	// Operation has a Data that is nil or a json.RawMessage.
	Operation client.Operation
}

// Notes returns remarks about the file: the failOnErrors of a BulkRequest, and
// operations that a service may refuse. They are complete after Rows has ended.
func (r *Reader) Notes() (notes []string) {
	if n := r.request.failOnErrors; n != "" {
		notes = append(notes, "failOnErrors of the file ("+n+") is not used: give --fail-on-errors "+n)
	}
	return append(notes, r.Doubts()...)
}

// Rows yields the operations in the order of the file, and a *textfile.Error
// for each mistake, after which it continues as far as possible. Repeated
// bulkIds are reported last. A read error ends it. It can be ranged over again:
// a file in which nothing was wrong is not checked again, since its content
// stays as it was (textfile.Spool).
func (r *Reader) Rows() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if r.checked {
			r.rowsAgain(yield)
			return
		}
		wrong := false
		r.doubtful = [doubts]textfile.Places{}
		names, err := r.newNames()
		if err != nil {
			yield(Row{}, err)
			return
		}
		for rec, err := range r.records() {
			if err != nil {
				yield(Row{}, err)
				return
			}
			row, faults := r.operation(rec)
			names.add(row.Operation.BulkID)
			for _, fault := range faults {
				if !yield(Row{}, fault) {
					return
				}
			}
			if len(faults) > 0 {
				wrong = true
				continue
			}
			r.doubt(row)
			if !yield(row, nil) {
				return
			}
		}
		r.checked = r.checkRepeats(names, yield) && !wrong
	}
}

// rowsAgain yields the operations of a file in which nothing is wrong.
func (r *Reader) rowsAgain(yield func(Row, error) bool) {
	for rec, err := range r.records() {
		if err != nil {
			yield(Row{}, err)
			return
		}
		p := parser{file: r.file.Name, line: rec.line}
		if !yield(Row{Line: rec.line, Operation: p.operation(rec.raw)}, nil) {
			return
		}
	}
}

// record is one operation as it is written in the file.
type record struct {
	line  int
	raw   []byte
	fault *textfile.Error // set if it could not be read
}

// records yields the records of the file from its beginning; a read error is
// the last. A record is valid until the next one.
func (r *Reader) records() iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		text, err := r.file.Open()
		if err != nil {
			yield(record{}, err)
			return
		}
		read := r.lineRecords
		if r.form == Document {
			read = r.jsonRecords
		}
		if err := read(text, yield); err != nil && !errors.Is(err, errStopped) {
			yield(record{}, r.file.Broken(err))
		}
	}
}

// fault is a mistake in an operation or a member of it.
func fault(file string, line int, member, value, problem, expected string) *textfile.Error {
	return &textfile.Error{File: file, Line: line, Member: member, Value: value, Problem: problem, Expected: expected}
}

// errStopped says that the caller left the loop over an iterator.
var errStopped = errors.New("stopped")

// lineRecords yields the lines that are not blank.
func (r *Reader) lineRecords(text io.Reader, yield func(record, error) bool) error {
	in := textfile.NewLines(text, r.file.MaxRecord())
	for {
		line, err := in.Next()
		rec := record{line: in.Count, raw: line}
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, textfile.ErrTooLarge):
			rec.fault = fault(r.file.Name, in.Count, "", "", "a line larger than 64 MiB", "one operation a line")
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

// Copy writes the operations for which keep is true, byte for byte, in the form
// and encoding of the file. The index of an operation is its place among those
// that Rows yields, from 0, in a file without mistakes. If none is kept, the
// output has the form of the file and no operations.
func (r *Reader) Copy(w io.Writer, keep func(index int) bool) error {
	encoded, err := r.file.Encoding.Encode(w)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(encoded, 1<<16)
	var c copier = lineCopier{out}
	if r.form == Document {
		c = &jsonCopier{Writer: out, request: &r.request}
	}
	index := 0
	for rec, err := range r.records() {
		if err != nil {
			return err
		}
		if rec.fault != nil {
			continue
		}
		if keep(index) {
			if err := c.copy(rec); err != nil {
				return err
			}
		}
		index++
	}
	if err := c.end(); err != nil {
		return err
	}
	return out.Flush()
}

// copier writes records in one format.
type copier interface {
	copy(record) error
	end() error
}

// lineCopier writes NDJSON.
type lineCopier struct{ *bufio.Writer }

func (c lineCopier) copy(rec record) error {
	_, _ = c.Write(rec.raw) // the error of a bufio.Writer stays
	return c.WriteByte('\n')
}

func (lineCopier) end() error { return nil }

// jsonCopier writes an array, or a BulkRequest if the input is one.
type jsonCopier struct {
	*bufio.Writer
	request *request
	begun   bool
}

func (c *jsonCopier) copy(rec record) error {
	c.separate()
	_, err := c.Write(rec.raw)
	return err
}

// separate writes the text before an operation.
func (c *jsonCopier) separate() {
	switch {
	case c.begun:
		_, _ = c.WriteString(",\n")
		return
	case c.request.member != "":
		_, _ = c.WriteString(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"` + c.request.member + `":`)
	}
	_, _ = c.WriteString("[\n")
	c.begun = true
}

func (c *jsonCopier) end() error {
	if !c.begun {
		c.separate()
	}
	_, _ = c.WriteString("\n]")
	if c.request.member != "" {
		if c.request.failOnErrors != "" {
			_, _ = c.WriteString(`,"failOnErrors":` + c.request.failOnErrors)
		}
		_, _ = c.WriteString("}")
	}
	return c.WriteByte('\n')
}
