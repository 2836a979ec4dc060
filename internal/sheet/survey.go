package sheet

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/cell"
	"github.com/webexscim/bulk/internal/textfile"
)

// Check reads all rows once. It yields the operations in the order of the
// sheet, without their Data, and a *textfile.Error for each mistake, after
// which it continues as far as possible. A read error ends it. Lookups, Notes
// and Rows need a Check that came to its end.
func (s *Sheet) Check() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		s.index = index{ids: map[[8]byte]string{}}
		s.doubtful = [doubts]textfile.Places{}
		v := &survey{Sheet: s, place: map[nameKey]int{}, unused: slices.Clone(s.unused)}
		for row, err := range s.rows(v) {
			if !yield(row, err) {
				return
			}
		}
		s.checked, s.lookups = true, v.lookups()
		s.notes, s.warnings = s.columnNotes(v.unused)
		for _, c := range v.unused {
			if fault := s.checkUnused(c); fault != nil && !yield(Row{}, fault) {
				return
			}
		}
		if v.namesDeleted {
			s.checkDeleted(yield)
		}
	}
}

// checkDeleted refuses cells that name a user whom another row deletes. The row
// may stand below, so that this takes a reading of its own, which few sheets
// need.
func (s *Sheet) checkDeleted(yield func(Row, error) bool) {
	for rec, err := range s.records() {
		if err != nil {
			yield(Row{}, err)
			return
		}
		if rec.fault != nil || rec.operation == remove {
			continue
		}
		for i := range s.columns {
			c := &s.columns[i]
			who := s.cell(rec, c)
			row, ok := s.index.rows.get(digest(who))
			if c.kind != reference || who == "" || !ok || row.operation() != remove {
				continue
			}
			if !yield(Row{}, &textfile.Error{File: s.file.Name, Line: rec.line, Column: c.header, Value: who,
				Problem: fmt.Sprintf("a user whom line %d deletes", row.line()), Expected: "a user who is not deleted"}) {
				return
			}
		}
	}
}

// survey is the first reading of all rows. It fills the index, and finds the
// users and groups that the rows name and what people should know of the sheet.
type survey struct {
	*Sheet
	unused   []column  // what the ignored columns hold
	mentions []mention // in the order in which names are first used
	place    map[nameKey]int
	// namesDeleted says that a row names a user whom another row deletes.
	namesDeleted bool
}

// mention is a user or group that a row names: a Lookup, unless a row of the
// sheet creates it.
type mention struct {
	Lookup
	needed bool // even when the sheet has a row of that name
}

// nameKey is the type and the name of a mention.
type nameKey struct {
	group bool
	name  [8]byte
}

// noteUser adds a user whom a cell names, if it does.
func (v *survey) noteUser(who string) {
	if !isEmail(who) {
		return
	}
	name := digest(who)
	if row, ok := v.index.rows.get(name); ok && !v.groups {
		v.namesDeleted = v.namesDeleted || row.operation() == remove
		if row.operation() == create {
			return
		}
	}
	v.noteLookup(Lookup{"Users", who}, name, false)
}

func (v *survey) noteLookup(l Lookup, name [8]byte, needed bool) {
	key := nameKey{l.Type == "Groups", name}
	at, ok := v.place[key]
	if !ok {
		at = len(v.mentions)
		v.place[key] = at
		l.Name = strings.Clone(l.Name) // cells share the memory of their whole row
		v.mentions = append(v.mentions, mention{Lookup: l})
	}
	v.mentions[at].needed = v.mentions[at].needed || needed
}

// lookups are the mentions of users and groups that no row creates.
func (v *survey) lookups() (all []Lookup) {
	for _, m := range v.mentions {
		if _, created := v.groupRef(m.Name); created && m.Type == "Groups" {
			continue
		}
		if _, ok := v.inSheet(m.Lookup.Type, digest(m.Name)); m.needed || !ok {
			all = append(all, m.Lookup)
		}
	}
	return all
}

// add adds a row to the index, and the users and groups that it names to the
// mentions.
func (v *survey) add(rec *record) {
	for i := range v.unused {
		v.unused[i].holds |= contentsOf(rec.fields[v.unused[i].index])
	}
	v.index.add(rec, v.cell(rec, v.id), v.cell(rec, v.externalID))
	if rec.operation == remove && !v.groups {
		_, named := v.place[nameKey{name: rec.nameDigest}]
		v.namesDeleted = v.namesDeleted || named
	}
	if len(rec.faults) > 0 {
		return // no lookups and doubts for a row with mistakes
	}
	if rec.operation != create && v.cell(rec, v.id) == "" && v.isName(rec.name) {
		v.noteLookup(v.lookup(rec.name), rec.nameDigest, true)
	}
	if rec.operation == remove {
		return
	}
	for i := range v.columns {
		c := &v.columns[i]
		text := v.cell(rec, c)
		if text == "" {
			continue
		}
		v.doubtText(c, text, rec.line)
		switch c.kind {
		case references:
			v.noteMembers(text)
			v.splits = v.splits || rec.operation == create && splits(text)
		case reference:
			v.noteUser(text)
			if strings.EqualFold(text, rec.name) || strings.EqualFold(text, v.cell(rec, v.id)) {
				v.doubt(ownManager, rec.line)
			}
		default:
			v.doubtCell(c, text, rec.line)
		}
	}
}

// noteMembers adds the users whom a cell of members names.
func (v *survey) noteMembers(text string) {
	for who := range entriesOf(text) {
		who, _ = textfile.CutFold(who, additionMark)
		who, _ = textfile.CutFold(who, removalMark)
		v.noteUser(who)
	}
}

// checkUnused refuses an ignored column that looks like the column operation
// but has an unknown header, since an ignored "delete" would become a create.
// It also refuses a header that is probably misspelled.
func (s *Sheet) checkUnused(c column) *textfile.Error {
	if c.use != leftUnknown {
		return nil
	}
	e := &textfile.Error{File: s.file.Name, Line: s.headerLine, Column: c.header}
	near := s.likelyHeader(c.header)
	switch {
	case isService(c.header) && c.holds&deleteWords == 0 && !c.holdsChanges():
		return nil
	case c.holds&deleteWords != 0, c.holds != 0 && namesDelete(c.header), c.holdsChanges():
		e.Problem, e.Expected = "an unknown column that seems to hold operations", "the header operation, and create, update or delete in its cells"
	case saysActive[fold(c.header)] && c.holds != 0:
		e.Problem, e.Expected = "an unknown column that says who may sign in", "the header active, and true or false in its cells"
	case near != "":
		e.Problem, e.Expected = "an unknown column, likely a misspelled one", near
	default:
		return nil
	}
	e.Expected += "; or --ignore-column " + textfile.Quote(c.header) + " to ignore it"
	return e
}

// holdsChanges reports whether a column says to update, and nothing else.
func (c column) holdsChanges() bool {
	return c.holds&changeWords != 0 && c.holds&(switchWords|otherWords) == 0
}

// isSwitch reports whether a cell is empty or TRUE or FALSE, as in the columns
// of services and licenses.
func isSwitch(text string) bool { return contentsOf(text)&^switchWords == 0 }

// contents is the set of kinds of words in a column.
type contents uint8

const (
	switchWords contents = 1 << iota // TRUE and FALSE
	createWord
	changeWords // update, in any language
	deleteWords // delete likewise
	otherWords
)

// contentsOf returns the kind of a cell; 0 when it is empty.
func contentsOf(text string) contents {
	if text = strings.TrimFunc(text, cell.IsBlank); text == "" {
		return 0
	}
	if strings.EqualFold(text, "true") || strings.EqualFold(text, "false") {
		return switchWords
	}
	switch lower := strings.ToLower(text); {
	case lower == "create":
		return createWord
	case lower == "update", updateVerbs[lower]:
		return changeWords
	case deleteVerbs[lower]:
		return deleteWords
	}
	return otherWords
}
