package opfile

import (
	"bufio"
	"encoding/csv"
	"io"
	"strings"
)

// Copy writes the rows for which keep is true, ready to be corrected and read again: in the input's own format and
// encoding, a sheet with its header and all its columns, an operation byte for byte. The index of a row is its place
// among those that Rows yields, from 0, in an input in which nothing is wrong. When none is kept, what is written has the
// form of the input and no operations.
func (r *Reader) Copy(w io.Writer, keep func(index int) bool) error {
	encoded, err := r.encoding.encode(w)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(encoded, 1<<16)
	c := r.copier(out)
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

func (r *Reader) copier(w *bufio.Writer) copier {
	switch {
	case r.sheet != nil:
		return newSheetCopier(w, r.sheet)
	case r.format == JSON:
		return &jsonCopier{Writer: w, request: &r.request}
	}
	return lineCopier{w}
}

// lineCopier writes NDJSON.
type lineCopier struct{ *bufio.Writer }

func (c lineCopier) copy(rec record) error {
	_, _ = c.Write(rec.raw) // the error of a bufio.Writer stays
	return c.WriteByte('\n')
}

func (lineCopier) end() error { return nil }

// jsonCopier writes an array, or a BulkRequest where the input is one.
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

// separate writes what stands before an operation.
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

// sheetCopier writes a sheet, with the separator and line ends that it had.
type sheetCopier struct {
	*csv.Writer
	err error
}

func newSheetCopier(w io.Writer, s *sheet) *sheetCopier {
	c := &sheetCopier{Writer: csv.NewWriter(w)}
	c.Comma, c.UseCRLF = s.style.comma, s.style.crlf
	_, c.err = io.WriteString(w, s.style.headerLine(s.header))
	return c
}

// headerLine writes a header in which the separator can be found again: any other one stands in quotes.
func (s style) headerLine(header []string) string {
	var b strings.Builder
	for i, cell := range header {
		if i > 0 {
			b.WriteRune(s.comma)
		}
		if strings.ContainsAny(cell, ",;\t\"\r\n") {
			cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		b.WriteString(cell)
	}
	if s.crlf {
		b.WriteByte('\r')
	}
	b.WriteByte('\n')
	return b.String()
}

func (c *sheetCopier) copy(rec record) error {
	if c.err == nil {
		c.err = c.Write(rec.fields)
	}
	return c.err
}

func (c *sheetCopier) end() error {
	c.Flush()
	if c.err == nil {
		c.err = c.Error()
	}
	return c.err
}
