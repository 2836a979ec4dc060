package webextest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/webextest/internal/scim"
	"github.com/webexscim/bulk/webextest/internal/strictjson"
)

// Shape changes the answer to a Bulk request, not its effect. The functions
// below that take an *Answer are Shapes, the others return one.
type Shape func(*Answer)

// Shapes returns a Shape that applies shapes in order.
func Shapes(shapes ...Shape) Shape {
	return func(a *Answer) {
		for _, shape := range shapes {
			shape(a)
		}
	}
}

// EachItem is a Shape that alters every result by itself.
func EachItem(alter func(*Item)) Shape {
	return func(a *Answer) { a.each(alter) }
}

func (a *Answer) each(alter func(*Item)) {
	for i := range a.Items {
		alter(&a.Items[i])
	}
}

// CapitalKey writes the list as "Operations", as RFC 7644 does.
func CapitalKey(a *Answer) { a.Keys = []string{"Operations"} }

// BothKeys writes the list twice, under both spellings.
func BothKeys(a *Answer) { a.Keys = []string{"operations", "Operations"} }

// NoList leaves the list out: the answer holds nothing but schemas.
func NoList(a *Answer) { a.Keys = nil }

// NullList writes null for the list.
func NullList(a *Answer) { a.Null = true }

// Shuffled puts the results in another order.
func Shuffled(a *Answer) {
	a.Rand.Shuffle(len(a.Items), func(i, j int) { a.Items[i], a.Items[j] = a.Items[j], a.Items[i] })
}

// Repeated writes every result twice.
func Repeated(a *Answer) { a.Items = append(a.Items, slices.Clone(a.Items)...) }

// Foreign adds results for unknown operations before, between and after the
// others.
func Foreign(a *Answer) {
	items := make([]Item, 0, 2*len(a.Items)+1)
	foreign := func() Item {
		return Item{
			Method: "POST", BulkID: fmt.Sprintf("foreign-%d", len(items)), Status: "201",
			Location: "https://webexapis.com/identity/scim/" + DefaultOrgID + "/v2/Users/" + DefaultOrgID,
		}
	}
	for _, it := range a.Items {
		items = append(items, foreign(), it)
	}
	a.Items = append(items, foreign())
}

// Fewer leaves out the last n results, although their operations were done.
func Fewer(n int) Shape {
	return func(a *Answer) { a.Items = a.Items[:max(0, len(a.Items)-n)] }
}

// InStatus sends the results under another HTTP status, 400 or 412 for example.
func InStatus(status int) Shape { return func(a *Answer) { a.Status = status } }

// NumericStatus writes 201 instead of "201".
func NumericStatus(a *Answer) {
	a.each(func(it *Item) { it.Status = json.Number(it.statusText()) })
}

// ObjectStatus writes {"code":201} instead of "201".
func ObjectStatus(a *Answer) {
	a.each(func(it *Item) { it.Status = map[string]any{"code": json.Number(it.statusText())} })
}

// OddStatus writes "abc" for every status.
func OddStatus(a *Answer) { a.each(func(it *Item) { it.Status = "abc" }) }

// NoStatus leaves every status out.
func NoStatus(a *Answer) { a.each(func(it *Item) { it.Status = nil }) }

// statusText returns the status as digits, or "0" when another Shape has
// changed it.
func (it *Item) statusText() string {
	if s, ok := it.Status.(string); ok && json.Valid([]byte(s)) {
		return s
	}
	return "0"
}

// NoBulkIDs leaves out every bulkId.
func NoBulkIDs(a *Answer) { a.each(func(it *Item) { it.BulkID = "" }) }

// PostBulkIDs leaves out the bulkId of PATCH and DELETE, as the example of the
// service's own document does.
func PostBulkIDs(a *Answer) {
	a.each(func(it *Item) {
		if it.Method != "POST" {
			it.BulkID = ""
		}
	})
}

// LowerMethods writes post, patch and delete.
func LowerMethods(a *Answer) { a.each(func(it *Item) { it.Method = strings.ToLower(it.Method) }) }

// NoLocations leaves out every location.
func NoLocations(a *Answer) { a.each(func(it *Item) { it.Location = "" }) }

// NullLocations writes null for every location.
func NullLocations(a *Answer) {
	a.each(func(it *Item) {
		it.Location = ""
		it.set("location", nil)
	})
}

// RelativeLocations writes locations from the path on.
func RelativeLocations(a *Answer) { a.locations(func(u *url.URL) { u.Scheme, u.Host = "", "" }) }

// ShortLocations writes locations without host and organization: /Users/<id>.
func ShortLocations(a *Answer) {
	a.locations(func(u *url.URL) {
		u.Scheme, u.Host = "", ""
		if _, short, ok := strings.Cut(u.Path, "/v2/"); ok {
			u.Path = "/" + short
		}
	})
}

// SlashedLocations writes locations with a slash at the end.
func SlashedLocations(a *Answer) { a.locations(func(u *url.URL) { u.Path += "/" }) }

// QueriedLocations writes locations with a query.
func QueriedLocations(a *Answer) { a.locations(func(u *url.URL) { u.RawQuery = "version=1" }) }

// UpperLocations writes the ids in locations in upper case.
func UpperLocations(a *Answer) {
	a.locations(func(u *url.URL) {
		at := strings.LastIndexByte(u.Path, '/') + 1
		u.Path = u.Path[:at] + strings.ToUpper(u.Path[at:])
	})
}

// ForeignLocations writes locations at another host.
func ForeignLocations(host string) Shape {
	return func(a *Answer) { a.locations(func(u *url.URL) { u.Host = host }) }
}

// OtherTypeLocations writes locations of users as locations of groups, and vice
// versa.
func OtherTypeLocations(a *Answer) {
	a.locations(func(u *url.URL) {
		if strings.Contains(u.Path, "/Users/") {
			u.Path = strings.Replace(u.Path, "/Users/", "/Groups/", 1)
		} else {
			u.Path = strings.Replace(u.Path, "/Groups/", "/Users/", 1)
		}
	})
}

// OtherOrgLocations writes locations in another organization.
func OtherOrgLocations(org string) Shape {
	return func(a *Answer) {
		a.locations(func(u *url.URL) {
			if parts := strings.SplitN(u.Path, "/", 5); len(parts) == 5 { // /identity/scim/{org}/...
				parts[3] = org
				u.Path = strings.Join(parts, "/")
			}
		})
	}
}

// EscapingLocations writes locations that lead out of their collection once
// "%2f" is read as a slash: .../Users/..%2fGroups%2f<id>.
func EscapingLocations(a *Answer) {
	a.each(func(it *Item) {
		if at := strings.LastIndexByte(it.Location, '/'); at >= 0 {
			it.Location = it.Location[:at] + "/..%2fGroups%2f" + it.Location[at+1:]
		}
	})
}

func (a *Answer) locations(alter func(*url.URL)) {
	a.each(func(it *Item) {
		if u, err := url.Parse(it.Location); err == nil && it.Location != "" {
			alter(u)
			it.Location = u.String()
		}
	})
}

func (it *Item) set(name string, value any) {
	if it.Extra == nil {
		it.Extra = make(map[string]any)
	}
	it.Extra[name] = value
}

// TextResponses writes the response of a failure as a string that holds JSON.
func TextResponses(a *Answer) {
	a.responses(func(r map[string]any) any { return string(strictjson.Append(nil, r)) })
}

// ListResponses writes the response of a failure as an array of one.
func ListResponses(a *Answer) { a.responses(func(r map[string]any) any { return []any{r} }) }

// NullResponses writes null for the response of a failure.
func NullResponses(a *Answer) {
	a.responses(func(map[string]any) any { return json.RawMessage("null") })
}

// NoResponses leaves out the response of a failure.
func NoResponses(a *Answer) { a.responses(func(map[string]any) any { return nil }) }

// PlainErrors leaves the Webex extension out of errors, as other services do.
func PlainErrors(a *Answer) {
	a.responses(func(r map[string]any) any {
		delete(r, ErrorExtension)
		r["schemas"] = []string{scim.ErrorMessage}
		return r
	})
}

// WebexErrors leaves detail and scimType out of errors.
func WebexErrors(a *Answer) {
	a.responses(func(r map[string]any) any {
		delete(r, "detail")
		delete(r, "scimType")
		return r
	})
}

// TextErrorCodes writes errorCode as a string.
func TextErrorCodes(a *Answer) {
	a.responses(func(r map[string]any) any {
		if webex, ok := r[ErrorExtension].(map[string]any); ok {
			if code, ok := webex["errorCode"].(int); ok {
				webex["errorCode"] = strconv.Itoa(code)
			}
		}
		return r
	})
}

// ListDetails writes the details of Webex's extension as a list of texts, as
// the members of other Webex errors are.
func ListDetails(a *Answer) {
	a.responses(func(r map[string]any) any {
		if webex, ok := r[ErrorExtension].(map[string]any); ok {
			if text, ok := webex["details"].(string); ok {
				webex["details"] = []string{text}
			}
		}
		return r
	})
}

func (a *Answer) responses(alter func(map[string]any) any) {
	a.each(func(it *Item) {
		if r, ok := it.Response.(map[string]any); ok {
			it.Response = alter(r)
		}
	})
}
