package scim

import (
	"slices"
	"strings"
)

// elements applies the operation to the elements of a multi-valued attribute
// that the path selects, or to a sub-attribute of each.
func (o operation) elements(m map[string]any, key string, p *Path, elements []any, v any) (changed bool, err error) {
	wasPrimary := make([]bool, 0, len(elements))
	kept := make([]any, 0, len(elements))
	found := false
	for _, element := range elements {
		was := isPrimary(element)
		if p.filter == nil || matchElement(p.filter, element) {
			found = true
			var did bool
			if element, did, err = o.element(element, p.attribute.sub, v); err != nil {
				return changed, err
			}
			changed = changed || did
		}
		if element != nil {
			kept, wasPrimary = append(kept, element), append(wasPrimary, was)
		}
	}
	switch {
	case found || o == remove:
	case o == replace:
		return false, refuse(noTarget, "no element of %s matches the filter", p.attribute.name)
	default:
		element, err := create(p, v)
		if err != nil {
			return false, err
		}
		kept, wasPrimary, changed = append(kept, element), append(wasPrimary, false), true
	}
	if !changed {
		return false, nil
	}
	put(m, key, kept)
	return true, keepOnePrimary(kept, wasPrimary)
}

// element applies the operation to one element, or to its sub-attribute sub. It
// returns nil if the element is removed.
func (o operation) element(element any, sub string, v any) (any, bool, error) {
	object, complex := element.(map[string]any)
	if sub != "" {
		if !complex {
			return nil, false, refuse(invalidPath, "the elements have no sub-attributes")
		}
		changed, err := o.assign(object, sub, v)
		if len(object) == 0 {
			return nil, changed, err
		}
		return element, changed, err
	}
	if v = clean(single(v)); o == remove || v == nil && o == replace {
		return nil, true, nil
	}
	if _, ok := v.(map[string]any); ok != complex || v == nil {
		return nil, false, refuse(invalidValue, "the value is not of the kind of the elements that the filter selects")
	}
	if o.adds() && complex {
		changed, err := o.merge(object, v)
		return element, changed, err
	}
	return v, !same(element, v), nil
}

// create returns a new element for an add with a filter that selects none. It
// has the values of the eq terms of the filter, and v.
func create(p *Path, v any) (any, error) {
	element := map[string]any{}
	seed(element, p.filter)
	var err error
	if p.attribute.sub != "" {
		_, err = add.assign(element, p.attribute.sub, v)
	} else {
		_, err = add.merge(element, single(v))
	}
	if err != nil {
		return nil, err
	}
	if !p.filter.match(element) {
		return nil, refuse(noTarget, "no element of %s matches the filter, and none can be created from it", p.attribute.name)
	}
	return element, nil
}

// seed sets the values of the eq terms that every matching element has.
func seed(element map[string]any, filter expr) {
	switch e := filter.(type) {
	case *junction:
		if e.word == "and" {
			for _, term := range e.terms {
				seed(element, term)
			}
		}
	case *comparison:
		if e.op == "eq" && e.urn == "" && e.sub == "" && e.value != nil {
			element[e.name] = e.plainValue()
		}
	}
}

// addElements appends the values that are not in elements, and merges the
// others. With doubling it appends all.
func addElements(m map[string]any, key string, elements, values []any, doubling bool) (changed bool, err error) {
	wasPrimary := make([]bool, len(elements), len(elements)+len(values))
	for i, element := range elements {
		wasPrimary[i] = isPrimary(element)
	}
	known := newElementSet(key, elements, len(values))
	for _, v := range values {
		if v = clean(v); v == nil {
			continue
		}
		at := -1
		if !doubling {
			at = known.find(v)
		}
		if at < 0 {
			known.add(v)
			wasPrimary, changed = append(wasPrimary, false), true
			continue
		}
		if object, ok := known.elements[at].(map[string]any); ok {
			did, err := add.merge(object, v)
			if changed = changed || did; err != nil {
				return changed, err
			}
		}
	}
	if !changed {
		return false, nil
	}
	put(m, key, known.elements)
	return true, keepOnePrimary(known.elements, wasPrimary)
}

// elementSet finds the elements of a list by their value, so that the time to
// add members does not grow with the square of their number.
type elementSet struct {
	elements []any
	byValue  map[string][]int // positions of complex elements; nil if there is only one to find
	ids      bool             // values are ids, whose case does not matter
}

func newElementSet(list string, elements []any, lookups int) *elementSet {
	s := &elementSet{
		elements: slices.Grow(elements[:len(elements):len(elements)], lookups),
		ids:      strings.EqualFold(list, "members"),
	}
	if lookups > 1 {
		s.byValue = make(map[string][]int, len(elements)+lookups)
		for i := range elements {
			s.index(i)
		}
	}
	return s
}

func (s *elementSet) index(at int) {
	if value, ok := s.key(s.elements[at]); ok && s.byValue != nil {
		s.byValue[value] = append(s.byValue[value], at)
	}
}

// key returns the value that identifies a complex element. ok is false for
// another element.
func (s *elementSet) key(v any) (value string, ok bool) {
	value, ok = valueOf(v)
	if s.ids {
		value = fold(value)
	}
	return value, ok
}

func (s *elementSet) add(element any) {
	s.elements = append(s.elements, element)
	s.index(len(s.elements) - 1)
}

// find returns the position of the element that an add of v would repeat, or
// -1.
func (s *elementSet) find(v any) int {
	value, ok := s.key(v)
	if !ok || s.byValue == nil {
		return slices.IndexFunc(s.elements, func(element any) bool { return s.interchangeable(element, v) })
	}
	for _, at := range s.byValue[value] {
		if s.interchangeable(s.elements[at], v) {
			return at
		}
	}
	return -1
}

// interchangeable reports whether two elements have the same value, and the
// same type if both have one: a telephone can have the types work and mobile
// (RFC 7643 section 2.4). Elements without a value must be equal.
func (s *elementSet) interchangeable(a, b any) bool {
	v, first := s.key(a)
	w, second := s.key(b)
	if !first || !second {
		return same(a, b)
	}
	return v == w && sameType(a.(map[string]any), b.(map[string]any))
}

func sameType(a, b map[string]any) bool {
	_, t := lookup(a, "type")
	_, u := lookup(b, "type")
	first, isText := t.(string)
	second, areText := u.(string)
	return !isText || !areText || strings.EqualFold(first, second)
}

// valueOf returns the sub-attribute "value" of a complex element, if it is a
// string.
func valueOf(element any) (string, bool) {
	object, ok := element.(map[string]any)
	if !ok {
		return "", false
	}
	_, v := lookup(object, "value")
	s, ok := v.(string)
	return s, ok
}

// keepOnePrimary makes the new primary element the only one (RFC 7644 section
// 3.5.2). Two new ones are an error.
func keepOnePrimary(elements []any, was []bool) error {
	chosen := -1
	for i, element := range elements {
		if was[i] || !isPrimary(element) {
			continue
		}
		if chosen >= 0 {
			return refuse(invalidValue, "more than one primary value")
		}
		chosen = i
	}
	for i, element := range elements {
		if chosen >= 0 && i != chosen && isPrimary(element) {
			object := element.(map[string]any)
			key, _ := lookup(object, "primary")
			object[key] = false
		}
	}
	return nil
}

func isPrimary(element any) bool {
	object, ok := element.(map[string]any)
	if !ok {
		return false
	}
	_, v := lookup(object, "primary")
	return v == true
}

// single returns the only element of a list, because some clients send a single
// value in a list.
func single(v any) any {
	if list, ok := v.([]any); ok && len(list) == 1 {
		return list[0]
	}
	return v
}
