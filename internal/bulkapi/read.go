package bulkapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/wire"
)

// Why an answer that should hold results is of no use.
const (
	isEmpty   = "the answer is empty"
	tooLong   = "the answer is longer than allowed"
	encoded   = "the answer has an encoding that was not asked for"
	breaksOff = "the answer breaks off"
	noJSON    = "the answer is not JSON"
	noList    = "the answer has no list of results"
)

// result is one entry of the list in an answer. A member of another type than it should have reads as absent.
type result = gen.BulkResult

// readResults reads the list of results. The note says why there is none. Entries that are no objects read as empty
// results: they keep their place.
func readResults(body []byte, broken error) (results []result, note string) {
	body = trim(body)
	if broken != nil {
		return nil, brokenNote(body, broken)
	}
	if len(body) == 0 {
		return nil, isEmpty
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, brokenNote(body, nil)
	}
	var list []json.RawMessage
	found := false
	for _, name := range slices.Sorted(names(members)) { // "Operations" before "operations"
		var entries []json.RawMessage
		if json.Unmarshal(members[name], &entries) == nil && entries != nil && len(entries) >= len(list) {
			list, found = entries, true
		}
	}
	if !found {
		return nil, noList
	}
	if len(list) > maxEntries {
		return nil, tooLong
	}
	results = make([]result, len(list))
	for i, raw := range list {
		_ = json.Unmarshal(raw, &results[i]) // what is odd costs only itself
		if r := &results[i]; r.Status == 0 { // the status may be said in the error alone
			r.Status = wire.Status(readError(r.Response, 0).Status)
		}
	}
	return results, ""
}

// names yields the members that may hold the list: RFC 7644 section 3.7 writes Operations, Webex operations, and names
// are the same in any case (RFC 7643 section 2.1).
func names(members map[string]json.RawMessage) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for name := range members {
			if strings.EqualFold(name, "operations") && !yield(name) {
				return
			}
		}
	}
}

// brokenNote tells a JSON object that does not end from what never was one.
func brokenNote(body []byte, broken error) string {
	switch {
	case errors.Is(broken, errEncoding):
		return encoded
	case len(body) > 0 && body[0] != '{':
		return noJSON
	case errors.Is(broken, errTooLong):
		return tooLong
	}
	return breaksOff
}

// trim takes away what may stand around JSON, a byte order mark included.
func trim(body []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
}

// areResults reports whether any entry speaks of an operation: an error body may have a list of that name too. That such an
// entry says nothing of what became of the operation does not mean that nothing was done.
func areResults(results []result) bool {
	return slices.ContainsFunc(results, func(r result) bool {
		return r.Status != 0 || r.BulkID != "" || r.Method != "" || r.Location != ""
	})
}
