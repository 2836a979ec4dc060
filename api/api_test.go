package api_test

import (
	"bytes"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/webexscim/bulk/api"
)

var contract = sync.OnceValues(func() (*openapi3.T, error) {
	return openapi3.NewLoader().LoadFromData(api.OpenAPI)
})

func load(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func operations(t *testing.T) map[string]*openapi3.Operation {
	t.Helper()
	found := map[string]*openapi3.Operation{}
	for _, item := range load(t).Paths.Map() {
		for _, op := range item.Operations() {
			found[op.OperationID] = op
		}
	}
	return found
}

// The contract is a valid OpenAPI 3.0.3 document, also in its examples.
func TestContractIsValid(t *testing.T) {
	doc := load(t)
	if doc.OpenAPI != "3.0.3" {
		t.Errorf("openapi is %q, want 3.0.3", doc.OpenAPI)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
	want := []string{"executeBulk", "getGroup", "getGroupMembers", "getMe", "getUser", "searchGroups", "searchUsers"}
	if got := slices.Sorted(maps.Keys(operations(t))); !slices.Equal(got, want) {
		t.Errorf("operations are %v, want %v", got, want)
	}
}

// Details that only Go needs are in go.overlay.yaml.
func TestContractBelongsToNoLanguage(t *testing.T) {
	for _, word := range []string{"x-go", "nullable", "\t"} {
		if bytes.Contains(api.OpenAPI, []byte(word)) {
			t.Errorf("the contract contains %q", word)
		}
	}
}

// With a second media type, generated clients choose by the exact Content-Type
// and lose answers with a charset.
func TestJSONIsTheOnlyMediaType(t *testing.T) {
	for id, op := range operations(t) {
		bodies := map[string]openapi3.Content{}
		if op.RequestBody != nil {
			bodies["request"] = op.RequestBody.Value.Content
		}
		for status, response := range op.Responses.Map() {
			bodies[status] = response.Value.Content
		}
		for name, content := range bodies {
			if len(content) != 1 || content["application/json"] == nil {
				t.Errorf("%s %s: want application/json and nothing else", id, name)
			}
		}
	}
}

// Every status that Webex documents has a description and an example of its own,
// and the example of an error has the right status.
func TestEveryStatusHasItsOwnExample(t *testing.T) {
	statuses := []string{"200", "400", "401", "403", "404", "405", "409", "410", "415",
		"423", "428", "429", "500", "502", "503", "504", "default"}
	for id, op := range operations(t) {
		want := slices.Clone(statuses)
		if id == "executeBulk" {
			want = append(want, "413")
		}
		slices.Sort(want)
		responses := op.Responses.Map()
		if got := slices.Sorted(maps.Keys(responses)); !slices.Equal(got, want) {
			t.Errorf("%s answers %v, want %v", id, got, want)
		}
		var descriptions []string
		var examples []any
		for status, response := range responses {
			if slices.Contains(descriptions, *response.Value.Description) {
				t.Errorf("%s %s shares its description", id, status)
			}
			descriptions = append(descriptions, *response.Value.Description)
			media := response.Value.Content["application/json"]
			if len(media.Examples) == 0 {
				t.Errorf("%s %s has no example", id, status)
			}
			for name, example := range media.Examples {
				value := example.Value.Value
				if err := media.Schema.Value.VisitJSON(value); err != nil {
					t.Errorf("%s %s %s: %v", id, status, name, err)
				}
				if slices.ContainsFunc(examples, func(other any) bool { return reflect.DeepEqual(other, value) }) {
					t.Errorf("%s %s %s shares its example", id, status, name)
				}
				examples = append(examples, value)
				named, ok := value.(map[string]any)["status"]
				if ok && status != "default" && named != status {
					t.Errorf("%s %s %s says status %v", id, status, name, named)
				}
			}
		}
	}
}

// The examples of requests and answers have the same names, because mock servers
// match them by name.
func TestExamplesArePaired(t *testing.T) {
	for id, op := range operations(t) {
		var answers []string
		for _, response := range op.Responses.Map() {
			answers = slices.AppendSeq(answers, maps.Keys(response.Value.Content["application/json"].Examples))
		}
		slices.Sort(answers)
		if !slices.Equal(answers, slices.Compact(slices.Clone(answers))) {
			t.Errorf("%s uses the name of an example for two answers: %v", id, answers)
		}
		if op.RequestBody != nil {
			names := slices.Sorted(maps.Keys(op.RequestBody.Value.Content["application/json"].Examples))
			if !slices.Equal(names, answers) {
				t.Errorf("%s: requests %v, answers %v", id, names, answers)
			}
		}
		for _, p := range op.Parameters {
			for name, example := range p.Value.Examples {
				if !slices.Contains(answers, name) {
					t.Errorf("%s %s: example %s has no answer", id, p.Value.Name, name)
				}
				if err := p.Value.Schema.Value.VisitJSON(example.Value.Value); err != nil {
					t.Errorf("%s %s %s: %v", id, p.Value.Name, name, err)
				}
			}
			if p.Value.Required && len(p.Value.Examples) != len(answers) {
				t.Errorf("%s %s: %d examples for %d answers", id, p.Value.Name, len(p.Value.Examples), len(answers))
			}
		}
	}
}

// Retry-After has many forms, and a tracking id may be absent, so both are
// optional strings. Every answer may have a tracking id, and an answer that
// requests a wait may have Retry-After.
func TestHeadersAreOptionalStrings(t *testing.T) {
	for id, op := range operations(t) {
		for status, response := range op.Responses.Map() {
			headers := response.Value.Headers
			for name, header := range headers {
				if header.Value.Required || !header.Value.Schema.Value.Type.Is("string") {
					t.Errorf("%s %s: header %s must be an optional string", id, status, name)
				}
			}
			if headers["TrackingID"] == nil {
				t.Errorf("%s %s: no TrackingID", id, status)
			}
			waits := slices.Contains([]string{"423", "429", "503", "default"}, status)
			if (headers["Retry-After"] != nil) != waits {
				t.Errorf("%s %s: Retry-After declared: %v, want %v", id, status, !waits, waits)
			}
		}
	}
}

// Each operation also accepts a plain bearer token.
func TestOperationsNeedTheDocumentedScopes(t *testing.T) {
	want := map[string][]string{
		"executeBulk":     {"identity:people_rw"},
		"getMe":           {"identity:people_read", "identity:people_rw"},
		"getGroupMembers": {"identity:people_read", "identity:people_rw"},
		"getUser":         {"identity:people_read", "identity:people_rw"},
		"getGroup":        {"identity:people_read", "identity:people_rw"},
		"searchUsers":     {"identity:people_read", "identity:people_rw"},
		"searchGroups":    {"identity:people_read", "identity:people_rw"},
	}
	for id, op := range operations(t) {
		var got []string
		var token bool
		for _, choice := range *op.Security {
			got = append(got, choice["webex"]...)
			token = token || choice["token"] != nil
		}
		if !slices.Equal(got, want[id]) || !token {
			t.Errorf("%s takes %v, want %v; any token: %v", id, got, want[id], token)
		}
	}
}

// A request to any host is found in the contract, and an organization id that
// would change the path is refused.
func TestPathsLeadToTheirOperations(t *testing.T) {
	router, err := legacy.NewRouter(load(t))
	if err != nil {
		t.Fatal(err)
	}
	for url, ok := range map[string]bool{
		"https://webexapis.com/identity/scim/3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01/v2/Users?count=0": true,
		"https://api-usgov.webex.com/identity/scim/o/v2/Groups?startIndex=1":                        true,
		"http://127.0.0.1:8080/identity/scim/o/v2/Users":                                            true,
		"https://webexapis.com/identity/scim/o/v2/Users/7c5b1f0e":                                   true,
		"https://webexapis.com/identity/scim/o/v2/Groups/0b9e7a44?excludedAttributes=members":       true,
		"https://webexapis.com/identity/scim/o/v2/Users/bulkId:a":                                   false,
		"https://webexapis.com/identity/scim/o/v2/Groups/0b9e7a44/Members?memberType=user&count=2":  true,
		"https://webexapis.com/identity/scim/o/v2/Groups/0b9e7a44/members":                          false,
		"https://webexapis.com/identity/scim/v2/Users/me":                                           true,
		"https://webexapis.com/v1/identity/scim/o/v2/Users":                                         false,
		"https://webexapis.com/identity/scim/a.b/v2/Users":                                          false,
		"https://webexapis.com/identity/scim/o/v2/Users?startIndex=0":                               true,
		"https://webexapis.com/identity/scim/o/v2/Users?startIndex=-1":                              false,
		"https://webexapis.com/identity/scim/o/v2/Users?count=-1":                                   false,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		route, params, err := router.FindRoute(r)
		if err == nil {
			err = openapi3filter.ValidateRequest(t.Context(), &openapi3filter.RequestValidationInput{
				Request: r, Route: route, PathParams: params,
				Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
			})
		}
		if (err == nil) != ok {
			t.Errorf("%s: %v", url, err)
		}
	}
}
