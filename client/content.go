package client

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/webexscim/bulk/internal/bulkref"
	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/plan"
	"github.com/webexscim/bulk/internal/rawjson"
)

// content is the data of an operation, and the parts of it that a job needs. It
// is read once.
type content struct {
	data       json.RawMessage     // as it is sent
	refs       []bulkref.Reference // in data
	name       string              // the userName or displayName of a create
	externalID string
}

// readData also requires UTF-8 (RFC 8259 section 8.1), which encoding/json does
// not: a service could fail to read the whole request.
func (o Operation) readData(data json.RawMessage) (content, error) {
	if o.Method == MethodDelete {
		if data != nil {
			return content{}, fmt.Errorf("%w: data in a DELETE, expected none", ErrInvalid)
		}
		return content{}, nil
	}
	switch start := bytes.TrimSpace(data); {
	case len(start) == 0:
		return content{}, fmt.Errorf("%w: no data, expected a JSON object in a %s", ErrInvalid, o.Method)
	case start[0] != '{':
		return content{}, fmt.Errorf("%w: data is not a JSON object, as a %s needs", ErrInvalid, o.Method)
	case !utf8.Valid(data):
		return content{}, fmt.Errorf("%w: data is not UTF-8", ErrInvalid)
	}
	c := content{data: data}
	var changes []byte
	nameAttribute := nameAttribute(o.Path)
	r := rawjson.New(data)
	for r.Enter('{'); r.More('}'); {
		var key, value []byte
		key, value, c.refs = bulkref.Member(c.refs, &r)
		switch {
		case o.Method == MethodPatch:
			if rawjson.Is(key, "Operations") {
				changes = value
			}
		case nameAttribute != "" && rawjson.Is(key, nameAttribute):
			c.name = rawjson.Text(value)
		case rawjson.Is(key, "externalId"):
			c.externalID = rawjson.Text(value)
		}
	}
	if err := r.End(); err != nil {
		return content{}, fmt.Errorf("%w: data: %w", ErrInvalid, err)
	}
	// Only null, which a service could refuse with the whole request, counts as
	// none; an empty list is left to the service.
	if string(changes) == "null" {
		return content{}, fmt.Errorf("%w: no changes in a PATCH, expected one or more in Operations", ErrInvalid)
	}
	return c, nil
}

// nameAttribute is the attribute by which the resource of a create can be
// looked up, "" if there is none. The path of the create names the type.
func nameAttribute(path string) string {
	switch resourceType(path) {
	case users:
		return "userName"
	case groups:
		return "displayName"
	}
	return ""
}

// identity recognizes an operation by method, path and data, however the data
// is written: members in another order, other escapes and white space are the
// same. Each reference is a placeholder, and the references of the facts are
// brought into the order of the placeholders, so that the engine can add the
// meaning of each.
func (p *pending) identity(m *marshaler) engine.Key {
	w := canonical{refs: p.refs, members: m.members[:0]}
	if len(p.facts.Refs) > 0 {
		w.order = make(map[string]int)
	}
	if p.facts.Target != "" {
		w.placeholder(nil, p.facts.Target)
	}
	text := appendPart(m.text[:0], p.op.Method)
	text = appendPart(text, p.pathWith("*"))
	if p.data != nil {
		w.r = rawjson.New(p.data)
		text = w.value(text)
	}
	m.text, m.members = text, w.members
	if len(p.facts.Refs) == 0 {
		return keyOf(text)
	}
	slices.SortStableFunc(p.facts.Refs, func(a, b plan.Ref) int { return cmp.Compare(w.order[a.Name], w.order[b.Name]) })
	return keyOf(text)
}

// appendPart appends a text in such a way that it is seen where it ends.
func appendPart(dst []byte, text string) []byte {
	return append(append(strconv.AppendInt(dst, int64(len(text)), 10), ':'), text...)
}

func keyOf(text []byte) engine.Key {
	sum := sha256.Sum256(text)
	return engine.Key(sum[:len(engine.Key{})])
}

// canonical writes valid JSON in one form: members sorted by name, strings with
// one kind of escapes, numbers as they are.
type canonical struct {
	r     rawjson.Reader
	refs  []bulkref.Reference
	order map[string]int // of the names of references

	members []canonicalMember // of all objects that are open, the innermost last
}

// canonicalMember is a member of an object, before it has its place.
type canonicalMember struct {
	name []byte
	at   rawjson.Reader // before its value
}

// placeholder appends the placeholder of a reference: the number of its name in
// the order in which names appear. No JSON text begins like that.
func (w *canonical) placeholder(dst []byte, name string) []byte {
	n, ok := w.order[name]
	if !ok {
		n = len(w.order)
		w.order[name] = n
	}
	return append(strconv.AppendInt(append(dst, '<'), int64(n), 10), '>')
}

// value appends the next value.
func (w *canonical) value(dst []byte) []byte {
	switch w.r.Kind() {
	case '{':
		return w.object(dst)
	case '[':
		dst = append(dst, '[')
		for w.r.Enter('['); w.r.More(']'); {
			dst = append(w.value(dst), ',')
		}
		return append(dst, ']')
	}
	start := w.r.Pos()
	token := w.r.Value()
	i, isReference := slices.BinarySearchFunc(w.refs, start, func(r bulkref.Reference, at int) int { return cmp.Compare(r.Start, at) })
	if isReference {
		return w.placeholder(dst, w.refs[i].Name)
	}
	return append(dst, unescaped(token)...)
}

// object sorts the members by name. Their values are written in that order, so
// that the placeholders in them are numbered in it.
func (w *canonical) object(dst []byte) []byte {
	open := len(w.members)
	for w.r.Enter('{'); w.r.More('}'); {
		w.members = append(w.members, canonicalMember{unescaped(w.r.Key()), w.r})
		w.r.Value()
	}
	end := w.r
	members := w.members[open:]
	slices.SortStableFunc(members, func(a, b canonicalMember) int { return bytes.Compare(a.name, b.name) })
	dst = append(dst, '{')
	for i := range members {
		w.r = members[i].at
		dst = append(w.value(append(append(dst, members[i].name...), ':')), ',')
	}
	w.r, w.members = end, w.members[:open]
	return append(dst, '}')
}

// unescaped is a token with as few escapes as JSON allows.
func unescaped(token []byte) []byte {
	if bytes.IndexByte(token, '\\') < 0 {
		return token
	}
	plain, _ := new(marshaler).marshal(rawjson.Text(token)) // a text can be written
	return plain
}
