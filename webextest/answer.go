package webextest

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"

	"github.com/webexscim/bulk/webextest/internal/bulk"
	"github.com/webexscim/bulk/webextest/internal/scim"
	"github.com/webexscim/bulk/webextest/internal/store"
	"github.com/webexscim/bulk/webextest/internal/strictjson"
)

// Answer is the answer to a Bulk request, which a Shape can change.
type Answer struct {
	// Status is the HTTP status.
	Status int
	// Header is the header of the answer.
	Header http.Header
	// Keys are the names of the members that contain the results: "operations", as
	// Webex writes it, unless a Shape changes them.
	Keys []string
	// Null sends null instead of the list.
	Null bool
	// Items are the results, in the order of the request.
	Items []Item
	// Extra are additional members of the answer.
	Extra map[string]any
	// Rand is a source of randomness for this request, from Config.Seed.
	Rand *rand.Rand
}

// Item is the result of one operation. Empty strings and nil values are left
// out; Extra can write null instead.
type Item struct {
	Location, Method, BulkID, Version string
	// Status is a string, as Webex sends it, unless a Shape changes it.
	Status any
	// Response is the error of a failed operation, a map[string]any.
	Response any
	// Extra are additional members.
	Extra map[string]any
}

// encode returns the body of the answer.
func (a *Answer) encode() []byte {
	dst := make([]byte, 0, 128+256*len(a.Items))
	dst = append(dst, `{"schemas":["`+scim.BulkResponse+`"]`...)
	for _, key := range a.Keys {
		dst = append(strictjson.AppendString(append(dst, ','), key), ':')
		if a.Null {
			dst = append(dst, "null"...)
			continue
		}
		dst = append(dst, '[')
		for i := range a.Items {
			dst = a.Items[i].encode(strictjson.Separate(dst, i))
		}
		dst = append(dst, ']')
	}
	return append(encodeExtra(dst, a.Extra), '}')
}

func (it *Item) encode(dst []byte) []byte {
	dst = append(dst, '{')
	dst = strictjson.AppendString(append(dst, `"method":`...), it.Method)
	for _, m := range []struct{ name, value string }{
		{`,"location":`, it.Location}, {`,"bulkId":`, it.BulkID}, {`,"version":`, it.Version},
	} {
		if m.value != "" {
			dst = strictjson.AppendString(append(dst, m.name...), m.value)
		}
	}
	if it.Status != nil {
		dst = strictjson.Append(append(dst, `,"status":`...), it.Status)
	}
	if it.Response != nil {
		dst = strictjson.Append(append(dst, `,"response":`...), it.Response)
	}
	return append(encodeExtra(dst, it.Extra), '}')
}

func encodeExtra(dst []byte, extra map[string]any) []byte {
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		dst = append(strictjson.AppendString(append(dst, ','), name), ':')
		dst = strictjson.Append(dst, extra[name])
	}
	return dst
}

// newAnswer returns the answer to a request, in the form of Webex.
func newAnswer(outcomes []bulk.Outcome, number int, base string, r *rand.Rand) *Answer {
	a := &Answer{Status: http.StatusOK, Header: http.Header{}, Keys: []string{"operations"}, Rand: r}
	a.Items = make([]Item, 0, len(outcomes))
	for i := range outcomes {
		o := &outcomes[i]
		if o.Status == 0 { // left out by failOnErrors
			continue
		}
		it := Item{Method: o.Operation.Method, BulkID: o.Operation.BulkID, Status: strconv.Itoa(o.Status)}
		if o.Refused != nil {
			it.Response = errorBody(o.Refused, trackingID(number, i))
		}
		if o.Location != "" {
			it.Location = base + o.Location
		}
		if o.Version > 0 {
			it.Version = store.Version(o.Version)
		}
		a.Items = append(a.Items, it)
	}
	return a
}

// trackingID returns the tracking id of an operation of a request, or of the
// request if index is -1.
func trackingID(number, index int) string {
	if index < 0 {
		return "SIM_" + strconv.Itoa(number)
	}
	return "SIM_" + strconv.Itoa(number) + "-" + strconv.Itoa(index)
}
