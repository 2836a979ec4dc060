package sheet

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/apiid"
	"github.com/webexscim/bulk/internal/cell"
	"github.com/webexscim/bulk/internal/table"
	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/internal/textfile"
)

// record is one row of the sheet, before it is turned into operations.
type record struct {
	line   int
	fields []string          // the cells as written
	texts  []string          // the cells after cleaning; empty in ignored columns
	faults []*textfile.Error // mistakes in cells
	fault  *textfile.Error   // a mistake in the whole row, which then has no cells

	operation   operation // create where the cell says something unknown
	name        string    // the identity
	nameDigest  [8]byte
	membersOnly bool // it only adds members to a group and removes members
}

// records yields the rows below the header that are not blank; an error, of
// reading, is the last. A record is valid until the next one.
func (s *Sheet) records() iter.Seq2[*record, error] {
	return func(yield func(*record, error) bool) {
		t, err := s.open()
		if err != nil {
			yield(nil, err)
			return
		}
		_, _, err = t.Header()
		s.repeats = textfile.Places{}
		rec := &record{texts: make([]string, len(s.header))}
		for err == nil {
			var skip, last bool
			if skip, last, err = s.next(t, rec); err == nil && !skip && !yield(rec, nil) || last {
				return
			}
		}
		if err != io.EOF {
			yield(nil, s.file.Broken(err))
		}
	}
}

// open begins to read the table.
func (s *Sheet) open() (*table.Reader, error) {
	text, err := s.file.Open()
	if err != nil {
		return nil, err
	}
	t, err := table.NewReader(text, s.style, s.file.MaxRecord())
	if err != nil {
		return nil, s.file.Broken(err)
	}
	return t, nil
}

// next reads a row. One that is blank or repeats the header is skipped; after
// one that is too large, reading cannot go on.
func (s *Sheet) next(t *table.Reader, rec *record) (skip, last bool, err error) {
	fields, line, err := t.Next()
	*rec = record{line: line, fields: fields, texts: rec.texts}
	switch {
	case err == io.EOF:
		return false, false, err
	case err != nil:
		fault, ok := s.unreadable(line, err)
		if !ok {
			return false, false, err
		}
		rec.fault = fault
		return false, errors.Is(err, textfile.ErrTooLarge), nil
	case table.IsEmpty(fields):
		return true, false, nil
	case s.isHeader(fields):
		s.repeats.Add(line)
		return true, false, nil
	}
	if rec.fault = s.miscounted(fields, line); rec.fault == nil {
		s.clean(rec)
	}
	return false, false, nil
}

// unreadable turns an error about the content of the sheet into a mistake in a
// row; ok is false for other errors.
func (s *Sheet) unreadable(line int, err error) (fault *textfile.Error, ok bool) {
	fault = &textfile.Error{File: s.file.Name, Line: line}
	quotes, ok := errors.AsType[*table.QuoteError](err)
	switch {
	case errors.Is(err, textfile.ErrTooLarge):
		fault.Problem, fault.Expected = "a row larger than 64 MiB", "every quote that is opened to be closed"
	case ok:
		fault.Problem, fault.Expected = quotes.Problem, quotes.Expected
		if quotes.Cell < len(s.header) {
			fault.Column = s.header[quotes.Cell]
		}
		fault.Value = quotes.Text
		if s.secret { // a row in disorder can have it anywhere
			fault.Value, fault.Expected = "", strings.Split(quotes.Expected, ":")[0]
		}
	default:
		return nil, false
	}
	return fault, true
}

// miscounted says that a row has not as many cells as the header. Empty ones at
// its end may be too many.
func (s *Sheet) miscounted(fields []string, line int) *textfile.Error {
	n := len(fields)
	for n > len(s.header) && strings.TrimFunc(fields[n-1], cell.IsBlank) == "" {
		n--
	}
	if n == len(s.header) {
		return nil
	}
	e := &textfile.Error{File: s.file.Name, Line: line, Problem: terminal.Plural(n, "cell"),
		Expected: fmt.Sprintf("%d, as many as the header has", len(s.header))}
	if n > len(s.header) {
		e.Problem += " with this one"
		e.Expected += "; a " + s.style.Name() + " inside a cell needs quotes around the cell"
		e.Value = fields[len(s.header)]
	}
	if s.secret {
		e.Value = ""
	}
	return e
}

// clean reads the cells of the columns that are in use.
func (s *Sheet) clean(rec *record) {
	for i := range s.columns {
		c := &s.columns[i]
		text, fault := s.read(c, rec.fields[c.index])
		rec.texts[c.index] = text
		if fault == nil {
			continue
		}
		e := &textfile.Error{File: s.file.Name, Line: rec.line, Column: c.header, Value: text,
			Problem: fault.Problem, Expected: fault.Expected, Cause: fault.Cause}
		if c.secret {
			e.Value = ""
		}
		rec.faults = append(rec.faults, e)
	}
	rec.operation, _ = s.parseOperation(s.cell(rec, s.operations))
	rec.name = s.cell(rec, s.identity)
	rec.nameDigest = digest(rec.name)
	rec.membersOnly = s.changesMembersOnly(rec)
}

// read cleans the text of a cell.
func (s *Sheet) read(c *column, raw string) (text string, fault *cell.Fault) {
	if c.secret {
		return cell.Exact(raw)
	}
	text, fault = cell.Clean(raw)
	if c.use == saysID && fault == nil {
		return idOf(text, s.resources().webex)
	}
	return text, fault
}

// cell returns the text of a cell, or "" if there is no such column.
func (s *Sheet) cell(rec *record, c *column) string {
	if c == nil {
		return ""
	}
	return rec.texts[c.index]
}

// idOf turns an id of another Webex API into the SCIM id; other text stays as
// it is.
func idOf(text, want string) (string, *cell.Fault) {
	kind, id, ok := apiid.Parse(text)
	switch {
	case !apiid.Is(text), ok && kind == want && apiid.IsUUID(id):
		return cmp.Or(id, text), nil
	case ok && kind != want:
		return text, &cell.Fault{Problem: "the id of another kind of resource (" + kind + ")", Expected: "one of " + want}
	}
	return text, &cell.Fault{Problem: "an incomplete id", Expected: "the whole id"}
}

// isHeader reports whether a row repeats the header, as in concatenated files.
func (s *Sheet) isHeader(fields []string) bool {
	return len(fields) == len(s.header) && slices.EqualFunc(fields, s.header, func(a, b string) bool {
		return a == b || mayFold(a, b) && fold(a) == fold(b)
	})
}

// mayFold spares most rows the folding: letters that differ stay different.
func mayFold(a, b string) bool {
	return a == "" || b == "" || !isLetter(a[0]) || !isLetter(b[0]) || a[0]|' ' == b[0]|' '
}

// isLetter reports whether c is an ASCII letter.
func isLetter(c byte) bool { return 'a' <= c|' ' && c|' ' <= 'z' }
