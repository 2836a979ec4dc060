package sheet

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/apiid"
	"github.com/webexscim/bulk/internal/cell"
	"github.com/webexscim/bulk/internal/textfile"
)

// survey is the first reading of all rows. It fills the index, and finds the
// users and groups that the rows name, and the doubts about the sheet.
type survey struct {
	*reader
	index    *index
	ignored  []ignoredColumn
	mentions []Lookup         // of users and groups, in the order in which names are first used
	noted    map[nameKey]bool // the names in mentions
	doubtful doubtful
	splits   bool // a group has more members than one operation takes
	// namesDeleted says that a row names a user whom another row deletes.
	namesDeleted bool
}

// findings are the results of a survey.
type findings struct {
	lookups                 []Lookup
	notes, doubts, warnings []string // see the methods of Sheet
	splits                  bool     // see survey
}

// ignoredColumn is an ignored column and the kinds of its content.
type ignoredColumn struct {
	*column
	holds contents
}

// nameKey identifies a mention by its type and name.
type nameKey struct {
	group bool
	name  [8]byte
}

func newSurvey(r *reader, x *index) *survey {
	v := &survey{reader: r, index: x, noted: map[nameKey]bool{}}
	for _, c := range r.header.ignored {
		v.ignored = append(v.ignored, ignoredColumn{column: c})
	}
	return v
}

// records yields the rows of the sheet after it has noted them.
func (v *survey) records() iter.Seq2[*record, error] {
	return func(yield func(*record, error) bool) {
		for rec, err := range v.reader.records() {
			if err == nil && rec.fault == nil {
				v.add(rec)
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}

// add adds a row to the index, and the users and groups that it names to the
// mentions.
func (v *survey) add(rec *record) {
	for i := range v.ignored {
		v.ignored[i].holds |= contentsOf(rec.cells[v.ignored[i].index])
	}
	id, kind := rec.text(v.header.single[idColumn]), v.header.resources
	v.index.add(rec, id, rec.text(v.header.externalID))
	if rec.operation == remove && kind == users {
		v.namesDeleted = v.namesDeleted || v.noted[nameKey{name: rec.nameDigest}]
	}
	if len(rec.faults) > 0 {
		return // no lookups and doubts for a row with mistakes
	}
	if rec.operation != create && id == "" && kind.isName(rec.name) {
		v.note(kind.lookup(rec.name), rec.nameDigest)
	}
	if id != "" && !apiid.IsUUID(id) && !apiid.Is(id) {
		v.doubtful[oddID].Add(rec.line)
	}
	if rec.operation == remove {
		return
	}
	for _, c := range v.header.columns {
		text := rec.text(c)
		if text == "" {
			continue
		}
		v.doubtful.addText(c, text, rec.line)
		switch c.kind {
		case references:
			v.noteMembers(text)
			v.splits = v.splits || rec.operation == create && splits(text)
		case reference:
			v.noteUser(text)
			if strings.EqualFold(text, rec.name) || strings.EqualFold(text, id) {
				v.doubtful[ownManager].Add(rec.line)
			}
		default:
			v.doubtful.addCell(c, text, rec.line)
		}
	}
}

// noteMembers notes the users whom a cell of members names.
func (v *survey) noteMembers(text string) {
	for who := range entriesOf(text) {
		who, _ = textfile.CutFold(who, additionMark)
		who, _ = textfile.CutFold(who, removalMark)
		v.noteUser(who)
	}
}

// noteUser notes the user whom a cell names by address, if it does.
func (v *survey) noteUser(who string) {
	if !isEmail(who) {
		return
	}
	name := digest(who)
	if row, ok := v.index.rows.get(name); ok && v.header.resources == users {
		v.namesDeleted = v.namesDeleted || row.operation() == remove
		if row.operation() == create {
			return
		}
	}
	v.note(users.lookup(who), name)
}

func (v *survey) note(l Lookup, name [8]byte) {
	if key := (nameKey{l.Type == groups.path, name}); !v.noted[key] {
		v.noted[key] = true
		l.Name = strings.Clone(l.Name) // cells share the memory of their whole row
		v.mentions = append(v.mentions, l)
	}
}

// findings returns the result of the survey, once it came to its end.
func (v *survey) findings() findings {
	f := findings{splits: v.splits}
	for _, l := range v.mentions {
		if _, ok := v.index.idInSheet(l.Type, digest(l.Name)); !ok {
			f.lookups = append(f.lookups, l)
		}
	}
	f.notes, f.warnings = columnNotes(v.ignored)
	f.doubts = slices.Concat(v.doubtful.notes(), typeNotes(v.header.columns))
	f.notes = slices.Concat(f.notes, v.repeatNotes(), f.doubts)
	return f
}

// lateFaults yields the mistakes that show only after all rows were read.
func (v *survey) lateFaults() iter.Seq[error] {
	return func(yield func(error) bool) {
		for _, c := range v.ignored {
			if fault := v.checkIgnored(c); fault != nil && !yield(fault) {
				return
			}
		}
		if v.namesDeleted {
			v.checkDeleted(yield)
		}
	}
}

// checkDeleted yields an error for each cell that names a user whom another row
// deletes. That row may be further down, so all rows are read once more. Few
// sheets need this.
func (v *survey) checkDeleted(yield func(error) bool) {
	for rec, err := range v.reader.records() {
		if err != nil {
			yield(err)
			return
		}
		if rec.fault != nil || rec.operation == remove {
			continue
		}
		for _, c := range v.header.columns {
			who := rec.text(c)
			row, ok := v.index.rows.get(digest(who))
			if c.kind != reference || who == "" || !ok || row.operation() != remove {
				continue
			}
			problem := fmt.Sprintf("a user whom line %d deletes", row.line())
			if !yield(v.header.fault(rec.line, c, who, problem, "a user who is not deleted")) {
				return
			}
		}
	}
}

// checkIgnored returns an error for an ignored column of unknown header that
// probably holds operations, since an ignored "delete" would become a create,
// and for a header that is probably misspelled.
func (v *survey) checkIgnored(c ignoredColumn) error {
	if c.use != ignoredUnknown {
		return nil
	}
	problem, expected := "", ""
	near := v.header.resources.likelyHeader(c.header)
	switch {
	case isService(c.header) && c.holds&deleteWords == 0 && !c.holdsChanges():
		return nil
	case c.holds&deleteWords != 0, c.holds != 0 && namesDelete(c.header), c.holdsChanges():
		problem = "an unknown column that seems to hold operations"
		expected = "the header operation, and create, update or delete in its cells"
	case activeHeaders[fold(c.header)] && c.holds != 0:
		problem = "an unknown column that says who may sign in"
		expected = "the header active, and true or false in its cells"
	case near != "":
		problem, expected = "an unknown column, perhaps a misspelled one", near
	default:
		return nil
	}
	return v.header.fault(v.header.line, c.column, "", problem,
		expected+"; or --ignore-column "+textfile.Quote(c.header)+" to ignore it")
}

// holdsChanges reports whether the cells of a column are words for an update.
func (c ignoredColumn) holdsChanges() bool {
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
	changeWords // words for update, in any language
	deleteWords // words for delete, in any language
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
