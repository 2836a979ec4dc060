package scim

import (
	"slices"
	"strings"
)

// operation is the op of a patch operation, in lower case.
type operation string

const (
	add     operation = "add"
	replace operation = "replace"
	remove  operation = "remove"
	double  operation = "double" // add, also of values that the list has already
)

func (o operation) adds() bool { return o == add || o == double }

// Apply applies one operation of a PATCH request (RFC 7644 section 3.5.2) to a
// resource in place, and reports whether it changed. op is add, replace or
// remove, in any case. Without a path, value must be an object: the name of
// each member is the path for its value, also of extensions, and with
// sub-attributes and filters. After an error the resource may be partly
// changed, so callers pass a deep copy. value is copied.
//
// If the RFC leaves a choice, or needs a schema:
//   - null is no value: a replace with null removes. Null members of objects and
//     null elements of lists are dropped, and an empty attribute is removed.
//   - A complex value is merged into the existing one, also by replace. An
//     element that a filter selects is replaced as a whole.
//   - An add to a list skips an equal element. It merges an element into one with
//     the same "value" and no other "type".
//   - An add with a filter that selects nothing creates an element from the eq
//     terms of the filter. If this does not match the filter, there is no target.
//     A replace needs a target; a remove without a target changes nothing.
//   - If an element becomes primary, the others become not primary.
//   - A remove has no value: some clients send the values to remove, and would
//     remove the whole attribute.
//   - The URN of an extension is added to "schemas", and removed, together with
//     its attributes.
//
// The errors are *Error with the types invalidSyntax (op), invalidPath,
// invalidValue, noTarget and mutability (a change of id, meta or groups, or the
// removal of schemas).
func Apply(resource map[string]any, op, path string, value any) (changed bool, err error) {
	o := operation(strings.ToLower(op))
	if o != add && o != replace && o != remove {
		return false, refuse(invalidSyntax, "op must be add, replace or remove")
	}
	return o.apply(resource, path, value)
}

// ApplyDoubling is Apply for a service whose add appends values that the list
// has already.
func ApplyDoubling(resource map[string]any, op, path string, value any) (changed bool, err error) {
	if strings.EqualFold(op, string(add)) {
		return double.apply(resource, path, value)
	}
	return Apply(resource, op, path, value)
}

func (o operation) apply(resource map[string]any, path string, value any) (changed bool, err error) {
	p := &Path{}
	switch {
	case resource == nil:
		return false, refuse(noTarget, "no resource")
	case path != "":
		if p, err = ParsePath(path); err != nil {
			return false, err
		}
	case o == remove:
		return false, refuse(noTarget, "remove needs a path")
	}
	switch {
	case o.adds() && value == nil:
		return false, refuse(invalidValue, "add needs a value")
	case o == remove && value != nil:
		return false, refuse(invalidValue, "remove takes no value: select what to remove with a filter in the path")
	}
	return o.resource(resource, p, value)
}

// resource applies the operation to the path p of r.
func (o operation) resource(r map[string]any, p *Path, v any) (bool, error) {
	switch a := p.attribute; {
	case a == attribute{}:
		if o == remove {
			return false, refuse(noTarget, "remove needs the path of an attribute")
		}
		return o.members(v, func(member *Path, v any) (bool, error) { return o.resource(r, member, v) })
	case a.urn != "":
		return o.extension(r, p, v)
	case a.readOnly():
		return false, refuse(mutability, "%s is read-only", a.name)
	case strings.EqualFold(a.name, "schemas") && (o == remove || clean(v) == nil):
		return false, refuse(mutability, "schemas cannot be removed")
	}
	return o.attribute(r, p, v)
}

// members applies each member of an object, in the order of their names, which
// are paths.
func (o operation) members(v any, apply func(p *Path, v any) (bool, error)) (changed bool, err error) {
	object, ok := v.(map[string]any)
	if !ok {
		return false, refuse(invalidValue, "without the path of an attribute the value must be an object")
	}
	for _, name := range sorted(object) {
		p, err := ParsePath(name)
		if err != nil {
			return changed, err
		}
		if o.adds() && object[name] == nil {
			continue
		}
		did, err := apply(p, object[name])
		if changed = changed || did; err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// extension applies the operation to an extension of r or one of its
// attributes.
func (o operation) extension(r map[string]any, p *Path, v any) (bool, error) {
	key, old := lookup(r, p.attribute.urn)
	object, ok := old.(map[string]any)
	if old != nil && !ok {
		return false, refuse(invalidPath, "%s is not an extension", key)
	}
	changed, err := false, error(nil)
	switch {
	case p.attribute.name != "":
		object = orNew(object)
		changed, err = o.attribute(object, p, v)
	case o == remove || v == nil:
		changed, object = old != nil, nil
	default:
		object = orNew(object)
		changed, err = o.members(v, func(member *Path, v any) (bool, error) {
			if member.attribute.urn != "" || member.attribute.name == "" {
				return false, refuse(invalidPath, "an extension within %s", key)
			}
			return o.attribute(object, member, v)
		})
	}
	if changed {
		put(r, key, object)
		listSchema(r, key, len(object) > 0)
	}
	return changed, err
}

// listSchema adds urn to "schemas" of r, or removes it. It does not add
// "schemas".
func listSchema(r map[string]any, urn string, present bool) {
	key, v := lookup(r, "schemas")
	schemas, ok := v.([]any)
	is := func(v any) bool { s, ok := v.(string); return ok && strings.EqualFold(s, urn) }
	switch {
	case !ok:
	case !present:
		r[key] = slices.DeleteFunc(schemas, is)
	case !slices.ContainsFunc(schemas, is):
		r[key] = append(schemas, urn)
	}
}

// attribute applies the operation to an attribute of m, a resource or an
// extension.
func (o operation) attribute(m map[string]any, p *Path, v any) (bool, error) {
	name, sub := p.attribute.name, p.attribute.sub
	if sub == "" && p.filter == nil {
		return o.assign(m, name, v)
	}
	key, old := lookup(m, name)
	if elements, ok := old.([]any); ok && len(elements) > 0 {
		return o.elements(m, key, p, elements, v)
	}
	if p.filter != nil {
		if clean(old) != nil {
			return false, refuse(invalidPath, "%s is not multi-valued", name)
		}
		return o.elements(m, key, p, nil, v)
	}
	object, ok := old.(map[string]any)
	if !ok && clean(old) != nil {
		return false, refuse(invalidPath, "%s has no sub-attributes", name)
	}
	if object == nil && (o == remove || v == nil) {
		return false, nil
	}
	fresh := object == nil
	object = orNew(object)
	changed, err := o.assign(object, sub, v)
	switch {
	case !changed:
	case fresh && multiValued(name):
		m[key] = []any{object}
	default:
		put(m, key, object)
	}
	return changed, err
}

// assign applies the operation to the attribute name of m as a whole.
func (o operation) assign(m map[string]any, name string, v any) (bool, error) {
	key, old := lookup(m, name)
	if o.adds() && v == nil {
		return false, nil
	}
	if o == remove || v == nil {
		_, had := m[key]
		delete(m, key)
		return had, nil
	}
	values, many := v.([]any)
	if object, ok := old.(map[string]any); ok && !many {
		changed, err := o.merge(object, v)
		if changed {
			put(m, key, object)
		}
		return changed, err
	}
	elements, isList := old.([]any)
	switch {
	case o.adds() && (isList || many):
		if !isList && old != nil {
			elements = []any{old}
		}
		if !many {
			values = []any{v}
		}
		return addElements(m, key, elements, values, o == double)
	case multiValued(name) && !many:
		v = []any{v}
	}
	v = clean(v)
	if elements, ok := v.([]any); ok {
		if err := keepOnePrimary(elements, make([]bool, len(elements))); err != nil {
			return false, err
		}
	}
	if same(old, v) {
		return false, nil
	}
	put(m, key, v)
	return true, nil
}

// merge applies the operation to each member of v in a complex value.
func (o operation) merge(object map[string]any, v any) (changed bool, err error) {
	members, ok := v.(map[string]any)
	if !ok {
		return false, refuse(invalidValue, "a complex attribute needs an object")
	}
	for _, name := range sorted(members) {
		did, err := o.assign(object, name, members[name])
		if changed = changed || did; err != nil {
			return changed, err
		}
	}
	return changed, nil
}

// put sets key to v, or removes it if v is empty.
func put(m map[string]any, key string, v any) {
	object, isObject := v.(map[string]any)
	list, isList := v.([]any)
	if v == nil || isObject && len(object) == 0 || isList && len(list) == 0 {
		delete(m, key)
		return
	}
	m[key] = v
}

func orNew(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
