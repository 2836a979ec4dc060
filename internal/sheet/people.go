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

// bulkID makes the bulkId of a row. It is the same in every run, and does not
// show the name of a person.
func bulkID(prefix string, name [8]byte) string {
	return string(hex.AppendEncode(append(make([]byte, 0, 32), prefix...), name[:]))
}

// people holds the users and groups that rows can name: in the sheet, or in the
// organization, where they were looked up.
type people struct {
	index
	resolve func(Lookup) (id string, ok bool) // nil until Resolve
}

// id returns the reference to a user or group that a row creates, or else the
// id. Before Resolve it is the placeholder of the id.
func (p *people) id(l Lookup) (id string, ok bool) {
	if id, ok = p.idInSheet(l.Type, digest(l.Name)); ok {
		return id, true
	}
	if p.resolve == nil {
		return l.Placeholder(), true
	}
	id, ok = p.resolve(l)
	return id, ok && id != ""
}

// index holds the data about all rows that is needed to turn one row into
// operations, since a row may refer to a later one. Ids are its only texts.
type index struct {
	resources    *resources
	rows         digests            // by identity, the first row that has it
	ids          map[[8]byte]string // by identity, the ids of users whose rows have one
	byID         digests            // by id, the first row that has it
	byExternalID digests            // by externalId, the first row that has it
}

func newIndex(kind *resources) index { return index{resources: kind, ids: map[[8]byte]string{}} }

// add adds a row, unless it only changes members: a group may have many of
// these rows.
func (x *index) add(rec *record, id, externalID string) {
	if rec.membersOnly {
		return
	}
	row := newRowEntry(rec.line, rec.operation)
	if rec.name != "" && x.rows.add(rec.nameDigest, row) == row && id != "" && x.resources == users {
		x.ids[rec.nameDigest] = strings.Clone(id) // cells share the memory of their whole row
	}
	if id != "" {
		x.byID.add(digest(id), row)
	}
	if externalID != "" && rec.operation != remove {
		x.byExternalID.add(exactDigest(externalID), row)
	}
}

// idInSheet returns the reference to a user or group that a row creates, or the
// id of a user that another row has.
func (x *index) idInSheet(kind string, name [8]byte) (id string, ok bool) {
	row, ok := x.rows.get(name)
	switch {
	case !ok || kind != x.resources.path:
		return "", false
	case row.operation() == create:
		return client.Ref(bulkID(x.resources.prefix, name)), true
	}
	id, ok = x.ids[name]
	return id, ok
}

// rowEntry is a row in the index: its line, and in the last three bits its
// operation.
type rowEntry uint32

func newRowEntry(line int, op operation) rowEntry {
	return rowEntry(min(line, math.MaxUint32>>3)<<3) | rowEntry(op)
}

func (e rowEntry) line() int            { return int(e >> 3) }
func (e rowEntry) operation() operation { return operation(e & 7) }
