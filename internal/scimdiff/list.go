package scimdiff

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/fold"
)

// isSlotted reports whether a multi-valued attribute usually has one value of
// each type, so that a new work telephone replaces the present one. The values
// of all other lists form a set: roles, members, entitlements.
func isSlotted(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "emails", "phonenumbers", "ims", "photos", "addresses", "sipaddresses":
		return true
	}
	return strings.HasPrefix(name, "externalattribute") || strings.HasPrefix(name, "extensionattribute")
}

// element is one value of a multi-valued attribute.
type element struct {
	raw    json.RawMessage
	object object // nil for a value without sub-attributes
	paired bool   // with an element of the other list
}

func elements(raw json.RawMessage) (all []element) {
	list := []json.RawMessage{raw}
	if isList(raw) {
		_ = json.Unmarshal(raw, &list)
	}
	for _, e := range list {
		if !IsNothing(e) {
			o, _ := members(e)
			all = append(all, element{raw: e, object: o})
		}
	}
	return all
}

// slotKey names the sub-attribute that distinguishes the values.
func slotKey(name string) string {
	if strings.HasPrefix(strings.ToLower(name), "externalattribute") {
		return "source"
	}
	return "type"
}

// text returns the value of a sub-attribute, or "" if it is not a string.
func (e element) text(sub string) (text string) {
	_ = json.Unmarshal(e.object.get(sub), &text)
	return text
}

// value returns the attribute value of an element, or the element if it has no
// sub-attributes.
func (e element) value() json.RawMessage {
	if e.object == nil {
		return e.raw
	}
	return e.object.get("value")
}

// key identifies an element of a set; "" if it has no value.
func (e element) key(name string) string {
	var text string
	switch value := e.value(); {
	case IsNothing(value):
		return ""
	case json.Unmarshal(value, &text) == nil:
		return `"` + form(name, text)
	default:
		return string(value)
	}
}

func (c *comparison) list(path, name string, given, stored []element) {
	if isSlotted(name) {
		c.slots(path, name, given, stored)
		return
	}
	if strings.EqualFold(name, "accountStatus") && len(stored) == 0 {
		return // Webex seldom returns it
	}
	c.setOf(path, name, given, stored)
}

// setOf compares lists whose elements form a set.
func (c *comparison) setOf(path, name string, given, stored []element) {
	have := make(map[string][]element, len(stored))
	for _, e := range stored {
		have[e.key(name)] = append(have[e.key(name)], e)
	}
	want := make(map[string]bool, len(given))
	var missing []json.RawMessage
	for _, e := range given {
		key := e.key(name)
		if key == "" {
			if !holds(have[key], e) {
				missing = append(missing, e.raw)
			}
			continue
		}
		if len(have[key]) == 0 && !want[key] {
			missing = append(missing, e.raw)
		}
		want[key] = true
	}
	c.add(path, missing)
	if !c.opt.ExactMembers || !strings.EqualFold(name, "members") {
		return
	}
	for _, e := range stored {
		if key := e.key(name); key != "" && !want[key] {
			c.note(path+selector("value", e.text("value")), e.raw, nil)
		}
	}
}

func holds(list []element, e element) bool {
	return slices.ContainsFunc(list, func(other element) bool { return fold.SameJSON(e.raw, other.raw) })
}

// slots compares lists that usually have one element of each type. An element
// that differs replaces the stored one if both lists have exactly one of the
// type. Otherwise it is added, and all stored elements stay.
func (c *comparison) slots(path, name string, given, stored []element) {
	given = slices.CompactFunc(given, func(a, b element) bool { return string(a.raw) == string(b.raw) })
	for i := range given {
		for k := range stored {
			if c.isSame(name, given[i], stored[k]) {
				given[i].paired, stored[k].paired = true, true
			}
		}
	}
	var missing []json.RawMessage
	for i, e := range given {
		if e.paired {
			continue
		}
		other := only(name, e, stored)
		switch {
		case other >= 0 && !stored[other].paired && only(name, e, given) == i &&
			(len(stored) == 1 || stored[other].text(slotKey(name)) != ""):
			c.element(path, name, e, stored[other])
		case !isEmpty(name, e):
			missing = append(missing, e.raw)
		}
	}
	c.add(path, missing)
}

// add adds elements to a list.
func (c *comparison) add(path string, missing []json.RawMessage) {
	if len(missing) > 0 {
		c.note(path, nil, join(missing))
	}
}

// only returns the index of the only element in a list that has the type of e,
// or -1 if there is none or more than one. An element without a type matches
// any type.
func only(name string, e element, list []element) int {
	at := -1
	for i, other := range list {
		if !sameType(name, e, other) {
			continue
		}
		if at >= 0 {
			return -1
		}
		at = i
	}
	return at
}

func sameType(name string, a, b element) bool {
	x, y := fold.Fold(a.text(slotKey(name))), fold.Fold(b.text(slotKey(name)))
	return x == y || x == "" || y == ""
}

// isSame reports whether a stored element has all given sub-attributes.
func (c *comparison) isSame(name string, given, stored element) bool {
	if !sameType(name, given, stored) {
		return false
	}
	if given.object == nil || stored.object == nil {
		return equal(name, given.value(), stored.value())
	}
	for sub, value := range given.object {
		other := stored.object.get(sub)
		if IsNothing(value) && c.opt.Clear && !IsNothing(other) || !IsNothing(value) && differs(name, sub, value, other) {
			return false
		}
	}
	return !isEmpty(name, given)
}

// differs compares a sub-attribute of an element. Without a given primary
// value, the service chooses one.
func differs(name, sub string, given, stored json.RawMessage) bool {
	switch {
	case isAddition(sub), strings.EqualFold(sub, slotKey(name)):
		return false
	case strings.EqualFold(sub, "primary"):
		return string(given) == "true" && string(stored) == "false"
	case strings.EqualFold(sub, "value"):
		return !equal(name, given, stored)
	}
	return !equal(sub, given, stored)
}

// isEmpty reports whether an element has nothing but its type and primary.
func isEmpty(name string, e element) bool {
	for sub, value := range e.object {
		if !strings.EqualFold(sub, slotKey(name)) && !strings.EqualFold(sub, "primary") && !IsNothing(value) {
			return false
		}
	}
	return e.object != nil
}

// element changes a stored element into the given one.
func (c *comparison) element(path, name string, given, stored element) {
	kind := stored.text(slotKey(name))
	switch {
	case kind == "" && isEmpty(name, given):
		return
	case kind == "" || given.object == nil: // no sub-attribute can select it
		c.set(path, join([]json.RawMessage{stored.raw}), join([]json.RawMessage{given.raw}))
		return
	}
	path += selector(slotKey(name), kind)
	if value, ok := given.object["value"]; ok && isEmpty(name, given) {
		if IsNothing(value) {
			c.clear(path, stored.raw)
		}
		return
	}
	for _, sub := range given.object.names() {
		value, other := given.object[sub], stored.object.get(sub)
		switch {
		case IsNothing(value):
			c.clear(path+"."+sub, other)
		case differs(name, sub, value, other):
			c.set(path+"."+sub, other, value)
		}
	}
}

// selector is a filter that selects an element by a sub-attribute (RFC 7644
// section 3.5.2).
func selector(sub, value string) string {
	return "[" + sub + " eq " + string(encode(value)) + "]"
}

// join returns a JSON array of values, unchanged.
func join(list []json.RawMessage) json.RawMessage { return encode(list) }
