package opfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sheet is a CSV or TSV file of users or of groups, whose header is understood and whose rows have been read once.
type sheet struct {
	reader *Reader
	style  style

	header     []string
	headerLine int
	groups     bool
	columns    []column // those that say something; the others are left alone
	identity   *column  // userName of users, displayName of groups; nil where there is none
	id         *column
	operations *column
	addresses  *column // the type of the address

	index   index
	lookups []Lookup
	notes   []string
	zones   map[string]bool // time zones asked for so far
}

// openSheet reads the header, and the rows once. The head is the beginning of the text.
func openSheet(r *Reader, head []byte) (*sheet, error) {
	s := &sheet{reader: r, style: styleOf(head, r.format), zones: make(map[string]bool)}
	if isWorkbook(head) {
		return nil, &Error{File: r.name, Problem: "an Excel workbook", Expected: "its sheet saved as CSV UTF-8 or as Unicode text"}
	}
	text, err := r.rewind()
	if err != nil {
		return nil, err
	}
	t, err := newTable(text, s.style, s.reader.limit)
	if err != nil {
		return nil, r.broken(err)
	}
	s.header, s.headerLine, err = t.header()
	switch {
	case errors.Is(err, io.EOF):
		return nil, &Error{File: r.name, Problem: "an empty file", Expected: "a header and rows below it"}
	case err != nil:
		if rec, ok := s.unreadable(s.headerLine, err); ok {
			return nil, rec.fault
		}
		return nil, r.broken(err)
	}
	if strings.Contains(strings.Join(s.header, ""), "\x00") {
		return nil, &Error{File: r.name, Line: s.headerLine, Problem: "no text", Expected: "text in UTF-8, or UTF-16 with a byte order mark"}
	}
	left, err := s.understand()
	if err != nil {
		return nil, err
	}
	r.sheet = s
	return s, s.readOnce(left)
}

// understand finds out what the columns are for, and returns those that are left alone.
func (s *sheet) understand() (left []column, err error) {
	s.groups = isGroups(s.header)
	words, aliases := userVocabulary, userHeaders
	if s.groups {
		words, aliases = groupVocabulary, groupHeaders
	}
	c := columns{file: s.reader.name, line: s.headerLine}
	for _, h := range s.header {
		c.understand(strings.TrimFunc(h, isBlank), words, aliases)
	}
	if !s.groups {
		c.email()
	}
	c.distinct()
	for i := range c.list {
		if c.list[i].use >= leftReadOnly || s.groups && c.list[i].use == saysAddressType {
			left = append(left, c.list[i])
			continue
		}
		s.columns = append(s.columns, c.list[i])
	}
	s.single()
	if s.identity == nil && s.id == nil {
		c.fault("", "no column that says whom a row is about",
			`a column "User ID/Email (Required)" or userName for users, displayName for groups`)
	}
	var wrong Errors
	for _, fault := range c.faults {
		wrong.add(fault)
	}
	return left, wrong.Err()
}

// single finds the columns of which there is one at the most.
func (s *sheet) single() {
	for i := range s.columns {
		switch c := &s.columns[i]; {
		case c.use == saysOperation:
			s.operations = c
		case c.use == saysID:
			s.id = c
		case c.use == saysAddressType:
			s.addresses = c
		case c.kind == identity:
			s.identity = c
		}
	}
}

// records yields the rows below the header that are not blank.
func (s *sheet) records(text io.Reader, yield func(record, error) bool) error {
	t, err := newTable(text, s.style, s.reader.limit)
	if err != nil {
		return err
	}
	if _, _, err := t.header(); err != nil {
		return err
	}
	for {
		fields, line, err := t.next()
		rec := record{line: line, fields: fields}
		if err == io.EOF {
			return nil
		}
		last := errors.Is(err, errTooLarge)
		if err != nil {
			var ok bool
			if rec, ok = s.unreadable(line, err); !ok {
				return err
			}
		} else if !slices.ContainsFunc(fields, func(f string) bool { return strings.TrimFunc(f, isBlank) != "" }) {
			continue
		} else {
			rec.fault = s.miscounted(rec)
		}
		if !yield(rec, nil) || last {
			return errStopped
		}
	}
}

// unreadable makes a record of an error that is about what the sheet says; ok is false for any other.
func (s *sheet) unreadable(line int, err error) (rec record, ok bool) {
	fault := &Error{File: s.reader.name, Line: line}
	syntax, ok := errors.AsType[*csv.ParseError](err)
	switch {
	case errors.Is(err, errTooLarge):
		fault.Line = 0
		fault.Problem, fault.Expected = "a row larger than 64 MiB", "every quote that is opened to be closed"
	case ok && errors.Is(err, csv.ErrBareQuote):
		fault.Problem = "a quote inside a cell"
		fault.Expected = `the cell in quotes and each quote in it doubled: "19"" rack"`
	case ok:
		fault.Problem = "a quoted cell that does not end, or has a quote in it"
		if syntax.Line > syntax.StartLine {
			fault.Problem += fmt.Sprintf(" (read on to line %d)", syntax.Line)
		}
		fault.Expected = "a closing quote, and each quote in the cell doubled"
	default:
		return record{}, false
	}
	return record{line: line, fault: fault}, true
}

// miscounted says that a row has not as many cells as the header. Empty ones at its end may be too many.
func (s *sheet) miscounted(rec record) *Error {
	n := len(rec.fields)
	for n > len(s.header) && strings.TrimFunc(rec.fields[n-1], isBlank) == "" {
		n--
	}
	if n == len(s.header) {
		return nil
	}
	return &Error{File: s.reader.name, Line: rec.line, Problem: fmt.Sprintf("%d cells", n),
		Expected: fmt.Sprintf("%d, as many as the header has", len(s.header))}
}

// isBlank reports whether r is taken off both ends of a cell: white space, and what pasting leaves behind unseen.
func isBlank(r rune) bool {
	return unicode.IsSpace(r) || r == '\u200B' || r == '\uFEFF'
}

// isWhole reports whether text came through its encoding unharmed.
func isWhole(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsAny(text, "\x00\uFFFD")
}

// isWorkbook tells a workbook of Excel from a sheet that was exported from it.
func isWorkbook(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0"))
}
