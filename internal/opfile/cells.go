package opfile

import (
	"cmp"
	"slices"
	"strings"
)

// changes reads the cells of a row that are not empty, in the order of their paths, so that the order of the columns
// does not matter. The identity is among them when it is to be written.
func (b *builder) changes(withIdentity bool) []change {
	var all []change
	from := make(map[string]string)
	for i := range b.columns {
		c := &b.columns[i]
		text := b.cell(b.record, c)
		if c.use != setsAttribute || text == "" || c.kind == identity && !withIdentity {
			continue
		}
		changed, ok := b.change(c, text)
		if !ok {
			continue
		}
		path := changed.target.path()
		if first, ok := from[path]; ok {
			b.fault(c, text, "column "+quote(first)+" says the same", "one of them empty")
			continue
		}
		from[path] = c.header
		all = append(all, changed)
	}
	slices.SortFunc(all, func(x, y change) int { return cmp.Compare(x.target.path(), y.target.path()) })
	return all
}

// change reads one cell.
func (b *builder) change(c *column, text string) (change, bool) {
	to := change{target: c.target}
	before := len(b.faults)
	switch {
	case c.target.name == "addresses" && c.target.filter == "":
		to.target.filter = b.addressType()
		to.value = b.plain(c, text)
	case c.kind == phone:
		number, gone := removal(text)
		if gone {
			to.remove = true
			b.removable(c, text)
		} else {
			to.value = b.plain(c, number)
		}
	case c.kind == reference:
		to.value = map[string]any{"value": b.user(c, text)}
	case c.kind == references:
		to.value = b.members(c, text)
	default:
		to.value = b.plain(c, text)
	}
	return to, len(b.faults) == before
}

// plain reads a cell that stands for itself.
func (b *builder) plain(c *column, text string) any {
	value, problem, expected := b.value(c, text)
	if problem != "" {
		b.fault(c, text, problem, expected)
	}
	return value
}

// removable refuses REMOVE| for a user who is only created.
func (b *builder) removable(c *column, text string) {
	if op, _ := parseOperation(b.cell(b.record, b.operations)); op == create {
		b.fault(c, text, "a number to be removed from a user who is created", "a number, or update in a column operation")
	}
}

// addressTypes are the types of addresses in SCIM, and how Control Hub calls them.
var addressTypes = map[string]string{"": "work", "office": "work", "work": "work", "business": "work", "home": "home", "other": "other"}

// addressType reads the type of the row's address. What is wrong with it is said once, however many parts it has.
func (b *builder) addressType() string {
	text := b.cell(b.record, b.addresses)
	t, ok := addressTypes[strings.ToLower(text)]
	told := slices.ContainsFunc(b.faults, func(e *Error) bool { return b.addresses != nil && e.Column == b.addresses.header })
	if !ok && !told {
		b.fault(b.addresses, text, "unknown type of address", "Office, Home or Other")
	}
	return cmp.Or(t, "work")
}

// user returns what refers to a user: the row that creates them, or an id.
func (b *builder) user(c *column, who string) string {
	l := Lookup{"Users", who}
	if isUUID(who) {
		return who
	}
	if !isEmail(who) {
		b.fault(c, who, "not an email address", "the email address of a user of this sheet or of the organisation")
		return ""
	}
	if id, ok := b.own(l); ok {
		return id
	}
	if b.groups {
		return b.find(c, l, "no user of the organisation has this userName", "the email address of one")
	}
	return b.find(c, l, "neither in this sheet nor in the organisation", "the email address of a user of one of them")
}

// member is an element of a group's members.
type member struct {
	Value string `json:"value"`
	Type  string `json:"type"`
}

func (b *builder) members(c *column, text string) []member {
	var all []member
	for _, who := range splitList(text) {
		all = append(all, member{b.user(c, who), "user"})
	}
	return all
}
