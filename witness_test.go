package bulk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"pgregory.net/rapid"

	"github.com/webexscim/bulk/api"
	"github.com/webexscim/bulk/webextest"
)

// contract is api/openapi.yaml.
var contract = sync.OnceValue(func() *openapi3.T {
	return must(openapi3.NewLoader().LoadFromData(api.OpenAPI))
})

// contractRouter finds the operation of the contract for a request. To check the
// contract and build the router takes long, so all tests share it.
var contractRouter = sync.OnceValue(func() routers.Router {
	return must(legacy.NewRouter(contract()))
})

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// witness is an http.RoundTripper that checks every message against the
// contract.
type witness struct {
	next http.RoundTripper
	// rude disables the check of answers, for tests with invalid ones.
	rude bool

	mu         sync.Mutex
	violations []error
	requests   int
	statuses   map[int]int
}

func newWitness(t *testing.T, next http.RoundTripper) *witness {
	t.Helper()
	w := &witness{next: next, statuses: map[int]int{}}
	t.Cleanup(func() {
		for _, err := range w.violations {
			t.Errorf("violation of the contract: %v", err)
		}
	})
	return w
}

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		sent, _ = io.ReadAll(r.Body)
		r.Body.Close()
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(sent))
	input, err := w.request(r, sent)
	if err != nil {
		w.note(0, err)
	}
	resp, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got, broken := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(got), failing{broken}))
	if broken == nil && !w.rude && input != nil {
		err = w.answer(input, resp, got)
	}
	w.note(resp.StatusCode, err)
	return resp, nil
}

// failing ends a body with the error of the original body.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}

func (w *witness) request(r *http.Request, body []byte) (*openapi3filter.RequestValidationInput, error) {
	check := r.Clone(context.Background())
	check.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := contractRouter().FindRoute(check)
	if err != nil {
		return nil, err
	}
	input := &openapi3filter.RequestValidationInput{
		Request: check, PathParams: params, Route: route,
		Options: &openapi3filter.Options{MultiError: true, AuthenticationFunc: bearer},
	}
	return input, openapi3filter.ValidateRequest(context.Background(), input)
}

func bearer(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	scheme, token, _ := strings.Cut(in.RequestValidationInput.Request.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return errors.New("no bearer token")
	}
	return nil
}

func (w *witness) answer(in *openapi3filter.RequestValidationInput, resp *http.Response, body []byte) error {
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header,
		Body:    io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{MultiError: true, IncludeResponseStatus: true},
	})
}

func (w *witness) note(status int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.violations = append(w.violations, err)
	}
	if status != 0 {
		w.requests++
		w.statuses[status]++
	}
}

const service = "https://webexapis.com/identity/scim/" + webextest.DefaultOrgID + "/v2/"

// ask returns a request with a token.
func ask(t interface{ Fatal(...any) }, method, target string, body []byte) *http.Request {
	req, err := http.NewRequest(method, service+target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+webextest.DefaultToken)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req
}

// agree sends a request to a new simulator and checks that the simulator
// records a violation exactly if the request breaks the contract. It reports
// whether the request conforms.
func (w *witness) agree(t rapid.TB, req *http.Request, body []byte) (accepted bool) {
	_, violation := w.request(req, body)
	s := webextest.New(webextest.Config{})
	resp, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if noted := s.Check(); (noted == nil) != (violation == nil) {
		t.Errorf("%s %s\n%s\nthe contract says: %.300v\nthe simulator notes: %v", req.Method, req.URL, body, violation, noted)
	}
	return violation == nil
}

// TestContractAndSimulatorAgreeOnRequests holds that the simulator records a
// violation for a Bulk request exactly if the request breaks the contract. It
// excludes rules that a schema cannot express: unique bulkIds, valid
// references, an organization that is a UUID, unique members of an object. It
// also excludes the data of an operation, whose type is any object in the
// contract.
func TestContractAndSimulatorAgreeOnRequests(t *testing.T) {
	w, verdicts := newWitness(t, nil), map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		message := drawMessage(t)
		if namedTwice(message) || saysMore(message) {
			return
		}
		body, err := json.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		verdicts[w.agree(t, ask(t, "POST", "Bulk", body), body)]++
	})
	if verdicts[true] == 0 || verdicts[false] == 0 {
		t.Errorf("conforming and breaking requests: %v, expected some of each", verdicts)
	}
}

type object = map[string]any

// plainText is an attribute that takes any short text.
const plainText = "externalId"

// drawMessage draws a conforming request and changes up to two places of it at
// random.
func drawMessage(t *rapid.T) object {
	message := object{"schemas": []any{"urn:ietf:params:scim:api:messages:2.0:BulkRequest"}, "failOnErrors": 5}
	places := []object{message}
	var operations []any
	for i := range rapid.IntRange(1, 3).Draw(t, "operations") {
		name := string(rune('a' + i))
		op := object{"method": "DELETE", "path": "/Users/" + name}
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 1:
			op = object{"method": "POST", "path": "/Users", "bulkId": name, "data": object{"userName": name + "@example.com"}}
		case 2:
			step := object{"op": "replace", "path": plainText, "value": "x"}
			data := object{"schemas": []any{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": []any{step}}
			op = object{"method": "PATCH", "path": "/Groups/" + name, "bulkId": name, "data": data}
			places = append(places, data, step)
		}
		operations, places = append(operations, op), append(places, op)
	}
	message["operations"] = operations
	for range rapid.IntRange(0, 2).Draw(t, "spoils") {
		spoil(t, rapid.SampledFrom(places).Draw(t, "place"))
	}
	return message
}

// odd lists values for members of a request. Each is valid in some places and
// invalid in others.
var odd = []any{
	nil, "", "x", "PATCH", "DELETE", "PUT", "post", "add", "remove", "Replace", "move", true, 0, 1, 1.5, 100, 101, -1,
	json.RawMessage("1.0"), json.RawMessage("1e2"), "/Users", "/Users/1", "/Users/1/2", "/Users/", "/users/1", "/Devices", "/Groups/a:b",
	"/Users/bulkId:", "Users/1", "//", []any{}, object{}, []any{1}, []any{nil}, []any{object{}}, []any{object{"op": "remove"}},
	[]any{"urn:ietf:params:scim:api:messages:2.0:BulkRequest", "x"}, []any{"urn:ietf:params:scim:api:messages:2.0:PatchOp", "x"},
	object{"schemas": []any{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": []any{object{"op": "remove"}}},
}

func spoil(t *rapid.T, place object) {
	var names []string
	for name := range place {
		names = append(names, name)
	}
	slices.Sort(names)
	name := rapid.SampledFrom(append(names, "extra", "version", "failOnErrors", "bulkId")).Draw(t, "member")
	switch value := place[name]; rapid.IntRange(0, 3).Draw(t, "how") {
	case 0:
		delete(place, name)
	case 1:
		delete(place, name)
		place[strings.ToUpper(name[:1])+name[1:]] = value
	default:
		place[name] = rapid.SampledFrom(odd).Draw(t, "value")
	}
}

func namedTwice(message object) bool {
	met := map[string]bool{}
	operations, _ := message["operations"].([]any)
	for _, op := range operations {
		object, _ := op.(object)
		name, ok := object["bulkId"].(string)
		if ok && met[name] {
			return true
		}
		met[name] = ok
	}
	return false
}

// saysMore reports whether the data of an operation names attributes or
// schemas, or lacks a name: only the simulator judges by what a path stands
// for.
func saysMore(message object) bool {
	operations, _ := message["operations"].([]any)
	for _, op := range operations {
		object, _ := op.(object)
		data, _ := object["data"].(map[string]any)
		_, named := data["schemas"]
		_, complete := data["userName"].(string)
		if object["method"] == "POST" && data != nil && (named || !complete) {
			return true
		}
		steps, _ := data["Operations"].([]any)
		for _, step := range steps {
			object, _ := step.(map[string]any)
			path, given := object["path"]
			text, isText := path.(string)
			_, isPlain := object["value"].(string)
			isPlain = isPlain && text == plainText
			if !isPlain && object["value"] != nil && (isText || !given) || text != "" && text != plainText {
				return true
			}
		}
	}
	return false
}

// TestContractAndSimulatorAgreeOnSearches holds the same for searches.
func TestContractAndSimulatorAgreeOnSearches(t *testing.T) {
	w, verdicts := newWitness(t, nil), map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		query := url.Values{}
		for range rapid.IntRange(0, 3).Draw(t, "parameters") {
			name := rapid.SampledFrom([]string{
				"startIndex", "count", "returnGroups", "includeGroupDetails", "includeMembers", "attributes", "sortBy", "sortOrder", "memberType", "groupUsageTypes", "other",
			}).Draw(t, "name")
			query.Set(name, rapid.SampledFrom([]string{
				"", "0", "1", "-1", "007", "2.5", "x", "true", "false", "maybe", "id", "ID", "userName", "descending", "99999999999999999999",
			}).Draw(t, "value"))
			if text := query.Get(name); (text == "0" || text == "1") && name != "startIndex" && name != "count" {
				query.Set(name, "true") // kin-openapi also reads 0 and 1 as truth, OpenAPI does not
			}
		}
		collection := rapid.SampledFrom([]string{"Users", "Groups", "Groups/x/Members", "Groups/x", "Users/x"}).Draw(t, "collection")
		verdicts[w.agree(t, ask(t, "GET", collection+"?"+query.Encode(), nil), nil)]++
	})
	if verdicts[true] == 0 || verdicts[false] == 0 {
		t.Errorf("conforming and breaking requests: %v, expected some of each", verdicts)
	}
}
