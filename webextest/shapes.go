package webextest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/webextest/internal/scim"
	"github.com/webexscim/bulk/webextest/internal/strictjson"
)

// Shape changes the form of the answer to a Bulk request after the work, whose
// effect stays. ShapeAnswer, Fault.Shape and Config.Shape apply it.
type Shape func(*Answer)

// Shapes of the list of results.
var (
	CapitalKey Shape = listAs("Operations")               // "Operations", as RFC 7644 writes it
	BothKeys   Shape = listAs("operations", "Operations") // the list twice, under both names
	NoList     Shape = listAs()                           // no list: nothing but schemas
	NullList   Shape = nullList                           // null instead of the list
	Shuffled   Shape = shuffle                            // the results in another order
	Repeated   Shape = repeat                             // every result twice
	Foreign    Shape = addForeign                         // also results of unknown operations
)

// Shapes of the status, method and bulkId of each result.
var (
	NumericStatus Shape = statusAs(number)         // 201 instead of "201"
	ObjectStatus  Shape = statusAs(numberInObject) // {"code":201} instead of "201"
	OddStatus     Shape = statusAs(noNumber)       // "abc" instead of "201"
	NoStatus      Shape = statusAs(nothing)        // no status
	LowerMethods  Shape = EachItem(lowerMethod)    // post, patch and delete
	PostBulkIDs   Shape = EachItem(keepPostBulkID) // no bulkId for PATCH and DELETE, as in an example of Cisco
	NoBulkIDs     Shape = EachItem(dropBulkID)     // no bulkId
)

// Shapes of the location of each result.
var (
	RelativeLocations  Shape = locationAs(dropHost)     // from the path on
	ShortLocations     Shape = locationAs(dropOrg)      // without host and organization: /Users/<id>
	SlashedLocations   Shape = locationAs(addSlash)     // with a slash at the end
	QueriedLocations   Shape = locationAs(addQuery)     // with a query
	UpperLocations     Shape = locationAs(upperID)      // with the id in upper case
	OtherTypeLocations Shape = locationAs(swapType)     // of a group instead of a user, and vice versa
	EscapingLocations  Shape = EachItem(escapeLocation) // another path if %2f is read as a slash: /Users/..%2f…
	NullLocations      Shape = EachItem(nullLocation)   // null instead of the location
	NoLocations        Shape = EachItem(dropLocation)   // no location
)

// Shapes of the response of each failed result, which is its error.
var (
	TextResponses  Shape = responseAs(jsonText)       // a string that contains JSON
	ListResponses  Shape = responseAs(listOfOne)      // an array of one error
	NullResponses  Shape = responseAs(null)           // null instead of the error
	NoResponses    Shape = responseAs(noResponse)     // no response
	PlainErrors    Shape = responseAs(dropExtension)  // an error without the Webex extension, as of other services
	WebexErrors    Shape = responseAs(dropDetail)     // an error without detail and scimType
	TextErrorCodes Shape = extensionAs(textErrorCode) // errorCode as a string
	ListDetails    Shape = extensionAs(detailsInList) // details as a list, as in errors of other Webex APIs
)

// Shapes returns a Shape that applies shapes in order.
func Shapes(shapes ...Shape) Shape {
	return func(a *Answer) {
		for _, shape := range shapes {
			shape(a)
		}
	}
}

// EachItem returns a Shape that alters every result by itself.
func EachItem(alter func(*Item)) Shape {
	return func(a *Answer) {
		for i := range a.Items {
			alter(&a.Items[i])
		}
	}
}

// InStatus sends the results under another HTTP status, 400 or 412 for example.
func InStatus(status int) Shape { return func(a *Answer) { a.Status = status } }

// Fewer leaves out the last n results, although their operations were done.
func Fewer(n int) Shape {
	return func(a *Answer) { a.Items = a.Items[:max(0, len(a.Items)-n)] }
}

// ForeignLocations writes locations at another host.
func ForeignLocations(host string) Shape {
	return locationAs(func(u *url.URL) { u.Host = host })
}

// OtherOrgLocations writes locations in another organization.
func OtherOrgLocations(org string) Shape {
	return locationAs(func(u *url.URL) {
		if parts := strings.SplitN(u.Path, "/", 5); len(parts) == 5 { // /identity/scim/{org}/...
			parts[3] = org
			u.Path = strings.Join(parts, "/")
		}
	})
}

// ShapeNamed returns the Shape of a name such as "capitalKey": its Go name with
// a lower-case initial, and with a value if it takes one ("inStatus400"). It
// returns nil for a name that is not among ShapeNames.
func ShapeNamed(name string) Shape { return namedShapes[name] }

// ShapeNames returns the names that ShapeNamed knows, in order.
func ShapeNames() []string { return slices.Sorted(maps.Keys(namedShapes)) }

var namedShapes = map[string]Shape{
	"bothKeys":           BothKeys,
	"capitalKey":         CapitalKey,
	"escapingLocations":  EscapingLocations,
	"fewer":              Fewer(1),
	"foreign":            Foreign,
	"foreignLocations":   ForeignLocations("other.example"),
	"inStatus400":        InStatus(400),
	"inStatus412":        InStatus(412),
	"listDetails":        ListDetails,
	"listResponses":      ListResponses,
	"lowerMethods":       LowerMethods,
	"noBulkIds":          NoBulkIDs,
	"noList":             NoList,
	"noLocations":        NoLocations,
	"noResponses":        NoResponses,
	"noStatus":           NoStatus,
	"nullList":           NullList,
	"nullLocations":      NullLocations,
	"nullResponses":      NullResponses,
	"numericStatus":      NumericStatus,
	"objectStatus":       ObjectStatus,
	"oddStatus":          OddStatus,
	"otherOrgLocations":  OtherOrgLocations("11111111-1111-4111-8111-111111111111"),
	"otherTypeLocations": OtherTypeLocations,
	"plainErrors":        PlainErrors,
	"postBulkIds":        PostBulkIDs,
	"queriedLocations":   QueriedLocations,
	"relativeLocations":  RelativeLocations,
	"repeated":           Repeated,
	"shortLocations":     ShortLocations,
	"shuffled":           Shuffled,
	"slashedLocations":   SlashedLocations,
	"textErrorCodes":     TextErrorCodes,
	"textResponses":      TextResponses,
	"upperLocations":     UpperLocations,
	"webexErrors":        WebexErrors,
}

// The list.

func listAs(keys ...string) Shape { return func(a *Answer) { a.Keys = keys } }

func nullList(a *Answer) { a.Null = true }

func shuffle(a *Answer) {
	a.Rand.Shuffle(len(a.Items), func(i, j int) { a.Items[i], a.Items[j] = a.Items[j], a.Items[i] })
}

func repeat(a *Answer) { a.Items = slices.Repeat(a.Items, 2) }

func addForeign(a *Answer) {
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

// Status, method and bulkId.

// statusAs alters the status, which is 0 if another Shape has replaced it.
func statusAs(alter func(code json.Number) any) Shape {
	return EachItem(func(it *Item) {
		code, _ := it.Status.(string)
		if !json.Valid([]byte(code)) {
			code = "0"
		}
		it.Status = alter(json.Number(code))
	})
}

func number(code json.Number) any { return code }

func numberInObject(code json.Number) any { return map[string]any{"code": code} }

func noNumber(json.Number) any { return "abc" }

func nothing(json.Number) any { return nil }

func lowerMethod(it *Item) { it.Method = strings.ToLower(it.Method) }

func dropBulkID(it *Item) { it.BulkID = "" }

func keepPostBulkID(it *Item) {
	if it.Method != "POST" {
		it.BulkID = ""
	}
}

// Locations.

func locationAs(alter func(*url.URL)) Shape {
	return EachItem(func(it *Item) {
		if u, err := url.Parse(it.Location); err == nil && it.Location != "" {
			alter(u)
			it.Location = u.String()
		}
	})
}

func dropHost(u *url.URL) { u.Scheme, u.Host = "", "" }

func dropOrg(u *url.URL) {
	dropHost(u)
	if _, short, ok := strings.Cut(u.Path, "/v2/"); ok {
		u.Path = "/" + short
	}
}

func addSlash(u *url.URL) { u.Path += "/" }

func addQuery(u *url.URL) { u.RawQuery = "version=1" }

func upperID(u *url.URL) {
	at := strings.LastIndexByte(u.Path, '/') + 1
	u.Path = u.Path[:at] + strings.ToUpper(u.Path[at:])
}

var otherType = strings.NewReplacer("/Users/", "/Groups/", "/Groups/", "/Users/")

func swapType(u *url.URL) { u.Path = otherType.Replace(u.Path) }

func escapeLocation(it *Item) {
	if at := strings.LastIndexByte(it.Location, '/'); at >= 0 {
		it.Location = it.Location[:at] + "/..%2fGroups%2f" + it.Location[at+1:]
	}
}

func dropLocation(it *Item) { it.Location = "" }

func nullLocation(it *Item) {
	it.Location = ""
	if it.Extra == nil {
		it.Extra = make(map[string]any)
	}
	it.Extra["location"] = nil
}

// Responses.

func responseAs(alter func(map[string]any) any) Shape {
	return EachItem(func(it *Item) {
		if r, ok := it.Response.(map[string]any); ok {
			it.Response = alter(r)
		}
	})
}

func jsonText(r map[string]any) any { return string(strictjson.Append(nil, r)) }

func listOfOne(r map[string]any) any { return []any{r} }

func null(map[string]any) any { return json.RawMessage("null") }

func noResponse(map[string]any) any { return nil }

func dropExtension(r map[string]any) any {
	delete(r, ErrorExtension)
	r["schemas"] = []string{scim.ErrorMessage}
	return r
}

func dropDetail(r map[string]any) any {
	delete(r, "detail")
	delete(r, "scimType")
	return r
}

func extensionAs(alter func(extension map[string]any)) Shape {
	return responseAs(func(r map[string]any) any {
		if extension, ok := r[ErrorExtension].(map[string]any); ok {
			alter(extension)
		}
		return r
	})
}

func textErrorCode(extension map[string]any) {
	if code, ok := extension["errorCode"].(int); ok {
		extension["errorCode"] = strconv.Itoa(code)
	}
}

func detailsInList(extension map[string]any) {
	if text, ok := extension["details"].(string); ok {
		extension["details"] = []string{text}
	}
}
