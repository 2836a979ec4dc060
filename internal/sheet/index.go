package sheet

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"regexp"
	"strings"

	"github.com/webexscim/bulk/client"
)

// Lookup names a user or group of the organization whose id is not in the
// input.
type Lookup struct {
	// Type is the kind of resource: Users or Groups.
	Type string
	// Name is the userName or the displayName as it was first written. It is
	// personal data.
	Name string
}

// Placeholder is the text used instead of an id that was not looked up. It is
// equal for equal names without regard to case, and never equals the id of a
// real resource.
func (l Lookup) Placeholder() string {
	sum := digest(l.Name)
	hash := hex.EncodeToString(sum[:])
	return "00000000-0000-0000-" + hash[:4] + "-" + hash[4:16]
}

// PlaceholderForm matches what Placeholder returns.
var PlaceholderForm = regexp.MustCompile(`00000000-0000-0000-[0-9a-f]{4}-[0-9a-f]{12}`)

// digest is a hash of a name, without regard to case.
func digest(name string) [8]byte { return exactDigest(strings.ToLower(name)) }

// exactDigest is a hash of a text.
func exactDigest(text string) [8]byte {
	sum := sha256.Sum256([]byte(text))
	return [8]byte(sum[:8])
}

// bulkID makes a bulkId that is the same in every run and does not show a
// person's name.
func bulkID(prefix string, name [8]byte) string {
	return string(hex.AppendEncode(append(make([]byte, 0, 32), prefix...), name[:]))
}

// index holds the data about all rows that is needed to turn one row into
// operations, for a row may refer to a later one. Ids are the only text in it.
type index struct {
	rows         digests            // by identity, the first row that has it
	ids          map[[8]byte]string // of the rows that have an identity and an id
	byID         digests            // the first row with an id
	byExternalID digests            // and with an externalId
}

// add enters a row. One that changes members alone stands for no resource.
func (x *index) add(rec *record, id, externalID string) {
	if rec.membersOnly {
		return
	}
	row := newEntry(rec.line, rec.operation)
	if rec.name != "" && x.rows.add(rec.nameDigest, row) == row && id != "" {
		x.ids[rec.nameDigest] = strings.Clone(id) // cells share the memory of their whole row
	}
	if id != "" {
		x.byID.add(digest(id), row)
	}
	if externalID != "" && rec.operation != remove {
		x.byExternalID.add(exactDigest(externalID), row)
	}
}

// entry is a row in the index: its line, and its operation in the last three
// bits.
type entry uint32

func newEntry(line int, op operation) entry {
	return entry(min(line, math.MaxUint32>>3)<<3) | entry(op)
}

func (e entry) line() int            { return int(e >> 3) }
func (e entry) operation() operation { return operation(e & 7) }

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

// isOperation reports whether the column operation may have a text.
func (s *Sheet) isOperation(text string) bool {
	_, ok := s.parseOperation(text)
	return ok
}

// parseOperation reads the column operation; empty is create.
func (s *Sheet) parseOperation(text string) (operation, bool) {
	for op, name := range operationNames {
		if strings.EqualFold(text, name) && (s.groups || operation(op) <= remove) {
			return operation(op), true
		}
	}
	return create, text == ""
}

// inSheet returns the reference to a user whom the sheet creates, or the id if
// the sheet has it.
func (s *Sheet) inSheet(kind string, user [8]byte) (id string, ok bool) {
	if s.groups || kind != "Users" {
		return "", false
	}
	switch row, ok := s.index.rows.get(user); {
	case !ok:
		return "", false
	case row.operation() == create:
		return client.Ref(bulkID(users.prefix, user)), true
	}
	id, ok = s.index.ids[user]
	return id, ok
}

// groupRef refers to a group that the sheet creates.
func (s *Sheet) groupRef(name string) (ref string, ok bool) {
	key := digest(name)
	row, ok := s.index.rows.get(key)
	if !s.groups || !ok || row.operation() != create {
		return "", false
	}
	return client.Ref(bulkID(groups.prefix, key)), true
}

// lookup returns the Lookup of the resource of a row.
func (s *Sheet) lookup(name string) Lookup { return Lookup{s.resources().path, name} }

// isName reports whether a row's identity can be looked up.
func (s *Sheet) isName(name string) bool { return name != "" && (s.groups || isEmail(name)) }
