// Package strictjson reads and writes JSON more strictly than encoding/json: it
// detects duplicate members, distinguishes names by case, and keeps numbers as
// written.
//
//	value, err := strictjson.Decode(body)
//	text := strictjson.Append(nil, value) // members in alphabetical order
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// errSyntax is wrapped by the errors of NewDecoder.
var errSyntax = errors.New("the body is not valid JSON")

// Decoder reads a JSON text value by value. NewDecoder returns one.
type Decoder struct {
	text  []byte
	at    int
	dup   string            // the first duplicate name in an object
	names map[string]string // names of members so far, so that each is allocated once
}

// Duplicate returns the first duplicate name of a member so far, "" if there is
// none. It covers the objects that Value reads, not those of Members.
func (d *Decoder) Duplicate() string { return d.dup }

// NewDecoder returns a Decoder of text, which must be one JSON value in UTF-8.
func NewDecoder(text []byte) (*Decoder, error) {
	switch {
	case len(text) == 0:
		return nil, fmt.Errorf("%w: it is empty", errSyntax)
	case !utf8.Valid(text):
		return nil, fmt.Errorf("%w: it is not UTF-8", errSyntax)
	case bytes.HasPrefix(text, []byte("\ufeff")):
		return nil, fmt.Errorf("%w: it begins with a byte order mark", errSyntax)
	case !json.Valid(text):
		return nil, errSyntax
	}
	return &Decoder{text: text, names: make(map[string]string)}, nil
}

// Decode decodes a text that is one JSON value in UTF-8. Numbers are
// json.Number.
func Decode(text []byte) (any, error) {
	d, err := NewDecoder(text)
	if err != nil {
		return nil, err
	}
	return d.Value(), nil
}

// DecodeTrusted decodes an object that Append wrote, without checking it.
func DecodeTrusted(text []byte) map[string]any {
	doc, _ := (&Decoder{text: text}).Value().(map[string]any)
	return doc
}

// Peek returns the next byte that is not white space.
func (d *Decoder) Peek() byte {
	for d.text[d.at] <= ' ' {
		d.at++
	}
	return d.text[d.at]
}

// Value reads the value at the current position.
func (d *Decoder) Value() any {
	switch c := d.Peek(); c {
	case '{':
		object := make(map[string]any)
		d.Members(func(name string) {
			if _, seen := object[name]; seen && d.dup == "" {
				d.dup = name
			}
			object[name] = d.Value()
		})
		return object
	case '[':
		list := []any{}
		d.Elements(func() { list = append(list, d.Value()) })
		return list
	case '"':
		return d.str()
	case 't':
		d.at += len("true")
		return true
	case 'f':
		d.at += len("false")
		return false
	case 'n':
		d.at += len("null")
		return nil
	default:
		return d.number()
	}
}

// Members reads an object. It calls read before the value of each member, which
// read must consume.
func (d *Decoder) Members(read func(name string)) {
	d.at++ // {
	for d.Peek() != '}' {
		name := d.name()
		d.Peek()
		d.at++ // :
		d.Peek()
		read(name)
		if d.Peek() == ',' {
			d.at++
		}
	}
	d.at++
}

// Elements reads an array. It calls read before each element, which read must
// consume.
func (d *Decoder) Elements(read func()) {
	d.at++ // [
	for d.Peek() != ']' {
		read()
		if d.Peek() == ',' {
			d.at++
		}
	}
	d.at++
}

// Raw reads a value, and also returns its text.
func (d *Decoder) Raw() (any, []byte) {
	d.Peek()
	start := d.at
	v := d.Value()
	return v, d.text[start:d.at:d.at]
}

// name reads the name of a member.
func (d *Decoder) name() string {
	if d.names == nil {
		return d.str()
	}
	text, plain := d.quoted()
	if name, ok := d.names[string(text)]; ok {
		return name
	}
	name := unquote(text, plain)
	d.names[string(text)] = name
	return name
}

func (d *Decoder) str() string { return unquote(d.quoted()) }

// quoted reads a string with its quotes. plain reports that it has no escapes.
func (d *Decoder) quoted() (text []byte, plain bool) {
	d.Peek()
	start := d.at
	plain = true
	for d.at++; d.text[d.at] != '"'; d.at++ {
		if d.text[d.at] == '\\' {
			plain = false
			d.at++
		}
	}
	d.at++
	return d.text[start:d.at], plain
}

func unquote(text []byte, plain bool) string {
	if plain {
		return string(text[1 : len(text)-1])
	}
	var s string
	// It does not fail: the text is a valid JSON string.
	_ = json.Unmarshal(text, &s)
	return s
}

func (d *Decoder) number() json.Number {
	start := d.at
	for d.at < len(d.text) && isNumberByte(d.text[d.at]) {
		d.at++
	}
	return json.Number(d.text[start:d.at])
}

func isNumberByte(c byte) bool {
	return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

// Append appends v as JSON with members in alphabetical order, so that equal
// resources have equal bytes.
func Append(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case string:
		return AppendString(dst, v)
	case bool:
		return strconv.AppendBool(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case json.Number:
		return append(dst, v...)
	case json.RawMessage:
		return append(dst, v...)
	case map[string]any:
		return encodeObject(dst, v)
	case []any:
		return encodeList(dst, v)
	case []string:
		dst = append(dst, '[')
		for i, s := range v {
			dst = AppendString(Separate(dst, i), s)
		}
		return append(dst, ']')
	default: // of a Shape in a test
		text, err := json.Marshal(v)
		if err != nil {
			return append(dst, "null"...)
		}
		return append(dst, text...)
	}
}

func encodeObject(dst []byte, object map[string]any) []byte {
	var room [24]string
	names := room[:0]
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	dst = append(dst, '{')
	for i, name := range names {
		dst = AppendString(Separate(dst, i), name)
		dst = Append(append(dst, ':'), object[name])
	}
	return append(dst, '}')
}

func encodeList(dst []byte, list []any) []byte {
	dst = append(dst, '[')
	for i, v := range list {
		dst = Append(Separate(dst, i), v)
	}
	return append(dst, ']')
}

// Separate appends a comma before element i, unless it is the first.
func Separate(dst []byte, i int) []byte {
	if i > 0 {
		return append(dst, ',')
	}
	return dst
}

// AppendString appends a string as JSON.
func AppendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			text, _ := json.Marshal(s) // a string always marshals
			return append(dst, text...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
