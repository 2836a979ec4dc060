package webextest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// inspect reads a request that arrived whole and notes where it breaks the
// schemas of the contract, whatever its answer will be.
func (x *exchange) inspect() {
	switch {
	case x.tooLong:
	case isBulk(x.r):
		x.req, x.refused = parseBulk(x.body, &x.sim.cfg)
		if x.req == nil {
			x.note(x.refused.detail)
			return
		}
		x.note(x.req.violations...)
	case x.r.Method == http.MethodGet:
		x.note(queryViolations(route(x.r.URL.Path), x.r.URL.Query())...)
	}
}

// note records violations of the contract.
func (x *exchange) note(violations ...string) {
	for _, violation := range violations {
		x.sim.log.violate(x.file.Number, "%s", violation)
	}
}

// patchViolation says how the data of a PATCH departs from the contract's PatchOp;
// "" if it does not. The service may well understand such data: it takes op in
// any case, for one (RFC 7644, section 3.5.2).
func patchViolation(data map[string]any) string {
	if list, _ := data["schemas"].([]any); len(list) != 1 || list[0] != schemaPatch {
		return "the schemas of a PatchOp must hold " + schemaPatch + " and nothing else"
	}
	steps, _ := data["Operations"].([]any)
	if len(steps) == 0 {
		return "a PatchOp needs Operations, as a list that is not empty"
	}
	for _, step := range steps {
		object, ok := step.(map[string]any)
		op, _ := object["op"].(string)
		path, given := object["path"]
		value, valued := object["value"]
		switch {
		case !ok:
			return "an operation of a PatchOp must be an object"
		case op != "add" && op != "replace" && op != "remove":
			return "the op of a PatchOp must be add, replace or remove, in lower case"
		case valued && value == nil:
			return "the value of a PatchOp must not be null"
		}
		if text, _ := path.(string); given && text == "" {
			return "the path of a PatchOp must be a string that is not empty"
		}
	}
	return ""
}

// untypedMember reports whether an operation sends a member of a group without
// its type.
func untypedMember(op *operation) bool {
	if op.kind != groups {
		return false
	}
	if op.Method == http.MethodPost {
		return untyped(member(op.data, "members"))
	}
	steps, _ := member(op.data, "Operations").([]any)
	return slices.ContainsFunc(steps, func(step any) bool {
		path, _ := member(step, "path").(string)
		value := member(step, "value")
		if path == "" {
			return untyped(member(value, "members"))
		}
		attr := strings.TrimPrefix(strings.ToLower(path), strings.ToLower(schemaGroup)+":")
		return attr == "members" && untyped(value)
	})
}

// untyped reports whether one of the members, or the only one, has no type.
func untyped(members any) bool {
	switch members := members.(type) {
	case map[string]any:
		text, _ := member(members, "type").(string)
		return text == ""
	case []any:
		return slices.ContainsFunc(members, func(m any) bool { return untyped(m) })
	}
	return false
}

// member returns the member of an object of this name, regardless of case.
func member(object any, name string) any {
	members, _ := object.(map[string]any)
	for other, value := range members {
		if len(other) == len(name) && strings.EqualFold(other, name) {
			return value
		}
	}
	return nil
}

// numbers are the parameters of a GET that are numbers of at least 0, truths those
// that are true or false. Other parameters take any text.
func (at endpoint) numbers() []string {
	if at.what == collectionEndpoint || at.what == membersEndpoint {
		return []string{"startIndex", "count"}
	}
	return nil
}

func (at endpoint) truths() []string {
	switch {
	case at.what != collectionEndpoint:
		return nil
	case at.kind == groups:
		return []string{"includeMembers"}
	}
	return []string{"returnGroups", "includeGroupDetails"}
}

// queryViolations says how the parameters of a GET depart from the contract.
// Unknown ones do not.
func queryViolations(at endpoint, query url.Values) (violations []string) {
	for _, name := range slices.Sorted(maps.Keys(query)) {
		text := query.Get(name)
		if slices.Contains(at.numbers(), name) {
			if n, err := strconv.ParseInt(text, 10, 64); err != nil || n < 0 {
				violations = append(violations, name+" must be an integer of at least 0")
			}
		}
		if slices.Contains(at.truths(), name) && text != "true" && text != "false" {
			violations = append(violations, name+" must be true or false")
		}
	}
	return violations
}
