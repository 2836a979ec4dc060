package webextest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/webexscim/bulk/api"
	"github.com/webexscim/bulk/webextest"
)

// The simulator refuses values of a resource beyond a limit of the contract with
// 400, in a POST and in a PATCH, with names of attributes in any case. A PATCH
// may add more members than a POST.
func TestLimitsAreThoseOfTheContract(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	met := 0
	for path, schema := range map[string]string{"/Users": "User", "/Groups": "Group"} {
		for name, member := range doc.Components.Schemas[schema].Value.Properties {
			limited(t, path, "", name, member.Value, &met)
			for inner, member := range member.Value.Properties {
				if strings.HasPrefix(name, "urn:") {
					limited(t, path, name, inner, member.Value, &met)
				}
			}
		}
	}
	if met < 20 {
		t.Errorf("only %d limits were met", met)
	}
}

// limited tries one attribute of a resource, within the extension urn if given.
func limited(t *testing.T, path, urn, name string, schema *openapi3.Schema, met *int) {
	t.Helper()
	limit := schema.MaxItems
	if limit == nil {
		limit = schema.MaxLength
	}
	if limit == nil {
		return
	}
	*met++
	for _, n := range []int{int(*limit), int(*limit) + 1} {
		for _, spelling := range []string{name, strings.ToUpper(name)} {
			s := webextest.New(webextest.Config{})
			value := filled(t, s, name, n, schema.MaxItems != nil)
			data := map[string]any{"userName": "a@example.com", "displayName": "a"}
			delete(data, name)
			if data[spelling] = value; urn != "" {
				data = map[string]any{"userName": "a@example.com", "displayName": "a", urn: map[string]any{spelling: value}}
			}
			target, err := s.Add(path, map[string]any{"userName": "b@example.com", "displayName": "b"})
			if err != nil {
				t.Fatal(err)
			}
			place := strings.TrimPrefix(urn+":"+spelling, ":")
			got := do(t, s,
				map[string]any{"method": "POST", "path": path, "bulkId": "a", "data": data},
				map[string]any{"method": "PATCH", "path": path + "/" + target, "data": map[string]any{
					"schemas":    []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
					"Operations": []any{map[string]any{"op": "replace", "path": place, "value": value}},
				}})
			want := "201 200"
			switch {
			case n > int(*limit) && name == "members":
				want = "400 200"
			case n > int(*limit):
				want = "400 400"
			case name == "userName":
				want = "201 409" // the first one has that name now
			}
			if got != want {
				t.Errorf("%s %s of %d: got %s, want %s", path, place, n, got, want)
			}
			if noted := s.Violations(); len(noted) != strings.Count(want, "400") {
				t.Errorf("%s %s of %d: %v", path, place, n, noted)
			}
		}
	}
}

// filled is a text of n characters or a list of n elements.
func filled(t *testing.T, s *webextest.Simulator, name string, n int, list bool) any {
	t.Helper()
	if !list {
		return strings.Repeat("é", n)
	}
	key := "value"
	switch name {
	case "addresses":
		key = "country"
	case "managedBy":
		key = "id"
	}
	elements := make([]any, n)
	for i := range elements {
		value := fmt.Sprint(i)
		if name == "members" {
			var err error
			if value, err = s.Add("/Users", map[string]any{"userName": "member" + value}); err != nil {
				t.Fatal(err)
			}
		}
		elements[i] = map[string]any{key: value, "type": "work"}
	}
	return elements
}

// do sends operations and returns their statuses.
func do(t *testing.T, s *webextest.Simulator, operations ...any) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:BulkRequest"}, "operations": operations,
	})
	if err != nil {
		t.Fatal(err)
	}
	target := "https://webexapis.com/identity/scim/" + webextest.DefaultOrgID + "/v2/Bulk"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+webextest.DefaultToken)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Operations []struct{ Status string } }
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var statuses []string
	for _, result := range answer.Operations {
		statuses = append(statuses, result.Status)
	}
	if err := s.CheckIntegrity(); err != nil {
		t.Error(err)
	}
	return strings.Join(statuses, " ")
}
