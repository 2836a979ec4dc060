// Package bulkref finds the places in an operation that refer to another
// operation by its bulkId, and puts real ids there; it reads the raw JSON, so
// that all else stays byte for byte.
//
//	refs, err := bulkref.Scan(nil, []byte(`{"members":[{"value":"bulkId:u1"}]}`))
//	data = bulkref.Replace(nil, data, refs, func(name string) (string, bool) { id, ok := ids[name]; return id, ok })
//
// In data a reference is a string, never an object key, that is bulkId:NAME as
// a whole (RFC 7644, section 3.7.2), however it is escaped and however deep it
// stands. "../Users/bulkId:u1" is text, and so is `members[value eq
// "bulkId:u1"]`. In a path it is a segment bulkId:NAME.
package bulkref

import (
	"bytes"
	"strings"

	"github.com/webexscim/bulk/internal/rawjson"
)

// prefix marks a reference. Unlike attribute names it is compared with regard
// to case.
const prefix = "bulkId:"

// Reference is one place in data, or in a path, that names an operation.
type Reference struct {
	// Name is the bulkId of the operation meant, unescaped. It is never empty.
	Name string
	// Start and End are the byte range: in data of the whole string with its
	// quotes, in a path of the segment.
	Start, End int
	// Required says that an unknown Name is an error here: in a path, and in
	// data under a key "value" or "$ref" in any case (attribute names are
	// case-insensitive, RFC 7643, section 2.1). Elsewhere an unknown name is
	// text.
	//
	// The key is the one of the innermost object; arrays in between do not
	// count: "value":["bulkId:x"] is Required, "value":{"manager":"bulkId:x"}
	// is not. The "value" of a PATCH operation is a key "value" like any other,
	// also where it holds a display name.
	Required bool
}

// Text returns the reference to name as it stands in data.
func Text(name string) string { return prefix + name }

// Scan finds the references in data, in their order, and appends them to refs.
// Data that is not one valid JSON value (exactly what json.Valid accepts) gives
// a *rawjson.SyntaxError and refs as it came. Scan allocates for little but the
// names it finds and to make refs larger.
func Scan(refs []Reference, data []byte) ([]Reference, error) {
	r := rawjson.New(data)
	found := appendValue(refs, &r, false)
	if err := r.End(); err != nil {
		return refs, err
	}
	return found, nil
}

// Member passes the next member of an object. It returns its key and value as
// they stand, and refs with the references in the value, which are places in
// all that r reads.
func Member(refs []Reference, r *rawjson.Reader) (key, value []byte, found []Reference) {
	key = r.Key()
	r.Kind()
	start := r.Pos()
	found = appendValue(refs, r, rawjson.Is(key, "value") || rawjson.Is(key, "$ref"))
	return key, r.Since(start), found
}

// appendValue passes the next value. References in it are required or not.
func appendValue(refs []Reference, r *rawjson.Reader, required bool) []Reference {
	switch r.Kind() {
	case '{':
		for r.Enter('{'); r.More('}'); {
			_, _, refs = Member(refs, r)
		}
	case '[':
		for r.Enter('['); r.More(']'); {
			refs = appendValue(refs, r, required)
		}
	case '"':
		start := r.Pos()
		if name := nameIn(r.Value()); name != "" {
			refs = append(refs, Reference{Name: name, Start: start, End: r.Pos(), Required: required})
		}
	default:
		r.Value()
	}
	return refs
}

// nameIn is the name in a JSON string that is a reference, else "".
func nameIn(token []byte) string {
	const opening = `"` + prefix
	if head, _, _ := bytes.Cut(token[:min(len(token), len(opening))], []byte(`\`)); !strings.HasPrefix(opening, string(head)) {
		return "" // as most are, without an allocation
	}
	name, ok := strings.CutPrefix(rawjson.Text(token), prefix)
	if !ok {
		return ""
	}
	return name
}

// Replace appends data to dst and returns it, each reference whose id is known
// replaced by that id as a JSON string. All other bytes are copied as they are.
// The refs must be those, or in order some of those, that Scan gave for data;
// dst must not overlap data.
func Replace(dst, data []byte, refs []Reference, id func(name string) (string, bool)) []byte {
	return replace(dst, data, refs, id, rawjson.AppendText)
}

// replace appends text to dst, each reference whose id is known replaced by
// that id in the form that write appends.
func replace[T string | []byte](
	dst []byte, text T, refs []Reference, id func(name string) (string, bool), write func(dst []byte, id string) []byte,
) []byte {
	done := 0
	for _, r := range refs {
		if known, ok := id(r.Name); ok {
			dst = append(dst, text[done:r.Start]...)
			dst = write(dst, known)
			done = r.End
		}
	}
	return append(dst, text[done:]...)
}
