package contract

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

// This file checks the data of an operation without the stored resources.

// CheckData returns the reason why the service refuses the data of an
// operation, or else a violation in it that the service accepts.
func CheckData(op *Operation, rules *Rules) (refused *scim.Error, tolerated string) {
	switch op.Method {
	case http.MethodPost:
		return checkResource(op.Kind, op.Doc, rules), ""
	case http.MethodPatch:
		return checkPatch(op.Kind, op.Doc, rules)
	}
	return nil, ""
}

// checkResource refuses data that no resource can be created from.
func checkResource(k scim.Kind, doc map[string]any, rules *Rules) *scim.Error {
	schemas := scim.Member(doc, "schemas")
	list, _ := schemas.([]any)
	if (schemas != nil || rules.RequireSchemas) && !slices.Contains(list, any(k.Schema())) {
		return violation("invalidSyntax", "schemas must name %s", k.Schema())
	}
	if refused := CheckDocument(k, doc); refused != nil {
		return refused
	}
	if name, _ := scim.Member(doc, k.NameAttribute()).(string); name == "" {
		return violation("invalidValue", NeedsName, k.NameAttribute())
	}
	if name := unknown(k, doc); name != "" && rules.RefuseUnknown {
		return violation("invalidValue", "%s have no attribute %s", k, name)
	}
	for _, name := range ReadOnly {
		if rules.RefuseReadOnly && scim.Member(doc, name) != nil {
			return scim.Refuse(http.StatusBadRequest, "mutability", "%s is read-only", name)
		}
	}
	members := scim.Member(doc, "members")
	list, _ = members.([]any)
	switch {
	case k == scim.Groups && len(list) > maxNewMembers:
		return violation("invalidValue", "a group is created with %d members at most", maxNewMembers)
	case k == scim.Groups && untyped(members) && !rules.UntypedMembers:
		return violation("invalidValue", needsType)
	}
	return nil
}

// CheckDocument refuses a resource with a value of a wrong type, an email
// without a value, or two primary values (RFC 7643, sections 2.3 and 2.4).
func CheckDocument(k scim.Kind, doc map[string]any) *scim.Error {
	wrong := strings.TrimPrefix(core[k].mismatch(doc), ".")
	for urn, value := range doc {
		if !strings.Contains(urn, ":") {
			continue
		}
		if attrs := extension(urn); attrs != nil {
			if mismatch := object(attrs).mismatch(value); mismatch != "" {
				wrong = least(wrong, urn+mismatch)
			}
		}
	}
	if wrong != "" {
		return violation("invalidValue", "%s", wrong)
	}
	return nil
}

// ReadOnly are the attributes that only the service sets. In a create they are
// ignored unless Rules.RefuseReadOnly is set.
var ReadOnly = [...]string{"id", "meta", "groups"}

// maxNewMembers is the maximum number of members in a create. The maximum for a
// PATCH, and for a group, is not published.
const maxNewMembers = 500

// unknown returns the first attribute, by name, that a resource of a kind does
// not have, "" if there is none.
func unknown(k scim.Kind, doc map[string]any) (first string) {
	for name, value := range doc {
		attrs := extension(name)
		switch {
		case attrs != nil:
			members, _ := value.(map[string]any)
			for name := range members {
				if _, a := attrs.find(name); a == nil {
					first = least(first, name)
				}
			}
		default:
			if _, a := core[k].find(name); a == nil {
				first = least(first, name)
			}
		}
	}
	return first
}

// NeedsName is the text for a resource without userName or displayName.
const NeedsName = "%s is required and a string"

const (
	needsType = "a member needs a type: user, group or machine"
	needsPath = "remove needs a path"
)

// untyped reports whether one of the members, or the only one, has no type.
func untyped(members any) bool {
	switch members := members.(type) {
	case map[string]any:
		text, _ := scim.Member(members, "type").(string)
		return text == ""
	case []any:
		return slices.ContainsFunc(members, untyped)
	}
	return false
}

// checkPatch refuses a PatchOp (RFC 7644, section 3.5.2).
func checkPatch(k scim.Kind, data map[string]any, rules *Rules) (refused *scim.Error, tolerated string) {
	schemas, _ := data["schemas"].([]any)
	steps, _ := data["Operations"].([]any)
	switch {
	case !slices.Contains(schemas, any(scim.PatchOp)):
		return violation("invalidSyntax", "the schemas of a PatchOp must name %s", scim.PatchOp), ""
	case len(steps) == 0:
		return violation("invalidSyntax", "a PatchOp needs Operations, as a list that is not empty"), ""
	case len(schemas) > 1:
		tolerated = "the schemas of a PatchOp must hold nothing but " + scim.PatchOp
	}
	for _, step := range steps {
		object, ok := step.(map[string]any)
		if !ok {
			return violation("invalidSyntax", "an operation of a PatchOp must be an object"), ""
		}
		if refused := checkStep(k, object, rules); refused != nil {
			return refused, ""
		}
		if op, _ := object["op"].(string); op != strings.ToLower(op) {
			tolerated = wrongOp
		}
		if object["path"] == "" {
			tolerated = wrongPath
		}
	}
	return nil, tolerated
}

const (
	wrongOp   = "the op of a PatchOp must be add, replace or remove, in lower case"
	wrongPath = "the path of a PatchOp must be a string that is not empty"
)

// checkStep refuses an operation of a PatchOp.
func checkStep(k scim.Kind, step map[string]any, rules *Rules) *scim.Error {
	op, _ := step["op"].(string)
	switch strings.ToLower(op) {
	case "add", "replace", "remove":
	default:
		return violation("invalidSyntax", wrongOp)
	}
	path, pathGiven := step["path"]
	text, isText := path.(string)
	value, given := step["value"]
	switch {
	case rules.ExactOps && op != strings.ToLower(op):
		return violation("invalidSyntax", wrongOp)
	case pathGiven && !isText:
		return violation("invalidPath", wrongPath)
	case given && value == nil:
		return violation("invalidValue", "the value of a PatchOp must not be null")
	case !given && !strings.EqualFold(op, "remove"):
		return violation("invalidValue", "%s needs a value", op)
	case text == "" && strings.EqualFold(op, "remove"):
		return violation("noTarget", needsPath)
	case strings.EqualFold(op, "remove"):
		return checkValue(k, text, nil) // Apply refuses a value
	case k == scim.Groups && !rules.UntypedMembers && untyped(addedMembers(text, value)):
		return violation("invalidValue", needsType)
	}
	return checkValue(k, text, value)
}

// addedMembers returns the members in the value of an add or replace.
func addedMembers(path string, value any) any {
	attribute := strings.TrimPrefix(strings.ToLower(path), strings.ToLower(scim.GroupSchema)+":")
	switch attribute {
	case "":
		return scim.Member(value, "members")
	case "members":
		return value
	}
	return nil
}

// checkValue refuses a change of an attribute that the resource does not have,
// or to a value of a wrong type.
func checkValue(k scim.Kind, path string, value any) *scim.Error {
	if path == "" {
		return checkMembers(k, "", value)
	}
	p, err := scim.ParsePath(path)
	if err != nil {
		return violation("invalidPath", "the path of a PatchOp: %v", err)
	}
	urn, name := p.Attribute()
	attrs := core[k]
	if urn != "" {
		attrs = extension(urn)
	}
	switch {
	case attrs == nil:
		return noAttribute(k)
	case name == "":
		return checkMembers(k, urn+":", value)
	}
	name, a := attrs.find(name)
	if sub := p.Sub(); a != nil && sub != "" && a.subs != nil {
		var inner *attribute
		sub, inner = a.subs.find(sub)
		name, a = name+"."+sub, inner
	} else if a != nil && sub != "" {
		a = anything // Apply refuses it if there is no object
	} else if _, many := value.([]any); a != nil && a.list && (p.Filtered() || !many) {
		a = &attribute{form: a.form, subs: a.subs} // one value is added, or replaces the selected ones
	}
	if a == nil {
		return noAttribute(k)
	}
	if wrong := a.mismatch(value); wrong != "" {
		return violation("invalidValue", "%s", name+wrong)
	}
	if a.unknown(value) {
		return noAttribute(k)
	}
	return nil
}

func noAttribute(k scim.Kind) *scim.Error {
	return violation("invalidPath", "a PatchOp names an attribute that %s do not have", k)
}

// checkMembers checks each member of an object. Their names are paths, to which
// prefix is added.
func checkMembers(k scim.Kind, prefix string, value any) *scim.Error {
	members, ok := value.(map[string]any)
	if !ok && value != nil {
		return violation("invalidValue", "without the path of an attribute the value of a PatchOp must be an object")
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if refused := checkValue(k, prefix+name, members[name]); refused != nil {
			return refused
		}
	}
	return nil
}

// violation returns a refusal of a violation.
func violation(kind, format string, args ...any) *scim.Error {
	r := scim.Refuse(http.StatusBadRequest, kind, format, args...)
	r.Violates = true
	return r
}
