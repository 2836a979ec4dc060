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
	"github.com/webexscim/bulk/internal/transport"
	"github.com/webexscim/bulk/wire"
)

// result is one entry of the list in an answer. A member of another type than
// it should have reads as absent.
type result = gen.BulkResult

// readResults reads the list of results, or says why there is none. Entries
// that are no objects read as empty results: they keep their place.
func readResults(r *transport.Response) ([]result, error) {
	body, err := r.Body()
	if err != nil {
		return nil, err
	}
	var results []result
	in := rawjson.New(body)
	for in.Enter('{'); in.More('}'); {
		if key := in.Key(); in.Kind() != '[' || !rawjson.Is(key, "operations") {
			in.Value()
			continue
		}
		// RFC 7644 section 3.7 writes Operations, Webex operations, and names are the
		// same in any case (RFC 7643 section 2.1). Of several the longest list
		// counts.
		if list := readList(&in); results == nil || len(list) > len(results) {
			results = list
		}
	}
	switch {
	case in.End() != nil:
		return nil, transport.ErrBreaksOff
	case results == nil:
		return nil, errors.New("the answer has no list of results")
	case len(results) > transport.MaxEntries:
		return nil, transport.ErrTooLong
	}
	return results, nil
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
		if len(results) <= transport.MaxEntries {
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
		out.Status = wire.Status(transport.ReadError(out.Response).Status)
	}
	return out
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
func readItems(r *transport.Response, orgID string, ops []Operation, results []result, failOnErrors int) []Item {
	m := match(ops, results)
	items := make([]Item, len(ops))
	for i, j := range m.of {
		if j != unmatched && results[j].Status != 0 {
			items[i] = readItem(r, orgID, ops[i], results[j])
		}
	}
	if failOnErrors > 0 {
		markLeftOut(m, items, failOnErrors)
	}
	return items
}

func readItem(r *transport.Response, orgID string, op Operation, res result) Item {
	token := r.Redactor.Token
	it := Item{
		Found: true, Status: int(res.Status),
		Location: token.Location(res.Location), Version: token.Without(res.Version),
	}
	kind, _, _ := strings.Cut(strings.Trim(op.Path, "/"), "/")
	if l, _ := location.Parse(it.Location); l.IsOf(kind, orgID) {
		it.ID = l.ID
	}
	if !res.Status.OK() {
		it.Err = itemError(res)
		it.Err.Clean(r.Redactor)
		it.Err.TrackingID = cmp.Or(it.Err.TrackingID, r.TrackingID)
	}
	return it
}

// markLeftOut finds the operations that were not attempted because failOnErrors
// stopped the service. RFC 7644 section 3.7 leaves them out of the answer; the
// Java SCIM-SDK answers 412 for them, and Apache SCIMple 409 with a text. An
// operation that refers to no other one is left out only after the last result.
func markLeftOut(m *matcher, items []Item, failOnErrors int) {
	failures, genuine := 0, 0
	for _, it := range items {
		if it.Err != nil && !isAfterStop(it.Err, true) {
			genuine++
		}
	}
	for i, it := range items {
		if it.Err == nil {
			continue
		}
		if isAfterStop(it.Err, max(failures, genuine) >= failOnErrors) {
			items[i] = Item{LeftOut: true}
			continue
		}
		failures++
	}
	if failures < failOnErrors {
		return // the service had no reason to leave operations out
	}
	for j, i := range m.owner {
		if i == unmatched && !isAfterStop(itemError(m.results[j]), true) {
			return // an unmatched result may be of any missing operation
		}
	}
	last := len(items) - 1
	for last >= 0 && !items[last].Found {
		last--
	}
	for i, j := range m.of {
		if j == unmatched && (i > last || refers(m.ops[i])) {
			items[i] = Item{LeftOut: true}
		}
	}
}

// refers reports whether an operation may have to wait for others of its
// request. The service attempts the others in order.
func refers(op Operation) bool {
	const mark = "bulkId:"
	return strings.Contains(op.Path, mark) || bytes.Contains(op.Data, []byte(mark))
}

// itemError reads the error of a result.
func itemError(r result) *transport.Error {
	e := transport.ReadError(r.Response)
	e.Status = int(r.Status)
	return e
}

// isAfterStop reports whether an error only says that the operation was not
// attempted. stopped tells that the service had a reason to stop. Without one,
// a 412 and a 409 without a text are refusals of the operation itself.
func isAfterStop(e *transport.Error, stopped bool) bool {
	if e.ScimType != "" || e.Status != 412 && e.Status != 409 {
		return false
	}
	named := slices.ContainsFunc(e.Details, func(text string) bool {
		return strings.Contains(strings.ToLower(text), "failonerrors")
	})
	return named || stopped && (e.Status == 412 || e.ErrorCode == "" && len(e.Details) == 0)
}
