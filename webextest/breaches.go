package webextest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// inspect reads a request that arrived whole and notes where it breaks the
// schemas of the contract, whatever its answer will be.
func (x *exchange) inspect() {
	switch {
	case x.tooLong:
	case isBulk(x.r):
		x.req, x.refused = parseBulk(x.body, x.sim.cfg.MaxOperations)
		if x.req == nil {
			x.note(x.refused.detail)
			return
		}
		x.note(x.req.breaches...)
	case x.r.Method == http.MethodGet:
		_, collection, id, ok := route(x.r.URL.Path)
		if k, listed := kindOf(collection); ok && listed && id == "" {
			x.note(queryBreaches(k, x.r.URL.Query())...)
		}
	}
}

// note records breaches of the contract.
func (x *exchange) note(breaches ...string) {
	for _, breach := range breaches {
		x.sim.log.violate(x.file.Number, "%s", breach)
	}
}

// patchBreach says how the data of a PATCH departs from the contract's PatchOp;
// "" if it does not. The service may well understand such data: it takes op in
// any case, for one (RFC 7644, section 3.5.2).
func patchBreach(data map[string]any) string {
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

// numbers are the least values of a search's numbers, truths its parameters
// that are true or false. Other parameters take any text.
var (
	numbers = map[string]int64{"startIndex": 1, "count": 0}
	truths  = [...][]string{users: {"returnGroups", "includeGroupDetails"}, groups: {"includeMembers"}}
)

// queryBreaches says how the parameters of a search depart from the contract.
// Unknown ones do not.
func queryBreaches(k kind, query url.Values) (breaches []string) {
	for _, name := range slices.Sorted(maps.Keys(query)) {
		text := query.Get(name)
		if least, ok := numbers[name]; ok {
			if n, err := strconv.ParseInt(text, 10, 64); err != nil || n < least {
				breaches = append(breaches, name+" must be an integer of at least "+strconv.FormatInt(least, 10))
			}
		}
		if slices.Contains(truths[k], name) && text != "true" && text != "false" {
			breaches = append(breaches, name+" must be true or false")
		}
	}
	return breaches
}
