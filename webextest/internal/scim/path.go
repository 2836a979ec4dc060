package scim

import "strings"

// Path is a parsed patch path: attr, attr.sub, attr[filter] or
// attr[filter].sub, each with or without the URN of a schema, or the URN of an
// extension alone. The zero value is the whole resource.
type Path struct {
	attribute attribute
	filter    expr
}

// ParsePath parses the path of a patch operation (RFC 7644 figure 7), within
// the limits of ParseFilter. The error is an *Error of type "invalidPath", also
// for a filter in brackets.
func ParsePath(s string) (*Path, error) {
	p, err := newParser(s, invalidPath)
	if err != nil {
		return nil, err
	}
	path := &Path{}
	var ok bool
	if path.attribute, ok = parseAttribute(p.word()); !ok {
		return nil, p.failAt(0, "an attribute")
	}
	if p.peek() == '[' {
		if path.filter, err = p.selection(path.attribute); err != nil {
			return nil, err
		}
		if sub, dotted := strings.CutPrefix(p.text[p.pos:], "."); dotted && isName(sub) {
			path.attribute.sub = sub
			return path, nil
		}
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	return path, nil
}

// Attribute returns the extension of the path, "" for a core attribute, and the
// name of the attribute without its sub-attribute, "" for the whole extension.
func (p *Path) Attribute() (urn, name string) { return p.attribute.urn, p.attribute.name }

// Sub returns the name of the sub-attribute, "" for the whole attribute.
func (p *Path) Sub() string { return p.attribute.sub }

// Filtered reports whether the path selects values by a filter.
func (p *Path) Filtered() bool { return p.filter != nil }

// String returns the path in canonical form, which parses to an equal Path.
func (p *Path) String() string {
	if p == nil {
		return ""
	}
	if p.filter == nil {
		return p.attribute.String()
	}
	var b strings.Builder
	(&selection{attribute{p.attribute.urn, p.attribute.name, ""}, p.filter}).print(&b)
	if p.attribute.sub != "" {
		b.WriteString("." + p.attribute.sub)
	}
	return b.String()
}
