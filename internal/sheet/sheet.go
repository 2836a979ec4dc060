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
//
// A Sheet consists of a header, which gives each column its use; a reader of
// rows; the people that rows can name; and the findings of the first reading. A
// survey is the first reading, a builder turns each row into operations, a
// copier writes rows again. A Writer needs only a header: it writes resources
// as a sheet, and WriteActions writes operations as one.
package sheet

import (
	"bytes"
	"errors"
	"io"
	"iter"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/table"
	"github.com/webexscim/bulk/internal/textfile"
)

// Sheet is a table of users or of groups, whose header is understood. It is not
// for use by several goroutines at once.
type Sheet struct {
	reader
	people people
	clears bool // see Options
	whole  bool // see Options

	checked bool // Check came to its end
	found   findings
}

// Row is one operation and its place in the sheet.
type Row struct {
	// Line is the line of the file where the row begins, from 1.
	Line int
	// Operation is the operation of the row. Its Data is nil or a
	// json.RawMessage.
	Operation client.Operation
	// Name is the name of the resource for people: the userName of a user, the
	// displayName of a group, or else its id. It is about a person.
	Name string
	// Version is the VersionOf the resource when the row was written;
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
	// members are an empty list. It is for rows that describe the wanted state.
	Clear bool
	// Whole refuses a row that creates a group with so many members that it
	// takes several operations: if the group exists already and is to stay
	// unchanged, those after the first would change it.
	Whole bool
}

// Open reads the header of a sheet. Mistakes in it are a *textfile.Error or
// *textfile.Errors.
func Open(file *textfile.File, o Options) (*Sheet, error) {
	h := &header{file: file.Name, style: table.StyleOf(o.Head, o.Tabs)}
	if isWorkbook(o.Head) {
		return nil, h.fault(0, nil, "", "an Excel workbook", "its sheet saved as CSV UTF-8 or as Unicode text")
	}
	t, err := openTable(file, h.style)
	if err != nil {
		return nil, err
	}
	h.cells, h.line, err = t.Header()
	switch {
	case errors.Is(err, io.EOF):
		return nil, h.fault(0, nil, "", "an empty file", "a header, and rows below it")
	case err != nil:
		if fault := h.unreadable(h.line, err); fault != nil {
			return nil, fault
		}
		return nil, file.Broken(err)
	}
	if err := h.check(); err != nil {
		return nil, err
	}
	h.resources = resourcesOf(h.cells, o.Ignore)
	if err := h.understand(o.Ignore); err != nil {
		return nil, err
	}
	return &Sheet{reader: reader{file: file, header: h}, clears: o.Clear, whole: o.Whole}, nil
}

// isWorkbook tells a workbook of Excel from a sheet that was exported from it.
func isWorkbook(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0"))
}

// Check reads all rows once. It yields the operations in the order of the
// sheet, without their Data, and a *textfile.Error for each mistake, after
// which it continues as far as possible. A read error ends it. Lookups, Notes
// and Rows need a Check that came to its end.
func (s *Sheet) Check() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		s.people.index = newIndex(s.header.resources)
		v := newSurvey(&s.reader, &s.people.index)
		b := builder{header: s.header, people: &s.people, clears: s.clears, whole: s.whole, checking: true}
		for row, err := range rowsOf(b.batches(v.records())) {
			if !yield(row, err) {
				return
			}
		}
		s.checked, s.found = true, v.findings()
		for err := range v.lateFaults() {
			if !yield(Row{}, err) {
				return
			}
		}
	}
}

// Lookups returns the users and groups that the rows name and do not create,
// each once, in the order in which they are first named. The caller looks up
// their ids in the organization for Resolve.
func (s *Sheet) Lookups() []Lookup { return s.found.lookups }

// Resolve sets the function by which Rows finds the ids of Lookups. A row whose
// id it does not know is an error. Before Resolve is called, Rows writes each
// Lookup's Placeholder instead of the id, which is enough to check the rows or
// to show a plan.
func (s *Sheet) Resolve(id func(Lookup) (id string, ok bool)) { s.people.resolve = id }

// Notes returns remarks about the sheet, one line each: the ignored columns
// with the reason, and values that a service may refuse.
func (s *Sheet) Notes() []string { return s.found.notes }

// Doubts returns the Notes about values that a service may refuse.
func (s *Sheet) Doubts() []string { return s.found.doubts }

// Warnings returns the Notes that are shown even with --quiet: columns whose
// header or content was not understood, so that their content is not sent.
func (s *Sheet) Warnings() []string { return s.found.warnings }

// HasConditions reports whether rows have conditions: Row.Version or
// Row.Expected.
func (s *Sheet) HasConditions() bool {
	return s.header.single[versionColumn] != nil || s.header.single[expectedColumn] != nil
}

// Rows yields the operations in the order of the sheet, and a *textfile.Error
// for each row that cannot be sent, such as one that names somebody whom
// Resolve does not know. A read error ends it. It can be ranged over again.
func (s *Sheet) Rows() iter.Seq2[Row, error] { return rowsOf(s.batches()) }

// errUnchecked is returned by Rows and Copy before Check.
var errUnchecked = errors.New("the sheet was not checked")

// batches yields the operations of a sheet that was checked.
func (s *Sheet) batches() iter.Seq2[batch, error] {
	return func(yield func(batch, error) bool) {
		if !s.checked {
			yield(batch{}, errUnchecked)
			return
		}
		b := builder{header: s.header, people: &s.people, clears: s.clears, whole: s.whole}
		b.batches(s.records())(yield)
	}
}

// rowsOf yields the operations of batches.
func rowsOf(batches iter.Seq2[batch, error]) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for b, err := range batches {
			if err != nil && !yield(Row{}, err) {
				return
			}
			for _, row := range b.rows {
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}
