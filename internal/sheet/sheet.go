// Package sheet reads sheets that people fill in or export from Webex Control
// Hub, and turns their rows into operations.
//
//	s, err := sheet.Open(file, sheet.Options{Head: head})
//	for row, err := range s.Check() {  // a *textfile.Error for each mistake
//		...
//	}
//	ids := lookUp(s.Lookups())         // users and groups that the rows name and do not create
//	s.Resolve(ids)
//	for row, err := range s.Rows() {
//		...
//	}
//
// A sheet is read twice, since a row may refer to a later row. Rows are not
// kept: memory grows by 18 bytes for each user or group.
package sheet

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/table"
	"github.com/webexscim/bulk/internal/textfile"
)

// Sheet is a table of users or of groups, whose header is understood. It is not
// for use by several goroutines at once.
type Sheet struct {
	file    *textfile.File
	style   table.Style
	resolve func(Lookup) (string, bool) // nil until Resolve

	header     []string
	headerLine int
	groups     bool
	columns    []column // the columns that are read
	unused     []column // the columns that are ignored
	identity   *column  // userName of users, displayName of groups; nil where there is none
	id         *column
	externalID *column
	operations *column
	addresses  *column // the type of the address
	versions   *column // what the resource was when the row was written
	expected   *column // the attributes that the resource must have
	present    *column // its name when the row was written
	secret     bool    // there is a column of passwords
	splits     bool    // a group has more members than one operation takes
	clears     bool    // see Options

	checked  bool // Check came to its end
	index    index
	lookups  []Lookup
	notes    []string
	warnings []string // the notes about columns that were not understood

	doubtful [doubts]textfile.Places
	repeats  textfile.Places // rows that say the header again
}

// Row is one operation and its place in the sheet.
type Row struct {
	// Line is the line of the file where the row begins, from 1.
	Line int
	// Operation is the operation of the row. Its Data is nil or a
	// json.RawMessage.
	Operation client.Operation
	// Name is what a person calls the resource: the userName of a user, the
	// displayName of a group, or else its id. It is about a person.
	Name string
	// Version is what VersionOf said of the resource when the row was written;
	// "" if it does not matter.
	Version string
	// Expected are the attributes that the resource must have, as Holds reads
	// them; nil if it does not matter.
	Expected []byte
}

// Options describe a sheet before it is read.
type Options struct {
	// Head is the beginning of its text, with the whole header.
	Head []byte
	// Tabs says that the file name ends in .tsv, so that tabs separate the
	// cells.
	Tabs bool
	// Ignore lists the headers of columns to ignore.
	Ignore []string
	// Clear lets REMOVE|* stand in rows that create: the attribute is null, and
	// members are an empty list. It is for rows that say what is to be there.
	Clear bool
}

// Open reads the header of a sheet. Mistakes in it are a *textfile.Error or
// *textfile.Errors.
func Open(file *textfile.File, o Options) (*Sheet, error) {
	s := &Sheet{file: file, style: table.StyleOf(o.Head, o.Tabs), clears: o.Clear}
	if isWorkbook(o.Head) {
		return nil, &textfile.Error{File: file.Name, Problem: "an Excel workbook", Expected: "its sheet saved as CSV UTF-8 or as Unicode text"}
	}
	t, err := s.open()
	if err != nil {
		return nil, err
	}
	s.header, s.headerLine, err = t.Header()
	switch {
	case errors.Is(err, io.EOF):
		return nil, &textfile.Error{File: file.Name, Problem: "an empty file", Expected: "a header, and rows below it"}
	case err != nil:
		if fault, ok := s.unreadable(s.headerLine, err); ok {
			return nil, fault
		}
		return nil, file.Broken(err)
	}
	if fault := s.noHeader(); fault != nil {
		return nil, fault
	}
	s.unused, err = s.understand(o.Ignore)
	return s, err
}

// Lookups returns the users and groups that the rows name and do not create,
// each once, in the order in which they are first named. The caller looks up
// their ids in the organization for Resolve.
func (s *Sheet) Lookups() []Lookup { return s.lookups }

// Resolve sets the function by which Rows finds the ids of Lookups. A row whose
// id it does not know is an error. Before Resolve is called, Rows writes each
// Lookup's Placeholder instead of the id, which is enough to check the rows or
// to show a plan.
func (s *Sheet) Resolve(id func(Lookup) (id string, ok bool)) { s.resolve = id }

// Notes returns remarks about the sheet, one line each: the ignored columns
// with the reason, and values that a service may refuse.
func (s *Sheet) Notes() []string { return s.notes }

// Warnings returns the Notes that are shown even with --quiet: columns whose
// header or content was not understood, so that their content is not sent.
func (s *Sheet) Warnings() []string { return s.warnings }

// HasConditions reports whether rows have conditions: Row.Version or
// Row.Expected.
func (s *Sheet) HasConditions() bool { return s.versions != nil || s.expected != nil }

// Rows yields the operations in the order of the sheet, and a *textfile.Error
// for each row that cannot be sent, such as one that names somebody whom
// Resolve does not know. A read error ends it. It can be ranged over again.
func (s *Sheet) Rows() iter.Seq2[Row, error] { return s.rows(nil) }

// errUnchecked is returned by Rows and Copy before Check.
var errUnchecked = errors.New("the sheet was not checked")

func (s *Sheet) rows(v *survey) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if v == nil && !s.checked {
			yield(Row{}, errUnchecked)
			return
		}
		for b, err := range s.batches(v) {
			if err != nil {
				if !yield(Row{}, err) {
					return
				}
				continue
			}
			for _, row := range b.rows {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

// noHeader says why the first row can't be a header, or returns nil.
func (s *Sheet) noHeader() *textfile.Error {
	all := strings.Join(s.header, string(s.style.Comma))
	e := &textfile.Error{File: s.file.Name, Line: s.headerLine}
	switch {
	case strings.Contains(all, "\x00"):
		e.Problem, e.Expected = "no text", "text in UTF-8, or UTF-16 with a byte order mark"
	case slices.ContainsFunc(s.header, isEmail):
		e.Value = s.header[slices.IndexFunc(s.header, isEmail)] // the rest may hold passwords
		e.Problem, e.Expected = "a row where the header should be", "the names of the columns in the first line"
	default:
		return nil
	}
	return e
}

// understand finds the use of each column, and returns the ignored columns.
func (s *Sheet) understand(ignore []string) (unused []column, err error) {
	ignored := foldedSet(ignore)
	s.groups = isGroups(slices.DeleteFunc(slices.Clone(s.header), func(h string) bool { return ignored[fold(h)] }))
	return s.understandAs(ignore)
}

func foldedSet(headers []string) map[string]bool {
	set := make(map[string]bool, len(headers))
	for _, h := range headers {
		set[fold(h)] = true
	}
	return set
}

// understandAs is understand for a sheet that is known to hold groups, or
// users.
func (s *Sheet) understandAs(ignore []string) (unused []column, err error) {
	c := columns{file: s.file.Name, line: s.headerLine}
	c.read(s.header, ignore, s.resources())
	if !s.groups {
		c.placeEmail()
	}
	c.refuseRepeated()
	for _, col := range c.list {
		s.secret = s.secret || col.secret
		if col.use == saysAddressType && !c.hasAddress() {
			col.use = leftUnsupported
		}
		if col.use >= leftReadOnly {
			unused = append(unused, col)
		} else {
			s.columns = append(s.columns, col)
		}
	}
	s.findSingleColumns()
	rank(s.columns)
	if s.identity == nil && s.id == nil {
		c.add(&textfile.Error{Value: strings.Join(s.header, string(s.style.Comma)), Problem: "no column that identifies the user or group",
			Expected: `a column "User ID/Email (Required)" or userName for users, displayName for groups`})
	}
	if missing := s.missingCondition(); missing != "" {
		c.fault(missing, "missing, though sync has written it", "all columns of its sheet: without this one, apply cannot see who has changed since")
	}
	return unused, c.wrong.Err()
}

// missingCondition returns the header that a sheet of WriteActions has lost, ""
// if there is none.
func (s *Sheet) missingCondition() (missing string) {
	has := foldedSet(s.header)
	found := false
	for _, h := range []string{versionHeader, expectedHeader, presentNameHeader} {
		if has[fold(h)] {
			found = true
		} else {
			missing = h
		}
	}
	if !found {
		return ""
	}
	return missing
}

// findSingleColumns finds the columns that occur at most once.
func (s *Sheet) findSingleColumns() {
	for i := range s.columns {
		switch c := &s.columns[i]; {
		case c.use == saysOperation:
			s.operations = c
		case c.use == saysID:
			s.id = c
		case c.use == saysAddressType:
			s.addresses = c
		case c.use == saysVersion:
			s.versions = c
		case c.use == saysExpected:
			s.expected = c
		case c.use == saysPresentName:
			s.present = c
		case c.kind == identity:
			s.identity = c
		case c.target.name == "externalId":
			s.externalID = c
		}
	}
}

// isWorkbook tells a workbook of Excel from a sheet that was exported from it.
func isWorkbook(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0"))
}
