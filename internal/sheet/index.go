package sheet

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/maphash"
	"math"
	"regexp"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/cell"
	"github.com/webexscim/bulk/internal/textfile"
)

// Lookup names a user or group of the organization whose id is not in the input.
type Lookup struct {
	// Type is the kind of resource: Users or Groups.
	Type string
	// Name is the userName or the displayName as it was first written. It is personal data.
	Name string
}

// Placeholder is the text used instead of an id that was not looked up. It is
// equal for equal names without regard to case, and never equals the id of a
// real resource.
func (l Lookup) Placeholder() string {
	hash := hex.EncodeToString(digest(l.Name))
	return "00000000-0000-0000-" + hash[:4] + "-" + hash[4:16]
}

// PlaceholderForm matches what Placeholder returns.
var PlaceholderForm = regexp.MustCompile(`00000000-0000-0000-[0-9a-f]{4}-[0-9a-f]{12}`)

// digest is a hash of a name, without regard to case.
func digest(name string) []byte {
	sum := sha256.Sum256([]byte(strings.ToLower(name)))
	return sum[:8]
}

// bulkID makes a bulkId that is the same in every run and does not show a person's name.
func bulkID(prefix, name string) string { return prefix + hex.EncodeToString(digest(name)) }

const (
	userPrefix  = "user-"
	groupPrefix = "group-"
)

// digestKey is digest as a key of maps.
func digestKey(name string) uint64 { return binary.BigEndian.Uint64(digest(name)) }

// exactly encodes a text so that digest distinguishes upper and lower case.
func exactly(text string) string { return hex.EncodeToString([]byte(text)) }

// index holds the data about all rows that is needed to turn one row into
// operations. Ids are the only text in it.
type index struct {
	rows         map[uint64]entry  // by identity
	ids          map[uint64]string // of the rows that have an identity and an id
	byID         map[uint64]uint32 // the line of each id
	byExternalID map[uint64]uint32 // and of each externalId
}

// entry is the first row with an identity.
type entry struct {
	line      uint32
	operation operation
}

// operation is the kind of operation of a row.
type operation uint8

const (
	create operation = iota
	update
	remove
	addMembers    // of groups
	removeMembers // likewise
)

// operationNames are the words of the column operation.
var operationNames = [...]string{"create", "update", "delete", "add", "remove"}

// parseOperation reads the column operation; empty is create.
func (s *Sheet) parseOperation(text string) (operation, bool) {
	for op, name := range operationNames {
		if strings.EqualFold(text, name) && (s.groups || operation(op) <= remove) {
			return operation(op), true
		}
	}
	return create, text == ""
}

// wish is a Lookup that may turn out not to be needed.
type wish struct {
	Lookup
	needed bool // even when the sheet has a row of that name
}

// wishes are the users and groups that the rows name, each once, in the order
// in which they are first named.
type wishes struct {
	list  []wish
	seed  maphash.Seed
	place map[uint64]int // of each in the list, by its hash
}

// user adds a user whom a cell names, if it does.
func (w *wishes) user(who string) {
	if isEmail(who) {
		w.add(Lookup{"Users", who}, false)
	}
}

func (w *wishes) add(l Lookup, needed bool) {
	key := maphash.Comparable(w.seed, Lookup{l.Type, strings.ToLower(l.Name)})
	at, ok := w.place[key]
	if !ok {
		at = len(w.list)
		w.place[key] = at
		l.Name = strings.Clone(l.Name) // cells share the memory of their whole row
		w.list = append(w.list, wish{Lookup: l})
	}
	w.list[at].needed = w.list[at].needed || needed
}

// readOnce reads all rows to fill the index, and makes the notes and lookups.
func (s *Sheet) readOnce(left []column) error {
	s.index = index{rows: make(map[uint64]entry), ids: make(map[uint64]string), byID: make(map[uint64]uint32), byExternalID: make(map[uint64]uint32)}
	named := wishes{seed: maphash.MakeSeed(), place: make(map[uint64]int)}
	for rec, err := range s.records() {
		if err != nil {
			return err
		}
		if rec.fault != nil {
			continue
		}
		s.enter(rec, &named)
		for i := range left {
			left[i].holds |= contentsOf(rec.fields[left[i].index])
		}
	}
	for _, w := range named.list {
		if _, created := s.groupRef(w.Name); created && w.Type == "Groups" {
			continue
		}
		if _, ok := s.own(w.Lookup); w.needed || !ok {
			s.lookups = append(s.lookups, w.Lookup)
		}
	}
	s.notes, s.unheard = s.describe(left)
	return s.overlooked(left)
}

// overlooked refuses a column that looks like the column operation but has an
// unknown header, since an ignored "delete" would become a create. It also
// refuses a header that is probably misspelled.
func (s *Sheet) overlooked(left []column) error {
	var wrong textfile.Errors
	for _, c := range left {
		if c.use != leftUnknown {
			continue
		}
		e := &textfile.Error{File: s.file.Name, Line: s.headerLine, Column: c.header}
		ignore := "; or --ignore-column " + textfile.Quote(c.header) + " to leave it alone"
		near := s.meant(c.header)
		switch {
		case c.holds&deleteWords != 0 || c.holds != 0 && namesDelete(c.header) && !isService(c.header) || c.holds&changeWords != 0 && c.holds&(switchWords|otherWords) == 0:
			e.Problem, e.Expected = "an unknown column of operations", "operation as its header, and create, update or delete in it"+ignore
		case saysActive[fold(c.header)] && c.holds != 0:
			e.Problem, e.Expected = "an unknown column that says who may sign in", "active as its header, and true or false in it"+ignore
		case near != "" && !isService(c.header):
			e.Problem, e.Expected = "an unknown column, likely a misspelled one", near+ignore
		default:
			continue
		}
		wrong.Add(e)
	}
	return wrong.Err()
}

// enter adds a row to the index, and the users and groups that it names to the wishes.
func (s *Sheet) enter(rec record, all *wishes) {
	op, _ := s.parseOperation(s.cell(rec, s.operations))
	name, id := s.cell(rec, s.identity), s.cell(rec, s.id)
	line := uint32(min(rec.line, math.MaxUint32))
	members := s.isMemberRow(rec)
	if name != "" && !members {
		key := digestKey(name)
		if _, ok := s.index.rows[key]; !ok {
			s.index.rows[key] = entry{line, op}
			if id != "" {
				s.index.ids[key] = strings.Clone(id)
			}
		}
	}
	if !members {
		enterFirst(s.index.byID, id, line)
	}
	if op != remove && !members {
		enterFirst(s.index.byExternalID, exactly(s.cell(rec, s.externalID)), line)
	}
	if len(rec.faults) > 0 {
		return // no lookups and doubts for a row with mistakes
	}
	if op != create && id == "" && s.isName(name) {
		all.add(s.lookup(name), true)
	}
	if op == remove {
		return
	}
	for i := range s.columns {
		c := &s.columns[i]
		who := s.cell(rec, c)
		s.doubtText(c, who, line)
		switch {
		case who == "":
		case c.kind == references:
			for one := range entriesOf(who) {
				one, _ = textfile.CutFold(one, additionMark)
				one, _ = textfile.CutFold(one, removalMark)
				all.user(one)
			}
			s.splits = s.splits || op == create && splits(who)
		case c.kind == reference:
			all.user(who)
			if strings.EqualFold(who, name) || strings.EqualFold(who, id) {
				s.doubt(ownManager, line)
			}
		default:
			s.doubtCell(c, who, line)
		}
	}
}

// enterFirst notes the first line that has a text.
func enterFirst(lines map[uint64]uint32, text string, line uint32) {
	key := digestKey(text)
	if _, ok := lines[key]; !ok && text != "" {
		lines[key] = line
	}
}

// own returns the reference to a user whom the sheet creates, or the id if the
// sheet has it.
func (s *Sheet) own(l Lookup) (id string, ok bool) {
	if s.groups || l.Type != "Users" {
		return "", false
	}
	key := digestKey(l.Name)
	row, ok := s.index.rows[key]
	switch {
	case !ok:
		return "", false
	case row.operation == create:
		return client.Ref(bulkID(userPrefix, l.Name)), true
	}
	id, ok = s.index.ids[key]
	return id, ok
}

// lookup returns the Lookup of the resource of a row.
func (s *Sheet) lookup(name string) Lookup {
	if s.groups {
		return Lookup{"Groups", name}
	}
	return Lookup{"Users", name}
}

// isName reports whether a row's identity can be looked up.
func (s *Sheet) isName(name string) bool { return name != "" && (s.groups || isEmail(name)) }

// cell returns the text of a cell, or "" if there is no such column.
func (s *Sheet) cell(rec record, c *column) string {
	if c == nil {
		return ""
	}
	return rec.texts[c.index]
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
