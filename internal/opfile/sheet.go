package opfile

import (
	"bytes"
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
	secret     bool    // there is a column of passwords

	index   index
	lookups []Lookup
	notes   []string
	unheard []string        // those of notes that are about columns nobody understood
	zones   map[string]bool // time zones asked for so far

	doubtful [doubts]doubtful
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
		return nil, r.headless()
	case err != nil:
		if rec, ok := s.unreadable(s.headerLine, err); ok {
			return nil, rec.fault
		}
		return nil, r.broken(err)
	}
	if fault := s.noHeader(); fault != nil {
		return nil, fault
	}
	left, err := s.understand()
	if err != nil {
		return nil, err
	}
	r.sheet = s
	return s, s.readOnce(left)
}

// noHeader says why the first row can't be a header, or returns nil.
func (s *sheet) noHeader() *Error {
	all := strings.Join(s.header, string(s.style.comma))
	e := &Error{File: s.reader.name, Line: s.headerLine}
	switch {
	case strings.Contains(all, "\x00"):
		e.Problem, e.Expected = "no text", "text in UTF-8, or UTF-16 with a byte order mark"
	case slices.ContainsFunc(s.header, isEmail):
		e.Value, e.Problem, e.Expected = all, "a row where the header should be", "the names of the columns in the first line"
	default:
		return nil
	}
	return e
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
	for _, col := range c.list {
		if col.use == saysAddressType && !c.addresses() {
			col.use = leftUnsupported
		}
		if col.use >= leftReadOnly {
			left = append(left, col)
		} else {
			s.columns = append(s.columns, col)
		}
	}
	s.single()
	rank(s.columns)
	if s.identity == nil && s.id == nil {
		c.faults = append(c.faults, &Error{File: c.file, Line: c.line, Value: strings.Join(s.header, string(s.style.comma)),
			Problem:  "no column that says whom a row is about",
			Expected: `a column "User ID/Email (Required)" or userName for users, displayName for groups`})
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
		case c.target.name == "password":
			s.secret = true
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
		} else if isEmpty(fields) {
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
	quotes, ok := errors.AsType[*quoteError](err)
	switch {
	case errors.Is(err, errTooLarge):
		fault.Problem, fault.Expected = "a row larger than 64 MiB", "every quote that is opened to be closed"
	case ok:
		fault.Problem, fault.Expected = quotes.problem, quotes.wanted
		if quotes.cell < len(s.header) {
			fault.Column = s.header[quotes.cell]
		}
		fault.Value = quotes.text
		if s.secret { // a row in disorder can have it anywhere
			fault.Value, fault.Expected = "", upTo(quotes.wanted, ":")
		}
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
	e := &Error{File: s.reader.name, Line: rec.line, Problem: plural(n, "cell"),
		Expected: fmt.Sprintf("%d, as many as the header has", len(s.header))}
	if n > len(s.header) {
		e.Problem += " with this one"
		e.Expected += "; a " + separatorNames[s.style.comma] + " inside a cell needs quotes around the cell"
		e.Value = rec.fields[len(s.header)]
	}
	if s.secret {
		e.Value = ""
	}
	return e
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
