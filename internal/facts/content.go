package facts

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/webexscim/bulk/internal/bulkref"
	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/plan"
	"github.com/webexscim/bulk/internal/rawjson"
)

// readData finds the references in the data, and the names of a create. It also
// requires UTF-8 (RFC 8259 section 8.1), which encoding/json does not: a
// service could fail to read the whole request.
func (f *Facts) readData(in Given) error {
	if f.Method == engine.Delete {
		if in.Data != nil {
			return fmt.Errorf("%w: data in a DELETE, expected none", ErrInvalid)
		}
		return nil
	}
	switch start := bytes.TrimSpace(in.Data); {
	case len(start) == 0:
		return fmt.Errorf("%w: no data, expected a JSON object in a %s", ErrInvalid, in.Method)
	case start[0] != '{':
		return fmt.Errorf("%w: data is not a JSON object, as a %s needs", ErrInvalid, in.Method)
	case !utf8.Valid(in.Data):
		return fmt.Errorf("%w: data is not UTF-8", ErrInvalid)
	}
	f.Data = in.Data
	var changes []byte
	nameAttribute := f.nameAttribute()
	r := rawjson.New(in.Data)
	for r.Enter('{'); r.More('}'); {
		var key, value []byte
		key, value, f.refs = bulkref.Member(f.refs, &r)
		switch {
		case f.Method == engine.Patch:
			if rawjson.Is(key, "Operations") {
				changes = value
			}
		case nameAttribute != "" && rawjson.Is(key, nameAttribute):
			f.SentName = rawjson.Text(value)
		case rawjson.Is(key, "externalId"):
			f.ExternalID = rawjson.Text(value)
		}
	}
	if err := r.End(); err != nil {
		return fmt.Errorf("%w: data: %w", ErrInvalid, err)
	}
	// Only null, which a service could refuse with the whole request, counts as
	// none; an empty list is left to the service.
	if string(changes) == "null" {
		return fmt.Errorf("%w: no changes in a PATCH, expected one or more in Operations", ErrInvalid)
	}
	return nil
}

// nameAttribute is the attribute by which the resource of a create can be
// looked up, "" if there is none.
func (f *Facts) nameAttribute() string {
	switch f.Type() {
	case Users:
		return "userName"
	case Groups:
		return "displayName"
	}
	return ""
}

// identity returns a key of method, path and data. It does not depend on the
// order of members, escapes and white space. References are replaced by
// placeholders, and Refs are put in the order of these, so that the engine can
// add their meaning to the key.
func (r *Reader) identity(f *Facts) engine.Key {
	var order placeholders
	if len(f.Refs) > 0 {
		order = placeholders{}
	}
	if f.Target != "" {
		order.add(f.Target)
	}
	text := appendPart(r.text[:0], f.Method.String())
	text = appendPart(text, f.pathWith("*"))
	if f.Data != nil {
		if r.canonical.Replace = nil; len(f.refs) > 0 {
			r.canonical.Replace = func(dst []byte, at int) ([]byte, bool) {
				i, ok := slices.BinarySearchFunc(f.refs, at, func(r bulkref.Reference, at int) int {
					return cmp.Compare(r.Start, at)
				})
				if ok {
					dst = fmt.Appendf(dst, "<%d>", order.add(f.refs[i].Name)) // no JSON text begins like that
				}
				return dst, ok
			}
		}
		text = r.canonical.Append(text, f.Data)
	}
	r.text = text
	slices.SortStableFunc(f.Refs, func(a, b plan.Ref) int { return cmp.Compare(order[a.Name], order[b.Name]) })
	return Key(text)
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

// appendPart appends a text and its length, so that different parts never make
// equal texts.
func appendPart(dst []byte, text string) []byte {
	return append(append(strconv.AppendInt(dst, int64(len(text)), 10), ':'), text...)
}

// Key returns the key of a text.
func Key(text []byte) engine.Key {
	sum := sha256.Sum256(text)
	return engine.Key(sum[:len(engine.Key{})])
}
