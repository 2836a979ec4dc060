package bulkapi

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/location"
	"github.com/webexscim/bulk/internal/rawjson"
	"github.com/webexscim/bulk/internal/redact"
	"github.com/webexscim/bulk/wire"
)

// Why an answer that should hold results is of no use.
const (
	isEmpty   = "the answer is empty"
	breaksOff = "the answer breaks off"
	noJSON    = "the answer is not JSON"
	noList    = "the answer has no list of results"
)

// result is one entry of the list in an answer. A member of another type than
// it should have reads as absent.
type result = gen.BulkResult

// readResults reads the list of results. The note says why there is none.
// Entries that are no objects read as empty results: they keep their place.
func readResults(body []byte, broken error) (results []result, note string) {
	body = trim(body)
	if broken != nil {
		return nil, brokenNote(body, broken)
	}
	if len(body) == 0 {
		return nil, isEmpty
	}
	r := rawjson.New(body)
	for r.Enter('{'); r.More('}'); {
		if key := r.Key(); r.Kind() != '[' || !rawjson.Is(key, "operations") {
			r.Value()
			continue
		}
		// RFC 7644 section 3.7 writes Operations, Webex operations, and names are the
		// same in any case (RFC 7643 section 2.1). Of several the longest list
		// counts.
		if list := readList(&r); results == nil || len(list) > len(results) {
			results = list
		}
	}
	switch {
	case r.End() != nil:
		return nil, brokenNote(body, nil)
	case results == nil:
		return nil, noList
	case len(results) > maxEntries:
		return nil, errTooLong.Error()
	}
	return results, ""
}

// readList reads results, one more than allowed at the most.
func readList(r *rawjson.Reader) []result {
	results := make([]result, 0, 100) // as most have
	for r.Enter('['); r.More(']'); {
		var entry result
		if r.Kind() == '{' {
			entry = readResult(r)
		} else {
			r.Value()
		}
		if len(results) <= maxEntries {
			results = append(results, entry)
		}
	}
	return results
}

func readResult(r *rawjson.Reader) (out result) {
	for r.Enter('{'); r.More('}'); {
		key := r.Key()
		value := r.Value()
		switch {
		case rawjson.Is(key, "bulkId"):
			out.BulkID = rawjson.Text(value)
		case rawjson.Is(key, "location"):
			out.Location = rawjson.Text(value)
		case rawjson.Is(key, "status"):
			_ = out.Status.UnmarshalJSON(value)
		case rawjson.Is(key, "method"):
			out.Method = rawjson.Text(value)
		case rawjson.Is(key, "version"):
			out.Version = rawjson.Text(value)
		case rawjson.Is(key, "response"):
			out.Response = value
		}
	}
	if out.Status == 0 { // it may be said in the error alone
		out.Status = wire.Status(readError(out.Response).Status)
	}
	return out
}

// brokenNote says why a body that is not JSON, or not whole, cannot be read.
func brokenNote(body []byte, broken error) string {
	switch {
	case len(body) > 0 && body[0] != '{':
		return noJSON
	case errors.Is(broken, errEncoding), errors.Is(broken, errTooLong):
		return broken.Error() // no text of the service
	}
	return breaksOff
}

// trim cuts off white space and a byte order mark.
func trim(body []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
}

// areResults reports whether any entry is of an operation: an error body may
// have a list of that name too. An entry without a status counts, since its
// operation may have been done.
func areResults(results []result) bool {
	return slices.ContainsFunc(results, func(r result) bool {
		return r.Status != 0 || r.BulkID != "" || r.Method != "" || r.Location != ""
	})
}

// readItems reads the results into items of the operations. Its errors show the
// data of no operation, since services quote that of others too.
func (x *Client) readItems(
	ops []Operation, results []result, failOnErrors int, trackingID string, red *redact.Redactor,
) []Item {
	m := match(ops, results)
	items := make([]Item, len(ops))
	for i, j := range m.of {
		if j != unmatched && results[j].Status != 0 {
			items[i] = x.readItem(ops[i], results[j], trackingID, red)
		}
	}
	if failOnErrors > 0 {
		markLeftOut(m, items, failOnErrors)
	}
	return items
}

func (x *Client) readItem(op Operation, r result, trackingID string, red *redact.Redactor) Item {
	it := Item{
		Found: true, Status: int(r.Status),
		Location: red.Token.Location(r.Location), Version: red.Token.Without(r.Version),
	}
	kind, _, _ := strings.Cut(strings.Trim(op.Path, "/"), "/")
	if l, _ := location.Parse(it.Location); l.IsOf(kind, x.cfg.OrgID) {
		it.ID = l.ID
	}
	if !r.Status.OK() {
		it.Err = itemError(r)
		it.Err.clean(red)
		it.Err.TrackingID = cmp.Or(it.Err.TrackingID, trackingID)
	}
	return it
}

// markLeftOut finds the operations that were not attempted because failOnErrors
// stopped the service. RFC 7644 section 3.7 leaves them out of the answer; the
// Java SCIM-SDK answers 412 for them and Apache SCIMple 409 with a text.
func markLeftOut(m *matcher, items []Item, failOnErrors int) {
	failures, genuine := 0, 0
	for _, it := range items {
		if it.Err != nil && !it.Err.afterStop(true) {
			genuine++
		}
	}
	for i, it := range items {
		if it.Err == nil {
			continue
		}
		if it.Err.afterStop(max(failures, genuine) >= failOnErrors) {
			items[i] = Item{LeftOut: true}
			continue
		}
		failures++
	}
	if failures < failOnErrors {
		return // the service had no reason to leave operations out
	}
	for j, i := range m.owner {
		if i == unmatched && !itemError(m.results[j]).afterStop(true) {
			return // an unmatched result may be of any missing operation
		}
	}
	for i, j := range m.of {
		if j == unmatched {
			items[i] = Item{LeftOut: true}
		}
	}
}

// itemError reads the error of a result.
func itemError(r result) *Error {
	e := readError(r.Response)
	e.Status = int(r.Status)
	return e
}

// afterStop reports whether the error only says that the operation was not
// attempted. stopped tells that the service had a reason to stop. Without one,
// a 412 and a 409 without a text are refusals of the operation itself.
func (e *Error) afterStop(stopped bool) bool {
	if e.ScimType != "" || e.Status != 412 && e.Status != 409 {
		return false
	}
	named := slices.ContainsFunc(e.Details, func(text string) bool {
		return strings.Contains(strings.ToLower(text), "failonerrors")
	})
	return named || stopped && (e.Status == 412 || e.ErrorCode == "" && len(e.Details) == 0)
}
