package sheet

import (
	"cmp"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/apiid"
	"github.com/webexscim/bulk/internal/cell"
	"github.com/webexscim/bulk/internal/textfile"
)

// changes returns the changes of all cells of a row that are not empty,
// including the identity if withIdentity is set.
func (b *builder) changes(withIdentity bool) []change {
	all := b.written[:0]
	for _, c := range b.header.columns {
		if c.use != attributeColumn || c.kind == identity && !withIdentity {
			continue
		}
		text := b.text(c)
		if text == "" {
			continue
		}
		changed, ok := b.change(c, text)
		if !ok {
			continue
		}
		if first := b.earlierColumn(all, changed); first != nil {
			b.fault(c, text, "the same attribute as in column "+textfile.Quote(first.header),
				"a value in only one of them")
			continue
		}
		all = append(all, changed)
	}
	b.written = all
	return all
}

// earlierColumn returns the column of an earlier change of the same target.
// Only parts of addresses can be repeated: by a column whose header has the
// type of the address, and by one whose type is in another cell.
func (b *builder) earlierColumn(all []change, c change) *column {
	if c.target.name != "addresses" {
		return nil
	}
	i := slices.IndexFunc(all, func(earlier change) bool { return earlier.target == c.target })
	if i < 0 {
		return nil
	}
	return all[i].column
}

// change reads one cell.
func (b *builder) change(c *column, text string) (change, bool) {
	to := change{column: c, target: c.target}
	before := len(b.faults)
	if isClearing(text) && !c.secret {
		if b.record.operation != update && !(b.record.operation == create && b.clears) || !c.clearable() {
			b.fault(c, text, "an attribute that cannot be cleared",
				"a value; REMOVE|* clears optional attributes in an update")
		}
		if c.target.name == "addresses" && c.target.filter == "" {
			to.target.filter = b.addressType()
		}
		to.clear = true
		return to, len(b.faults) == before
	}
	switch {
	case c.target.name == "addresses" && c.target.filter == "":
		to.target.filter = b.addressType()
		to.value = b.plain(c, text)
	case c.kind == phone:
		to.value, to.remove = b.phoneNumber(c, text)
	case c.kind == reference:
		who := b.objects.object()
		who.set("value", textValue(b.userReference(c, text)))
		to.value = otherValue(who)
	case c.kind == references:
		var all []member
		all, to.steps = b.members(c, text)
		to.value = otherValue(all[:min(len(all), maxMembers)])
	default:
		to.value = b.plain(c, text)
	}
	return to, len(b.faults) == before
}

// plain reads a cell whose value does not depend on other cells or rows.
func (b *builder) plain(c *column, text string) value {
	v, problem, expected := c.value(text)
	if problem != "" {
		b.fault(c, text, problem, expected)
	}
	return v
}

// phoneNumber reads a telephone number. gone reports that REMOVE| precedes it.
func (b *builder) phoneNumber(c *column, text string) (v value, gone bool) {
	number, gone := removal(text)
	switch {
	case gone && b.record.operation == create && b.clears:
		b.fault(c, text, "the removal of one number", "the number to keep, or REMOVE|* for none")
		return value{}, true
	case gone && b.record.operation == create:
		b.fault(c, text, "the removal of a number in a row that creates a user",
			"a number, or update in the column operation")
		return value{}, true
	case gone && number == "":
		b.fault(c, text, "no number after REMOVE|",
			"the number to remove, such as REMOVE|+1 555 0100, or REMOVE|* for any")
		return value{}, true
	}
	return b.plain(c, number), gone
}

// addressTypes maps words for types of addresses, such as those of Control Hub,
// to the types of SCIM.
var addressTypes = map[string]string{
	"": "work", "office": "work", "work": "work", "business": "work", "home": "home", "other": "other",
}

// addressType returns the type of the row's address. A mistake in it is
// reported once, however many parts the address has.
func (b *builder) addressType() string {
	c := b.header.single[addressTypeColumn]
	text := b.text(c)
	t, ok := addressTypes[strings.ToLower(text)]
	told := slices.ContainsFunc(b.faults, func(e *textfile.Error) bool { return c != nil && e.Column == c.header })
	if !ok && !told {
		b.fault(c, text, "unknown type of address", "Office, Home or Other")
	}
	return cmp.Or(t, "work")
}

// userReference returns the value of a reference to a user: the row that
// creates the user, or an id.
func (b *builder) userReference(c *column, who string) string {
	who, fault := idOf(who, apiid.People)
	switch {
	case fault != nil:
		b.fault(c, who, fault.Problem, fault.Expected)
		return ""
	case apiid.IsUUID(who):
		return who
	}
	if problem := notUser(who); problem != "" {
		expected := "the email address of a user of " + b.header.resources.people
		if isRemoval(who) {
			expected = "the new manager, or REMOVE|* to have none"
		}
		b.fault(c, who, problem, expected)
		return ""
	}
	if b.checking {
		return ""
	}
	if b.header.resources == groups {
		return b.find(c, users.lookup(who), "no user of the organization has this userName", "the email address of one")
	}
	return b.find(c, users.lookup(who), "neither in this sheet nor in the organization",
		"the email address of a user of one of them")
}

// notUser returns why a text that is not an id cannot name a user, "" if it
// can.
func notUser(who string) (problem string) {
	switch {
	case isRemoval(who):
		return removalProblem
	case cell.IsFormula(who):
		return cell.FormulaProblem
	}
	problem, _ = emailProblem(who)
	return problem
}

// clearable reports whether a resource can be without the column's attribute.
func (c *column) clearable() bool {
	switch c.target.name {
	case "active", "userType", "userName", "password":
		return false
	}
	return c.kind != identity
}
