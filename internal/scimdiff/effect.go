package scimdiff

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/fold"
)

// What a PATCH does to a resource (RFC 7644 section 3.5.2).

// step is one change of a PATCH.
type step struct {
	Op, Path string
	Value    json.RawMessage
}

// steps are the changes of a PATCH; none if it cannot be read.
func steps(patch []byte) []step {
	var body struct{ Operations []step }
	_ = json.Unmarshal(patch, &body)
	return body.Operations
}

// MayAddTwice reports whether the data of a PATCH adds values to a multi-valued
// attribute, which a service may do a second time. Members of a group are a
// set. Data that cannot be read may do anything.
func MayAddTwice(patch []byte) bool {
	all := steps(patch)
	return len(all) == 0 || slices.ContainsFunc(all, func(s step) bool {
		if !strings.EqualFold(s.Op, "add") || strings.ContainsRune(s.Path, '[') || strings.EqualFold(s.Path, "members") {
			return false
		}
		holdsAttributes := s.Path == "" || isURN(s.Path)
		return isList(s.Value) || isMultiValued(s.Path) || holdsAttributes && holdsMultiValued(s.Value)
	})
}

// holdsMultiValued reports whether an object of attributes, or an extension in
// it, has values of a multi-valued attribute other than members.
func holdsMultiValued(value json.RawMessage) bool {
	attributes, _ := members(value) // else it is one value
	for name, value := range attributes {
		switch {
		case strings.EqualFold(name, "members"):
		case isList(value), isMultiValued(name), isURN(name) && holdsMultiValued(value):
			return true
		}
	}
	return false
}

// isMultiValued reports whether a path ends in a multi-valued attribute of
// users or groups (RFC 7643 section 4, and Webex's extensions).
func isMultiValued(path string) bool {
	path = strings.ToLower(path[strings.LastIndexAny(path, ":.")+1:])
	switch path {
	case "emails", "phonenumbers", "ims", "photos", "addresses", "entitlements", "roles", "x509certificates",
		"sipaddresses", "accountstatus", "managedorgs", "managedgroups", "owners", "managedby", "inheritances":
		return true
	}
	return strings.HasPrefix(path, "extensionattribute") || strings.HasPrefix(path, "externalattribute")
}

func isURN(name string) bool { return strings.HasPrefix(strings.ToLower(name), "urn:") }

// Shows reports whether a stored resource has all values that the data of a
// PATCH gives it. It does not know values that a filter selects, or that are
// not returned: then the answer is false.
func Shows(stored, patch []byte) bool {
	all := steps(patch)
	return len(all) > 0 && !slices.ContainsFunc(all, func(s step) bool { return !s.showsIn(stored) })
}

func (s step) showsIn(resource json.RawMessage) bool {
	op, path, value := strings.ToLower(s.Op), s.Path, s.Value
	if strings.Contains(path, "[") || op == "remove" && (path == "" || value != nil) {
		return false
	}
	if path == "" {
		return showsAttributes(resource, op, value)
	}
	at := resource
	for _, name := range attributePath(path) {
		attributes, ok := members(at)
		if !ok {
			return false
		}
		if at = attributes.get(name); at == nil {
			break
		}
	}
	switch {
	case op == "remove":
		return at == nil
	case at == nil:
		return IsNothing(value)
	case op == "replace" && isList(value) && !sameLength(value, at):
		return false
	case isList(at) && !isList(value):
		value = json.RawMessage("[" + string(value) + "]")
	}
	return sameValue(path, value, at)
}

// sameValue reports whether the value of an attribute that was sent is there:
// by meaning, which for nearly all attributes has no case.
func sameValue(name string, sent, found json.RawMessage) bool {
	if name = name[strings.LastIndexAny(name, ":.")+1:]; !IsExact(name) {
		return fold.SameJSON(sent, found)
	}
	var c comparison
	c.attribute(name, name, sent, found)
	return len(c.differences) == 0
}

// showsAttributes is for a change without a path, whose value holds attributes.
func showsAttributes(resource json.RawMessage, op string, value json.RawMessage) bool {
	attributes, _ := members(value)
	for name, v := range attributes {
		if !strings.EqualFold(name, "schemas") && !(step{op, name, v}).showsIn(resource) {
			return false
		}
	}
	return len(attributes) > 0
}

// attributePath takes a path apart: the URN of an extension is one name, though
// it holds dots.
func attributePath(path string) []string {
	var names []string
	if isURN(path) {
		colon := strings.LastIndexByte(path, ':')
		extension, attribute := path[:colon], path[colon+1:]
		if strings.HasSuffix(extension, ":2.0") || !strings.Contains(extension, ":2.0:") {
			return []string{path} // the extension as a whole
		}
		if path = attribute; !strings.HasPrefix(strings.ToLower(extension), "urn:ietf:params:scim:schemas:core:2.0:") {
			names = append(names, extension)
		}
	}
	return append(names, strings.Split(path, ".")...)
}

func sameLength(a, b json.RawMessage) bool {
	var x, y []json.RawMessage
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && len(x) == len(y)
}
