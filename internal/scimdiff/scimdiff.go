// Package scimdiff compares given attributes with a stored resource, and
// returns the PATCH that gives the resource these attributes.
//
//	differences, err := scimdiff.Compare(given, stored, scimdiff.Options{})
//	if len(differences) > 0 {
//		body := scimdiff.Patch(differences) // changes only the attributes that differ
//	}
//
// Two values are equal by meaning: texts after Unicode composition, trimming,
// and folding of case (the schemas of Webex and RFC 7643 declare nearly all
// texts caseExact false, so a service need not keep their case; externalId and
// addresses of web pages keep it), telephone numbers without their visual
// separators (RFC 3966), numbers by value. Values of multi-valued attributes
// have no order.
//
// Attributes that were not given stay unchanged. So does everything that a
// service adds by itself: schemas, id, meta, groups, provisionSource, display,
// formatted, $ref, the displayName of a manager, primary and the type of a
// value where they were not given, and additional values. A password cannot be
// read, so it is not compared and not changed.
//
// Shows and MayAddTwice tell what a given PATCH does.
package scimdiff

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/fold"
	"github.com/webexscim/bulk/internal/rawjson"
)

// AttributeDifference is an attribute whose given value differs from the stored
// one.
type AttributeDifference struct {
	// Path is the path of a PATCH, such as emails[type eq "work"].value.
	Path string
	// Old is the stored value, nil if there is none or if New is added to a
	// list. New is the given value, nil if the attribute is to be removed.
	Old, New json.RawMessage
}

// op returns the operation of a PATCH that removes the difference (RFC 7644
// section 3.5.2).
func (d AttributeDifference) op() string {
	switch {
	case d.New == nil:
		return "remove"
	case d.Old == nil:
		return "add"
	}
	return "replace"
}

// Options extend the comparison. The zero value compares only the given values.
type Options struct {
	// Clear removes attributes that were given as null, "" or []. Without it,
	// these count as not given.
	Clear bool
	// ExactMembers removes the members of a group that were not given, if at
	// least one was given.
	ExactMembers bool
}

// Compare returns the given attributes that a stored resource does not have,
// sorted by attribute name. References (bulkId:…) must be replaced by ids
// before. If given or stored is not a JSON object, it returns an error.
func Compare(given, stored []byte, opt Options) ([]AttributeDifference, error) {
	want, ok := members(given)
	if !ok {
		return nil, errors.New("the given attributes are not a JSON object")
	}
	have, ok := members(stored)
	if !ok {
		return nil, errors.New("the stored resource is not a JSON object")
	}
	c := comparison{opt: opt}
	c.attributes("", want, have)
	return c.differences, nil
}

// Patch returns the data of a PATCH operation that gives attributes their New
// values.
func Patch(differences []AttributeDifference) json.RawMessage {
	type operation struct {
		Op    string          `json:"op"`
		Path  string          `json:"path"`
		Value json.RawMessage `json:"value,omitempty"`
	}
	body := struct {
		Schemas    []string    `json:"schemas"`
		Operations []operation `json:"Operations"`
	}{Schemas: []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}}
	for _, d := range differences {
		body.Operations = append(body.Operations, operation{d.op(), d.Path, d.New})
	}
	return encode(body)
}

func encode(value any) json.RawMessage {
	data, _ := rawjson.Marshal(value) // strings and valid JSON
	return data
}

// comparison collects the differences.
type comparison struct {
	opt         Options
	differences []AttributeDifference
}

// note notes a difference.
func (c *comparison) note(path string, stored, given json.RawMessage) {
	c.differences = append(c.differences, AttributeDifference{Path: path, Old: stored, New: given})
}

// attributes compares the attributes of a resource or of an extension. prefix
// begins their paths.
func (c *comparison) attributes(prefix string, given, stored object) {
	for _, name := range given.names() {
		switch {
		case isServiceMade(name):
		case prefix == "" && strings.HasPrefix(strings.ToLower(name), "urn:") && isObject(given[name]):
			want, _ := members(given[name])
			have, _ := members(stored.get(name))
			c.attributes(name+":", want, have)
		default:
			c.attribute(prefix+name, name, given[name], stored.get(name))
		}
	}
}

// isServiceMade reports whether only the service writes an attribute, or
// whether it cannot be read.
func isServiceMade(name string) bool {
	switch strings.ToLower(name) {
	case "schemas", "id", "meta", "groups", "password", "provisionsource":
		return true
	}
	return false
}

// isAddition reports whether services add a sub-attribute by themselves.
func isAddition(sub string) bool {
	switch strings.ToLower(sub) {
	case "display", "formatted", "$ref":
		return true
	}
	return false
}

func (c *comparison) attribute(path, name string, given, stored json.RawMessage) {
	switch {
	case IsNothing(given):
		c.clear(path, stored)
	case isList(given) || isList(stored) || isSlotted(name):
		c.list(path, name, elements(given), elements(stored))
	case isObject(stored) && !isObject(given):
		if have, _ := members(stored); !equal(name, given, have.get("value")) {
			c.set(path, stored, given)
		}
	case isObject(given):
		c.complex(path, name, given, stored)
	case !equal(name, given, stored) && !isAssumed(name, given, stored):
		c.set(path, stored, given)
	}
}

// isAssumed reports whether a resource without an attribute counts as having
// the given value.
func isAssumed(name string, given, stored json.RawMessage) bool {
	if !IsNothing(stored) {
		return false
	}
	value := strings.TrimSpace(string(given))
	return strings.EqualFold(name, "active") && value == "true" || strings.EqualFold(name, "primary") && value == "false"
}

// set adds or replaces the value of an attribute.
func (c *comparison) set(path string, stored, given json.RawMessage) {
	if IsNothing(stored) {
		stored = nil
	}
	c.note(path, stored, given)
}

// clear removes a value that was given as nothing, if Options say so.
func (c *comparison) clear(path string, stored json.RawMessage) {
	if c.opt.Clear && !IsNothing(stored) {
		c.note(path, stored, nil)
	}
}

// complex compares an attribute that has sub-attributes.
func (c *comparison) complex(path, name string, given, stored json.RawMessage) {
	want, _ := members(given)
	have, ok := members(stored)
	switch {
	case strings.EqualFold(name, "manager"): // its other sub-attributes describe the manager
		if value := want.get("value"); !IsNothing(value) && !equal("value", value, have.get("value")) {
			c.set(path, stored, given)
		}
		return
	case !ok:
		if !onlyAdditions(want) {
			c.set(path, stored, given)
		}
		return
	}
	for _, sub := range want.names() {
		value, other := want[sub], have.get(sub)
		switch {
		case isAddition(sub):
		case IsNothing(value):
			c.clear(path+"."+sub, other)
		case !equal(sub, value, other):
			c.set(path+"."+sub, other, value)
		}
	}
}

func onlyAdditions(o object) bool {
	for sub, value := range o {
		if !isAddition(sub) && !IsNothing(value) {
			return false
		}
	}
	return true
}

// equal reports whether two values of an attribute mean the same.
func equal(name string, given, stored json.RawMessage) bool {
	if IsNothing(stored) {
		return IsNothing(given)
	}
	var a, b string
	if json.Unmarshal(given, &a) != nil || json.Unmarshal(stored, &b) != nil {
		return fold.SameJSON(given, stored)
	}
	return form(name, a) == form(name, b)
}

// form returns the same text for all values of an attribute that mean the same.
func form(name, text string) string {
	switch {
	case IsExact(name):
		return fold.Compose(fold.Spaces(text))
	case strings.EqualFold(name, "phoneNumbers"):
		return phone(text)
	}
	return fold.Fold(text)
}

// IsExact reports whether case matters in the values of an attribute.
func IsExact(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "externalid", "profileurl", "photos", "x509certificates":
		return true
	}
	return strings.HasPrefix(name, "externalattribute") || strings.HasPrefix(name, "crossorgattribute")
}

// phone returns a telephone number without visual separators (RFC 3966 section
// 3).
func phone(text string) string {
	text = strings.TrimPrefix(fold.Fold(text), "tel:")
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("-.() ", r) {
			return -1
		}
		return r
	}, text)
}

// object is a JSON object.
type object map[string]json.RawMessage

func members(raw json.RawMessage) (o object, ok bool) {
	if !isObject(raw) || json.Unmarshal(raw, &o) != nil {
		return nil, false
	}
	return o, true
}

// get returns the member of a name in any case, or nil if there is none.
func (o object) get(name string) json.RawMessage {
	if value, ok := o[name]; ok {
		return value
	}
	for _, other := range o.names() {
		if strings.EqualFold(other, name) {
			return o[other]
		}
	}
	return nil
}

func (o object) names() []string { return slices.Sorted(maps.Keys(o)) }

func isList(raw json.RawMessage) bool   { return bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) }
func isObject(raw json.RawMessage) bool { return bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) }

// IsNothing reports whether a value counts as unassigned (RFC 7643 section
// 2.5).
func IsNothing(raw json.RawMessage) bool {
	switch string(bytes.TrimSpace(raw)) {
	case "", "null", `""`, "[]", "{}":
		return true
	}
	var list []json.RawMessage
	if !isList(raw) || json.Unmarshal(raw, &list) != nil {
		return false
	}
	return !slices.ContainsFunc(list, func(e json.RawMessage) bool { return !IsNothing(e) })
}
