package opfile

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strings"

	"github.com/webexscim/bulk/client"
)

// Lookup names a user or group of the organisation whose id is not in the input.
type Lookup struct {
	// Type is the kind of resource: Users or Groups.
	Type string
	// Name is the userName or the displayName, as it was first written. It is about a person.
	Name string
}

// Placeholder is what stands in for an id that was not looked up: the same for the same resource, in any case of its
// name, and never the id of a real one.
func (l Lookup) Placeholder() string {
	hash := hex.EncodeToString(digest(l.Name))
	return "00000000-0000-0000-" + hash[:4] + "-" + hash[4:16]
}

// digest is the hash by which names are told apart, without regard to case.
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

// index is what has to be known of all rows before one can be read for good. It holds no text but ids.
type index struct {
	rows map[uint64]entry  // by identity
	ids  map[uint64]string // of the rows that have an identity and an id
	byID map[uint64]uint32 // the line of each id
}

// entry is the first row of an identity.
type entry struct {
	line      uint32
	operation operation
}

// operation is what a row asks for.
type operation uint8

const (
	create operation = iota
	update
	remove
)

// operationNames are how the column operation writes them.
var operationNames = [...]string{"create", "update", "delete"}

// parseOperation reads the column operation; empty is create.
func parseOperation(text string) (operation, bool) {
	for op, name := range operationNames {
		if strings.EqualFold(text, name) {
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

// readOnce reads all rows to fill the index, and makes the notes and lookups.
func (s *sheet) readOnce(left []column) error {
	s.index = index{rows: make(map[uint64]entry), ids: make(map[uint64]string), byID: make(map[uint64]uint32)}
	var wishes []wish
	wished := make(map[wish]bool)
	used := make(map[int]bool) // the unknown columns that hold more than TRUE and FALSE
	for rec, err := range s.reader.records() {
		if err != nil {
			return err
		}
		if rec.fault != nil {
			continue
		}
		for _, w := range s.enter(rec) {
			folded := w
			folded.Name = strings.ToLower(w.Name)
			if !wished[folded] {
				wished[folded] = true
				wishes = append(wishes, w)
			}
		}
		for _, c := range left {
			if c.use == leftUnknown && !used[c.index] && !isSwitch(rec.fields[c.index]) {
				used[c.index] = true
			}
		}
	}
	s.keepLookups(wishes)
	s.notes = s.describe(left, used)
	return nil
}

// enter puts a row into the index, and returns whom it names.
func (s *sheet) enter(rec record) (wishes []wish) {
	op, _ := parseOperation(s.cell(rec, s.operations))
	name, id := s.cell(rec, s.identity), s.cell(rec, s.id)
	line := uint32(min(rec.line, math.MaxUint32))
	if name != "" {
		key := digestKey(name)
		if _, ok := s.index.rows[key]; !ok {
			s.index.rows[key] = entry{line, op}
			if id != "" {
				s.index.ids[key] = strings.Clone(id) // cells share the memory of their whole row
			}
		}
	}
	if key := digestKey(id); id != "" {
		if _, ok := s.index.byID[key]; !ok {
			s.index.byID[key] = line
		}
	}
	if op != create && id == "" && s.isName(name) {
		wishes = append(wishes, wish{s.lookup(strings.Clone(name)), true})
	}
	if op == remove {
		return wishes
	}
	for i := range s.columns {
		for _, who := range named(&s.columns[i], s.cell(rec, &s.columns[i])) {
			if isEmail(who) {
				wishes = append(wishes, wish{Lookup: Lookup{"Users", strings.Clone(who)}})
			}
		}
	}
	return wishes
}

// named returns the users whom a cell names.
func named(c *column, text string) []string {
	switch {
	case c.kind == references:
		return splitList(text)
	case c.kind == reference && text != "":
		return []string{text}
	}
	return nil
}

// keepLookups leaves out whom the sheet itself creates or knows the id of.
func (s *sheet) keepLookups(wishes []wish) {
	seen := make(map[Lookup]bool)
	for _, w := range wishes {
		folded := w.Lookup
		folded.Name = strings.ToLower(w.Name)
		if _, ok := s.own(w.Lookup); (w.needed || !ok) && !seen[folded] {
			seen[folded] = true
			s.lookups = append(s.lookups, w.Lookup)
		}
	}
}

// own returns what stands for a user whom the sheet creates or knows the id of.
func (s *sheet) own(l Lookup) (id string, ok bool) {
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

// lookup is the Lookup of a row that the sheet is about.
func (s *sheet) lookup(name string) Lookup {
	if s.groups {
		return Lookup{"Groups", name}
	}
	return Lookup{"Users", name}
}

// isName reports whether a row's identity can be looked up.
func (s *sheet) isName(name string) bool { return name != "" && (s.groups || isEmail(name)) }

// cell returns the trimmed cell of a column, "" where there is no such column.
func (s *sheet) cell(rec record, c *column) string {
	if c == nil {
		return ""
	}
	return strings.TrimFunc(rec.fields[c.index], isBlank)
}

// isSwitch reports whether a cell is empty or turns something on or off, as those of services and licences do.
func isSwitch(cell string) bool {
	cell = strings.TrimFunc(cell, isBlank)
	return cell == "" || strings.EqualFold(cell, "true") || strings.EqualFold(cell, "false")
}
