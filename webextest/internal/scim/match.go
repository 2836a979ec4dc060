package scim

import "strings"

func (j *junction) match(m map[string]any) bool {
	enough := j.word == "or"
	for _, term := range j.terms {
		if term.match(m) == enough {
			return enough
		}
	}
	return !enough
}

func (n *negation) match(m map[string]any) bool { return !n.term.match(m) }

func (s *selection) match(m map[string]any) bool {
	return s.attribute.some(m, func(v any) bool { return matchElement(s.filter, v) })
}

// matchElement reports whether an element of a multi-valued attribute matches
// the filter in brackets. A plain element counts as its sub-attribute "value".
func matchElement(filter expr, element any) bool {
	if m, ok := element.(map[string]any); ok {
		return filter.match(m)
	}
	return filter.match(map[string]any{"value": element})
}

func (c *comparison) match(m map[string]any) bool {
	switch {
	case c.op == "pr" || c.op == "ne" && c.value == nil:
		return c.some(m, present)
	case c.op == "eq" && c.value == nil:
		return !c.some(m, present)
	case c.op == "ne":
		assigned := false
		return c.some(m, func(v any) bool {
			v = plain(v)
			assigned = assigned || v != nil
			return v != nil && !c.equal(v)
		}) || !assigned
	}
	return c.some(m, func(v any) bool { return c.holds(plain(v)) })
}

// holds reports whether one value matches a comparison other than ne and pr.
func (c *comparison) holds(v any) bool {
	switch c.op {
	case "eq":
		return c.equal(v)
	case "co":
		return c.part(v, strings.Contains)
	case "sw":
		return c.part(v, strings.HasPrefix)
	case "ew":
		return c.part(v, strings.HasSuffix)
	}
	order, ok := c.order(v)
	switch c.op {
	case "gt":
		return ok && order > 0
	case "ge":
		return ok && order >= 0
	case "lt":
		return ok && order < 0
	}
	return ok && order <= 0
}

func (c *comparison) equal(v any) bool {
	switch want := c.value.(type) {
	case string:
		s, ok := v.(string)
		if !ok || s == want {
			return ok
		}
		if c.exact {
			return false
		}
		at, dated := momentIf(!c.moment.IsZero(), s)
		return strings.EqualFold(s, want) || dated && at.Equal(c.moment)
	case number:
		n, ok := numberOf(v)
		return ok && n.compare(want) == 0
	}
	return v == c.value
}

func (c *comparison) part(v any, is func(s, part string) bool) bool {
	s, ok := v.(string)
	want, _ := c.value.(string)
	if !ok || c.exact {
		return ok && is(s, want)
	}
	return is(fold(s), fold(want))
}

// order compares v with the value: numbers by value, times by time, other
// strings by their characters (RFC 7644 table 3).
func (c *comparison) order(v any) (int, bool) {
	if want, ok := c.value.(number); ok {
		n, ok := numberOf(v)
		return n.compare(want), ok
	}
	s, ok := v.(string)
	want, _ := c.value.(string)
	if !ok || c.exact {
		return strings.Compare(s, want), ok
	}
	if at, dated := momentIf(!c.moment.IsZero(), s); dated {
		return at.Compare(c.moment), true
	}
	return strings.Compare(fold(s), fold(want)), true
}

// some reports whether hold returns true for a value of the attribute in m.
func (a attribute) some(m map[string]any, hold func(v any) bool) bool {
	if a.urn != "" {
		_, extension := lookup(m, a.urn)
		if a.name == "" {
			return extension != nil && hold(extension)
		}
		object, ok := extension.(map[string]any)
		return ok && attribute{"", a.name, a.sub}.some(object, hold)
	}
	_, v := lookup(m, a.name)
	if v != nil {
		return someOf(v, a.sub, hold)
	}
	for key, extension := range m {
		if object, ok := extension.(map[string]any); ok && isURN(key) {
			if _, v := lookup(object, a.name); someOf(v, a.sub, hold) {
				return true
			}
		}
	}
	return false
}

// someOf reports whether hold returns true for v, or for an element of v if it is a
// list, or for the sub-attribute sub of these. A plain value counts as its
// sub-attribute "value".
func someOf(v any, sub string, hold func(v any) bool) bool {
	if list, ok := v.([]any); ok {
		for _, element := range list {
			if _, nested := element.([]any); !nested && someOf(element, sub, hold) {
				return true
			}
		}
		return false
	}
	if v == nil || sub == "" {
		return v != nil && hold(v)
	}
	if object, ok := v.(map[string]any); ok {
		_, v = lookup(object, sub)
		return someOf(v, "", hold)
	}
	return strings.EqualFold(sub, "value") && hold(v)
}

// plain returns the sub-attribute "value" of a complex value, which a comparison
// without a sub-attribute uses.
func plain(v any) any {
	if object, ok := v.(map[string]any); ok {
		_, v = lookup(object, "value")
	}
	return v
}
