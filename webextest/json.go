package webextest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// errSyntax is the base of every complaint about a body that is no JSON.
var errSyntax = errors.New("the body is not valid JSON")

// decoder reads JSON text that json.Valid has accepted. It exists because
// encoding/json takes the last of two equal members and matches names without
// regard to case, and a strict service must see both.
type decoder struct {
	text  []byte
	at    int
	dup   string            // the first member name met twice in one object
	names map[string]string // member names met: they recur, so one copy serves
}

// newDecoder checks that text is one JSON value in UTF-8 and nothing else.
func newDecoder(text []byte) (*decoder, error) {
	switch {
	case len(text) == 0:
		return nil, fmt.Errorf("%w: it is empty", errSyntax)
	case !utf8.Valid(text):
		return nil, fmt.Errorf("%w: it is not UTF-8", errSyntax)
	case !json.Valid(text):
		return nil, errSyntax
	}
	return &decoder{text: text, names: make(map[string]string)}, nil
}

// decode reads one whole JSON text; numbers stay json.Number.
func decode(text []byte) (any, error) {
	d, err := newDecoder(text)
	if err != nil {
		return nil, err
	}
	return d.value(), nil
}

// decodeStored reads a document that encode wrote, so it is known to be valid.
func decodeStored(text []byte) map[string]any {
	doc, _ := (&decoder{text: text}).value().(map[string]any)
	return doc
}

// peek returns the next byte that is not white space.
func (d *decoder) peek() byte {
	for d.text[d.at] <= ' ' {
		d.at++
	}
	return d.text[d.at]
}

// value reads the value at the current position.
func (d *decoder) value() any {
	switch c := d.peek(); c {
	case '{':
		object := make(map[string]any)
		d.members(func(name string) {
			if _, seen := object[name]; seen && d.dup == "" {
				d.dup = name
			}
			object[name] = d.value()
		})
		return object
	case '[':
		list := []any{}
		d.elements(func() { list = append(list, d.value()) })
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

// members calls read at the value of each member of the object at hand; read
// must consume it.
func (d *decoder) members(read func(name string)) {
	d.at++ // {
	for d.peek() != '}' {
		name := d.name()
		d.peek()
		d.at++ // :
		d.peek()
		read(name)
		if d.peek() == ',' {
			d.at++
		}
	}
	d.at++
}

// elements calls read at each element of the array at hand.
func (d *decoder) elements(read func()) {
	d.at++ // [
	for d.peek() != ']' {
		read()
		if d.peek() == ',' {
			d.at++
		}
	}
	d.at++
}

// raw reads a value and returns its text too.
func (d *decoder) raw() (any, []byte) {
	d.peek()
	start := d.at
	v := d.value()
	return v, d.text[start:d.at:d.at]
}

// name reads the name of a member.
func (d *decoder) name() string {
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

func (d *decoder) str() string { return unquote(d.quoted()) }

// quoted reads a string with its quotes; plain is one without escapes.
func (d *decoder) quoted() (text []byte, plain bool) {
	d.peek()
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
	// The text is a valid JSON string, so this cannot fail.
	_ = json.Unmarshal(text, &s)
	return s
}

func (d *decoder) number() json.Number {
	start := d.at
	for d.at < len(d.text) && isNumberByte(d.text[d.at]) {
		d.at++
	}
	return json.Number(d.text[start:d.at])
}

func isNumberByte(c byte) bool {
	return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

// encode appends v as JSON with members in alphabetical order, so that equal
// resources have equal bytes.
func encode(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case string:
		return encodeString(dst, v)
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
			dst = encodeString(separate(dst, i), s)
		}
		return append(dst, ']')
	default: // what a Shape of the test's own put there
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
		dst = encodeString(separate(dst, i), name)
		dst = encode(append(dst, ':'), object[name])
	}
	return append(dst, '}')
}

func encodeList(dst []byte, list []any) []byte {
	dst = append(dst, '[')
	for i, v := range list {
		dst = encode(separate(dst, i), v)
	}
	return append(dst, ']')
}

func separate(dst []byte, i int) []byte {
	if i > 0 {
		return append(dst, ',')
	}
	return dst
}

func encodeString(dst []byte, s string) []byte {
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
