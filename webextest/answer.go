package webextest

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
)

// Answer is the answer to a Bulk request on its way out, for a Shape to alter.
type Answer struct {
	// Status is the HTTP status.
	Status int
	// Header goes out with the answer.
	Header http.Header
	// Keys are the members that hold the results: "operations" as Webex writes
	// it; none, both spellings, or another at will.
	Keys []string
	// Null sends null instead of the list.
	Null bool
	// Items are the results, in the order of the request.
	Items []Item
	// Extra are further members of the answer.
	Extra map[string]any
	// Rand is drawn from Config.Seed for this one request.
	Rand *rand.Rand
}

// Item is the result of one operation. A string that is "" and a value that is
// nil are left out; Extra can send null in their place.
type Item struct {
	Location, Method, BulkID, Version string
	// Status is a string as Webex sends it, or what a Shape puts there.
	Status any
	// Response is a map[string]any where an operation failed.
	Response any
	// Extra are further members.
	Extra map[string]any
}

// encode writes the answer's body.
func (a *Answer) encode() []byte {
	dst := make([]byte, 0, 128+256*len(a.Items))
	dst = append(dst, `{"schemas":["`+schemaBulkAnswer+`"]`...)
	for _, key := range a.Keys {
		dst = append(encodeString(append(dst, ','), key), ':')
		if a.Null {
			dst = append(dst, "null"...)
			continue
		}
		dst = append(dst, '[')
		for i := range a.Items {
			dst = a.Items[i].encode(separate(dst, i))
		}
		dst = append(dst, ']')
	}
	return append(encodeExtra(dst, a.Extra), '}')
}

func (it *Item) encode(dst []byte) []byte {
	dst = append(dst, '{')
	dst = encodeString(append(dst, `"method":`...), it.Method)
	for _, m := range []struct{ name, value string }{
		{`,"location":`, it.Location}, {`,"bulkId":`, it.BulkID}, {`,"version":`, it.Version},
	} {
		if m.value != "" {
			dst = encodeString(append(dst, m.name...), m.value)
		}
	}
	if it.Status != nil {
		dst = encode(append(dst, `,"status":`...), it.Status)
	}
	if it.Response != nil {
		dst = encode(append(dst, `,"response":`...), it.Response)
	}
	return append(encodeExtra(dst, it.Extra), '}')
}

func encodeExtra(dst []byte, extra map[string]any) []byte {
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		dst = append(encodeString(append(dst, ','), name), ':')
		dst = encode(dst, extra[name])
	}
	return dst
}

// newAnswer writes down what was done, as Webex does.
func newAnswer(outcomes []outcome, base string, r *rand.Rand) *Answer {
	a := &Answer{Status: http.StatusOK, Header: http.Header{}, Keys: []string{"operations"}, Rand: r}
	a.Items = make([]Item, 0, len(outcomes))
	for i := range outcomes {
		o := &outcomes[i]
		if o.status == 0 { // left out by failOnErrors
			continue
		}
		it := Item{Method: o.op.Method, BulkID: o.op.BulkID, Status: strconv.Itoa(o.status)}
		if o.refused != nil {
			it.Response = o.refused.body(o.trackingID)
		}
		if o.location != "" {
			it.Location = base + o.location
		}
		if o.version > 0 {
			it.Version = version(o.version)
		}
		a.Items = append(a.Items, it)
	}
	return a
}

// version writes a revision as a weak ETag (RFC 7644, section 3.14).
func version(revision int) string { return `W/"` + strconv.Itoa(revision) + `"` }
