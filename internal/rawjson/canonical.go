package rawjson

import (
	"bytes"
	"slices"
)

// Canonical writes JSON in one form: members sorted by name, texts with as few
// escapes as JSON allows, numbers as they are, and no white space. Its buffer
// serves one text after the other; the zero value is ready for use.
type Canonical struct {
	// Replace, if it is not nil, is asked about each text, number and literal, in
	// the order in which they are written. It appends what stands in the place of
	// the one that begins at a position, and returns false to leave that as it is.
	Replace func(dst []byte, at int) ([]byte, bool)

	r       Reader
	members []member // of all objects that are open, the innermost last
}

// member is a member of an object, before it has its place.
type member struct {
	name []byte
	at   Reader // before its value
}

// Append appends a valid JSON value in its one form. Lists and objects have a
// comma after each entry.
func (c *Canonical) Append(dst, data []byte) []byte {
	c.r, c.members = New(data), c.members[:0]
	return c.value(dst)
}

func (c *Canonical) value(dst []byte) []byte {
	switch c.r.Kind() {
	case '{':
		return c.object(dst)
	case '[':
		dst = append(dst, '[')
		for c.r.Enter('['); c.r.More(']'); {
			dst = append(c.value(dst), ',')
		}
		return append(dst, ']')
	}
	start := c.r.Pos()
	token := c.r.Value()
	if c.Replace != nil {
		if replaced, ok := c.Replace(dst, start); ok {
			return replaced
		}
	}
	return append(dst, plainToken(token)...)
}

// object sorts the members by name, and writes their values in that order.
func (c *Canonical) object(dst []byte) []byte {
	open := len(c.members)
	for c.r.Enter('{'); c.r.More('}'); {
		c.members = append(c.members, member{plainToken(c.r.Key()), c.r})
		c.r.Value()
	}
	end := c.r
	members := c.members[open:]
	slices.SortStableFunc(members, func(a, b member) int { return bytes.Compare(a.name, b.name) })
	dst = append(dst, '{')
	for i := range members {
		c.r = members[i].at
		dst = append(c.value(append(append(dst, members[i].name...), ':')), ',')
	}
	c.r, c.members = end, c.members[:open]
	return append(dst, '}')
}

// plainToken is a token with as few escapes as JSON allows.
func plainToken(token []byte) []byte {
	if bytes.IndexByte(token, '\\') < 0 {
		return token
	}
	return AppendText(nil, Text(token))
}
