package sheet

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/webexscim/bulk/internal/rawjson"
)

// value is a JSON value. The zero value is null.
type value struct {
	form  form
	text  string // the text, or the only text of a list
	other any    // a bool, *object, []*object, []string, or another value for marshal
}

// form is how a value is written.
type form uint8

const (
	asNull form = iota
	asText
	asList // a list of one text
	asOther
)

func textValue(text string) value { return value{form: asText, text: text} }
func otherValue(v any) value      { return value{form: asOther, other: v} }

// decodedValue is a value that encoding/json has decoded.
func decodedValue(v any) value {
	switch v := v.(type) {
	case nil:
		return value{}
	case string:
		return textValue(v)
	}
	return otherValue(v)
}

// is reports whether a value is a bool, and the wanted one.
func (v value) is(want bool) bool {
	have, ok := v.other.(bool)
	return ok && have == want
}

// says reports whether a value is a text, alone or in a list.
func (v value) says(text string) bool {
	return (v.form == asText || v.form == asList) && v.text == text
}

// MarshalJSON implements json.Marshaler.
func (v value) MarshalJSON() ([]byte, error) { return v.append(nil), nil }

// append appends a value as encoding/json writes it, but without escapes for
// HTML.
func (v value) append(dst []byte) []byte {
	switch v.form {
	case asNull:
		return append(dst, "null"...)
	case asText:
		return rawjson.AppendText(dst, v.text)
	case asList:
		return append(rawjson.AppendText(append(dst, '['), v.text), ']')
	}
	switch v := v.other.(type) {
	case bool:
		if v {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case *object:
		return v.append(dst)
	case []*object:
		return appendList(dst, v, func(dst []byte, o *object) []byte { return o.append(dst) })
	case []string:
		return appendList(dst, v, rawjson.AppendText)
	}
	return append(dst, marshal(v.other)...)
}

// object is a JSON object. Its members are in the order of their names, so that
// the order of columns does not matter.
type object struct {
	members []field
	made    *objects
}

type field struct {
	name string
	value
}

// objects makes objects, and reuses them: the objects of a row are not needed
// once the next row is read.
type objects struct {
	all  []*object
	used int
}

// reuse gives back all objects.
func (m *objects) reuse() { m.used = 0 }

// object returns an empty object.
func (m *objects) object() *object {
	if m.used == len(m.all) {
		m.all = append(m.all, &object{members: make([]field, 0, 8), made: m})
	}
	o := m.all[m.used]
	m.used++
	o.members = o.members[:0]
	return o
}

// find returns the place of a member, and whether it is there.
func (o *object) find(name string) (int, bool) {
	return slices.BinarySearchFunc(o.members, name, func(f field, name string) int { return cmp.Compare(f.name, name) })
}

// get returns the value of a member, or null.
func (o *object) get(name string) value {
	if i, ok := o.find(name); ok {
		return o.members[i].value
	}
	return value{}
}

// has reports whether there is a member other than null.
func (o *object) has(name string) bool { return o.get(name).form != asNull }

func (o *object) set(name string, v value) {
	i, ok := o.find(name)
	if !ok {
		o.members = slices.Insert(o.members, i, field{name: name})
	}
	o.members[i].value = v
}

// inner returns the object in a member, and makes it where there is none.
func (o *object) inner(name string) *object {
	in, ok := o.get(name).other.(*object)
	if !ok {
		in = o.made.object()
		o.set(name, otherValue(in))
	}
	return in
}

func (o *object) append(dst []byte) []byte {
	dst = append(dst, '{')
	for i, f := range o.members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = f.append(append(rawjson.AppendText(dst, f.name), ':'))
	}
	return append(dst, '}')
}

func appendList[T any](dst []byte, list []T, one func([]byte, T) []byte) []byte {
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = one(dst, v)
	}
	return append(dst, ']')
}

// marshal is rawjson.Marshal for values that cannot fail.
func marshal(v any) json.RawMessage {
	raw, _ := rawjson.Marshal(v)
	return raw
}
