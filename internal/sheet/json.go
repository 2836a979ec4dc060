package sheet

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
)

// object is a JSON object, its members in the order of their names, so that a row
// gives the same text whatever the order of the columns.
type object struct{ members []field }

// newObject returns an object with room for some members.
func newObject(room int) *object { return &object{make([]field, 0, room)} }

type field struct {
	name  string
	value any
}

// find returns the place of a member, and whether it is there.
func (o *object) find(name string) (int, bool) {
	return slices.BinarySearchFunc(o.members, name, func(f field, name string) int { return cmp.Compare(f.name, name) })
}

// get returns the value of a member, or nil.
func (o *object) get(name string) any {
	if i, ok := o.find(name); ok {
		return o.members[i].value
	}
	return nil
}

func (o *object) set(name string, value any) {
	i, ok := o.find(name)
	if !ok {
		o.members = slices.Insert(o.members, i, field{name: name})
	}
	o.members[i].value = value
}

// inner returns the object in a member, and makes it where there is none.
func (o *object) inner(name string) *object {
	in, ok := o.get(name).(*object)
	if !ok {
		in = newObject(4)
		o.set(name, in)
	}
	return in
}

// MarshalJSON is that of a json.Marshaler.
func (o *object) MarshalJSON() ([]byte, error) { return appendJSON(nil, o), nil }

// appendJSON appends a value as encoding/json writes it, without its escapes for
// HTML.
func appendJSON(dst []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		return appendString(dst, v)
	case bool:
		if v {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case *object:
		dst = append(dst, '{')
		for i, f := range v.members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendString(dst, f.name), ':')
			dst = appendJSON(dst, f.value)
		}
		return append(dst, '}')
	case []*object:
		return appendList(dst, v)
	case []string:
		return appendList(dst, v)
	}
	return append(dst, marshal(value)...)
}

func appendList[T any](dst []byte, list []T) []byte {
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendJSON(dst, v)
	}
	return append(dst, ']')
}

func appendString(dst []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return append(dst, marshal(text)...)
		}
	}
	return append(append(append(dst, '"'), text...), '"')
}

// marshal is json.Marshal of text, numbers, lists and objects, without its
// escapes for HTML.
func marshal(v any) json.RawMessage {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // can't fail for these
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}
