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

// content is the data of an operation, and the parts of it that a job needs.
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

// identity returns a key of method, path and data. It does not depend on the
// order of members, escapes and white space. References are replaced by
// placeholders, and the references in the facts are put in the order of these,
// so that the engine can add their meaning to the key.
func (p *pending) identity(m *marshaler) engine.Key {
	var order placeholders
	if len(p.facts.Refs) > 0 {
		order = placeholders{}
	}
	if p.facts.Target != "" {
		order.add(p.facts.Target)
	}
	text := appendPart(m.text[:0], p.op.Method)
	text = appendPart(text, p.pathWith("*"))
	if p.data != nil {
		if m.canonical.Replace = nil; len(p.refs) > 0 {
			m.canonical.Replace = func(dst []byte, at int) ([]byte, bool) {
				i, ok := slices.BinarySearchFunc(p.refs, at, func(r bulkref.Reference, at int) int {
					return cmp.Compare(r.Start, at)
				})
				if ok {
					dst = fmt.Appendf(dst, "<%d>", order.add(p.refs[i].Name)) // no JSON text begins like that
				}
				return dst, ok
			}
		}
		text = m.canonical.Append(text, p.data)
	}
	m.text = text
	slices.SortStableFunc(p.facts.Refs, func(a, b plan.Ref) int { return cmp.Compare(order[a.Name], order[b.Name]) })
	return keyOf(text)
}

// placeholders are the numbers of the names of references, in the order in
// which they appear.
type placeholders map[string]int

func (p placeholders) add(name string) int {
	n, ok := p[name]
	if !ok {
		n = len(p)
		p[name] = n
	}
	return n
}

// appendPart appends a text in such a way that it is seen where it ends.
func appendPart(dst []byte, text string) []byte {
	return append(append(strconv.AppendInt(dst, int64(len(text)), 10), ':'), text...)
}

func keyOf(text []byte) engine.Key {
	sum := sha256.Sum256(text)
	return engine.Key(sum[:len(engine.Key{})])
}
