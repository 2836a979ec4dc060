package proxy

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/webexscim/bulk/webextest"
)

// For a value of any type for any attribute, in a create and in a PATCH, the
// proxy reports a violation exactly if the simulator records one.
func TestProxyAgreesWithSimulator(t *testing.T) {
	c, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	s := webextest.New(webextest.Config{UntypedMembers: true})
	var operations []operation
	for _, path := range slices.Sorted(maps.Keys(c.resources)) {
		about := c.resources[path]
		id, err := s.Add(path, map[string]any{about.name: "x@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		for attribute, place := range paths(about.schema) {
			for _, value := range []any{"x", true, 5, map[string]any{}, map[string]any{"value": 5}, []any{"x"}, []any{5}, []any{map[string]any{"value": "x"}}} {
				if unlike(attribute, value) || place.hasNoValue && holdsValue(value) {
					continue
				}
				created := map[string]any{about.name: fmt.Sprintf("%d@example.com", len(operations))}
				place.set(created, value)
				operations = append(operations, operation{"POST", path, created}, operation{"PATCH", path + "/" + id, map[string]any{
					"schemas":    []any{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
					"Operations": []any{map[string]any{"op": "replace", "path": attribute, "value": value}},
				}})
			}
		}
	}
	violations, disagree := 0, 0
	for chunk := range slices.Chunk(operations, 100) {
		body := request(t, chunk)
		noted := violated(t, s, body)
		for i, op := range chunk {
			found := c.checkOperation(decoded(t, op))
			if len(found) > 0 {
				violations++
			}
			if (len(found) > 0) != noted[i] {
				data, _ := json.Marshal(op)
				if disagree++; disagree < 20 {
					t.Errorf("%s: the simulator records a violation: %v, the proxy finds %v", data, noted[i], found)
				}
			}
		}
	}
	if violations < 1000 || violations > len(operations)*9/10 {
		t.Errorf("%d of %d operations violate the contract", violations, len(operations))
	}
}

// unlike reports where the two differ on purpose: the simulator knows which
// attributes an extension has, and takes accountStatus as a text, as in an
// example of Cisco's. It also refuses unknown sub-attributes, see place.
func unlike(attribute string, value any) bool {
	object, _ := value.(map[string]any)
	extension := strings.HasSuffix(attribute, ":2.0:User") || strings.HasSuffix(attribute, ":2.0:Group")
	return extension && len(object) > 0 || value == "x" && strings.HasSuffix(attribute, "accountStatus")
}

// place is where a value goes in a document.
type place struct {
	set        func(doc map[string]any, value any)
	hasNoValue bool // it takes objects that have no sub-attribute "value"
}

func holdsValue(value any) bool {
	if list, ok := value.([]any); ok {
		value = list[0]
	}
	object, _ := value.(map[string]any)
	return len(object) > 0
}

// paths are the attributes of a resource and their sub-attributes, by the path
// of a PATCH.
func paths(schema *openapi3.Schema) map[string]place {
	all := map[string]place{}
	for name, property := range schema.Properties {
		if slices.Contains([]string{"id", "meta", "groups", "schemas"}, name) {
			continue // the simulator ignores or refuses them in other ways
		}
		set := func(doc map[string]any, value any) { doc[name] = value }
		inner, list := elementOf(property.Value)
		all[name] = place{set, hasNoValue(inner)}
		before := name + "."
		switch {
		case list:
			before = name + `[type eq "work"].`
		case strings.Contains(name, ":"):
			before = name + ":"
		}
		for sub, property := range inner.Properties {
			element, _ := elementOf(property.Value)
			all[before+sub] = place{func(doc map[string]any, value any) {
				if list {
					set(doc, []any{map[string]any{"value": "x", sub: value}})
				} else {
					set(doc, map[string]any{sub: value})
				}
			}, hasNoValue(element)}
		}
	}
	return all
}

// elementOf returns the schema of the elements of a list, and of anything else
// its own.
func elementOf(schema *openapi3.Schema) (element *openapi3.Schema, list bool) {
	if schema.Type.Is("array") {
		return schema.Items.Value, true
	}
	return schema, false
}

func hasNoValue(object *openapi3.Schema) bool {
	return len(object.Properties) > 0 && object.Properties["value"] == nil
}

func request(t *testing.T, operations []operation) string {
	var list []map[string]any
	for i, op := range operations {
		list = append(list, map[string]any{"method": op.Method, "path": op.Path, "bulkId": fmt.Sprint("b", i), "data": op.Data})
	}
	body, err := json.Marshal(map[string]any{"schemas": []any{"urn:ietf:params:scim:api:messages:2.0:BulkRequest"}, "operations": list})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// decoded is an operation as the proxy reads it.
func decoded(t *testing.T, op operation) (read operation) {
	text, err := json.Marshal(op)
	if err == nil {
		err = json.Unmarshal(text, &read)
	}
	if err != nil {
		t.Fatal(err)
	}
	return read
}

var inOperation = regexp.MustCompile(`^operation (\d+):`)

// violated sends a request to the simulator, and returns the places of the
// operations in which it records a violation.
func violated(t *testing.T, s *webextest.Simulator, body string) map[int]bool {
	before := len(s.Violations())
	req, err := http.NewRequest("POST", "https://webexapis.com/identity/scim/"+webextest.DefaultOrgID+"/v2/Bulk", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+webextest.DefaultToken)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %.500s", resp.StatusCode, answer)
	}
	found := map[int]bool{}
	for _, v := range s.ViolationsAfter(before) {
		m := inOperation.FindStringSubmatch(v.Text)
		if m == nil {
			t.Fatalf("%s", v.Text)
		}
		var i int
		fmt.Sscan(m[1], &i)
		found[i] = true
	}
	return found
}
