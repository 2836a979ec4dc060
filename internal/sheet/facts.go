package sheet

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/textfile"
)

// facts are the values of a resource by path, as target.path writes it, in
// lower case.
type facts map[string][]any

func factsOf(attributes map[string]any) facts {
	f := facts{}
	for name, value := range attributes {
		extension, isObject := value.(map[string]any)
		if !isObject || !strings.HasPrefix(strings.ToLower(name), "urn:") {
			f.attribute(target{name: name}, value)
			continue
		}
		for inner, value := range extension {
			f.attribute(target{urn: name, name: inner}, value)
		}
	}
	return f
}

func (f facts) attribute(t target, value any) {
	switch v := value.(type) {
	case nil:
	case []any:
		for _, e := range v {
			f.element(t, e)
		}
	case map[string]any:
		for sub, value := range v {
			if t.sub = sub; strings.EqualFold(sub, "value") { // manager.value is manager
				t.sub = ""
			}
			f.add(t, value)
		}
	default:
		f.add(t, value)
	}
}

func (f facts) element(t target, value any) {
	object, ok := value.(map[string]any)
	if !ok {
		f.add(t, value)
		return
	}
	t.filterKey = filterKeyOf(t)
	for sub, value := range object {
		if strings.EqualFold(sub, t.filterKey) {
			text, _ := value.(string)
			t.filter = strings.ToLower(text)
		}
	}
	for t.sub, value = range object {
		if !strings.EqualFold(t.sub, t.filterKey) {
			f.add(t, value)
		}
	}
}

func (f facts) add(t target, value any) {
	if value == nil || value == "" {
		return
	}
	path := strings.ToLower(t.path())
	f[path] = append(f[path], value)
}

func (f facts) first(path string) any {
	if len(f[path]) == 0 {
		return nil
	}
	return f[path][0]
}

// addressNames maps the types of addresses to the words of Control Hub.
var addressNames = map[string]string{"work": "Office", "home": "Home", "other": "Other"}

// addressType returns the type of the address for columns without a type: the
// work address, if there is one.
func (f facts) addressType() string {
	for _, kind := range []string{"work", "home", "other"} {
		for path := range f {
			if strings.HasPrefix(path, `addresses[type eq "`+kind+`"].`) && !isImplied(path, nil, "") {
				return kind
			}
		}
	}
	return ""
}

// isImplied reports whether only the service sets a value, or whether it
// follows from another one.
func isImplied(path string, value any, name string) bool {
	switch path {
	case "id", "schemas", "usertype", "name.formatted":
		return true
	case `emails[type eq "work"].value`:
		text, _ := value.(string)
		return strings.EqualFold(text, name)
	}
	path = strings.TrimPrefix(path, strings.ToLower(webexUserURN)+":")
	path = strings.TrimPrefix(path, strings.ToLower(webexGroupURN)+":")
	for _, prefix := range []string{
		"meta", "groups", "provisionsource", "accountstatus", "usernametype", "sipaddresses", "members", "photos",
	} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	for _, suffix := range []string{".display", ".$ref", ".primary", ".formatted", "manager.displayname"} {
		if strings.HasSuffix(path, suffix) {
			return true
		}
	}
	return false
}

// shortPath returns a path without the URN of an extension, which a header may
// omit.
func shortPath(path string) string {
	for _, urn := range schemas {
		if rest, ok := textfile.CutFold(path, urn+":"); ok {
			return rest
		}
	}
	return path
}

// factsAt returns the single values in the value of a target.
func factsAt(to target, value any) facts {
	f := facts{}
	parts, isObject := value.(map[string]any)
	switch {
	case to.filterKey != "" && to.sub == "" && isObject:
		for to.sub, value = range parts {
			if !strings.EqualFold(to.sub, to.filterKey) {
				f.add(to, value)
			}
		}
	case to.filterKey != "" || to.sub != "":
		f.add(to, value)
	default:
		f.attribute(to, value)
	}
	return f
}

// PathsOf returns the paths of the single values in the value of a path, in
// order.
func PathsOf(path string, value json.RawMessage) []string {
	to, ok := parseTarget(path)
	var decoded any
	if !ok || json.Unmarshal(value, &decoded) != nil {
		return []string{path}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(factsAt(to, decoded))), func(path string) bool {
		return strings.HasSuffix(path, ".primary") || strings.HasSuffix(path, ".display")
	})
}
