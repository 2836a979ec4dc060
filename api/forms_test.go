package api_test

import (
	"encoding/json"
	"strings"
	"testing"
)

func visit(t *testing.T, schema, text string) error {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	ref := load(t).Components.Schemas[schema]
	if ref == nil {
		t.Fatalf("no schema %s", schema)
	}
	return ref.Value.VisitJSON(value)
}

func request(members ...string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],` + strings.Join(members, ",") + `}`
}

func newGroup(members string) string {
	return `{"method":"POST","path":"/Groups","bulkId":"g","data":{"displayName":"G","members":` + members + `}}`
}

func patchGroup(step string) string {
	return `{"method":"PATCH","path":"/Groups/1","data":{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],` +
		`"Operations":[{` + step + `}]}}`
}

func repeat(n int, operation string) string {
	return `"operations":[` + strings.TrimSuffix(strings.Repeat(operation+",", n), ",") + `]`
}

const (
	remove = `{"method":"DELETE","path":"/Users/1"}`
	create = `{"method":"POST","path":"/Users","bulkId":"a","data":{"x":1}}`
	patch  = `{"method":"PATCH","path":"/Users/1","data":{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],` +
		`"Operations":[{"op":"remove","path":"title"}]}}`
)

// requestForms are requests, and whether the contract allows them.
var requestForms = []struct {
	name, body string
	ok         bool
}{
	{"no operation", request(repeat(0, remove)), false},
	{"1 operation", request(repeat(1, remove)), true},
	{"100 operations", request(repeat(100, remove)), true},
	{"101 operations", request(repeat(101, remove)), false},
	{"operations missing", request(`"failOnErrors":1`), false},
	{"operations null", request(`"operations":null`), false},
	{"Operations", request(strings.Replace(repeat(1, remove), "op", "Op", 1)), false},
	{"schemas missing", `{` + repeat(1, remove) + `}`, false},
	{"schemas of another message", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],` + repeat(1, remove) + `}`, false},

	{"failOnErrors 0", request(`"failOnErrors":0`, repeat(1, remove)), false},
	{"failOnErrors 1", request(`"failOnErrors":1`, repeat(1, remove)), true},
	{"failOnErrors 100", request(`"failOnErrors":100`, repeat(1, remove)), true},
	{"failOnErrors 101", request(`"failOnErrors":101`, repeat(1, remove)), false},
	{"failOnErrors 1.5", request(`"failOnErrors":1.5`, repeat(1, remove)), false},
	{"failOnErrors text", request(`"failOnErrors":"5"`, repeat(1, remove)), false},

	{"POST", request(repeat(1, create)), true},
	{"PATCH", request(repeat(1, patch)), true},
	{"PUT", request(repeat(1, strings.Replace(create, "POST", "PUT", 1))), false},
	{"lower-case method", request(repeat(1, strings.Replace(create, "POST", "post", 1))), false},
	{"method missing", request(repeat(1, `{"path":"/Users/1"}`)), false},
	{"path missing", request(repeat(1, `{"method":"DELETE"}`)), false},
	{"path empty", request(repeat(1, `{"method":"DELETE","path":""}`)), false},
	{"path of another resource", request(repeat(1, `{"method":"DELETE","path":"/Devices/1"}`)), false},
	{"path in lower case", request(repeat(1, `{"method":"DELETE","path":"/users/1"}`)), false},
	{"path of a part", request(repeat(1, `{"method":"DELETE","path":"/Users/1/2"}`)), false},
	{"path without an id", request(repeat(1, `{"method":"DELETE","path":"/Users/"}`)), false},
	{"path without a name", request(repeat(1, `{"method":"DELETE","path":"/Users/bulkId:"}`)), false},
	{"path with an odd name", request(repeat(1, `{"method":"DELETE","path":"/Users/bulkId:a/b:\n?"}`)), true},
	{"DELETE of all users", request(repeat(1, `{"method":"DELETE","path":"/Users"}`)), false},
	{"PATCH of all users", request(repeat(1, strings.Replace(patch, "/Users/1", "/Users", 1))), false},
	{"POST to one user", request(repeat(1, strings.Replace(create, "/Users", "/Users/1", 1))), false},
	{"path of a URL", request(repeat(1, `{"method":"DELETE","path":"https://webexapis.com/Users/1"}`)), false},
	{"path with a reference", request(repeat(1, `{"method":"DELETE","path":"/Groups/bulkId:a"}`)), true},
	{"POST without bulkId", request(repeat(1, `{"method":"POST","path":"/Users","data":{"x":1}}`)), false},
	{"POST with an empty bulkId", request(repeat(1, `{"method":"POST","path":"/Users","bulkId":"","data":{"x":1}}`)), false},
	{"POST without data", request(repeat(1, `{"method":"POST","path":"/Users","bulkId":"a"}`)), false},
	{"PATCH without data", request(repeat(1, `{"method":"PATCH","path":"/Users/1"}`)), false},
	{"PATCH with a user", request(repeat(1, `{"method":"PATCH","path":"/Users/1","data":{"title":"x"}}`)), false},
	{"PATCH without schemas", request(repeat(1, strings.Replace(patch, "schemas", "schema", 1))), false},
	{"PATCH with two schemas", request(repeat(1, strings.Replace(patch, `PatchOp"`, `PatchOp","x"`, 1))), false},
	{"PATCH with other schemas", request(repeat(1, strings.Replace(patch, "PatchOp", "PutOp", 1))), false},
	{"PATCH of nothing", request(repeat(1, strings.Replace(patch, `{"op":"remove","path":"title"}`, "", 1))), false},
	{"PATCH in upper case", request(repeat(1, strings.Replace(patch, "remove", "Remove", 1))), false},
	{"PATCH with an empty path", request(repeat(1, strings.Replace(patch, "title", "", 1))), false},
	{"PATCH to null", request(repeat(1, strings.Replace(patch, `"op"`, `"value":null,"op"`, 1))), false},
	{"PATCH of an add without value", request(repeat(1, strings.Replace(patch, "remove", "add", 1))), false},
	{"PATCH of a replace without value", request(repeat(1, strings.Replace(patch, "remove", "replace", 1))), false},
	{"PATCH of a remove without path", request(repeat(1, strings.Replace(patch, `,"path":"title"`, "", 1))), false},
	{"PATCH of an add without path", request(repeat(1, strings.Replace(patch, `"remove","path":"title"`, `"add","value":{"title":"x"}`, 1))), true},
	{"PATCH with more members", request(repeat(1, strings.Replace(patch, `"op"`, `"x":1,"op"`, 1))), true},
	{"PATCH with bulkId", request(repeat(1, strings.Replace(patch, `"path"`, `"bulkId":"b","path"`, 1))), true},
	{"group of typed members", request(repeat(1, newGroup(`[{"value":"1","type":"user"},{"value":"2","type":"group"}]`))), true},
	{"group without members", request(repeat(1, newGroup(`[]`))), true},
	{"group with a member without type", request(repeat(1, newGroup(`[{"value":"1","type":"user"},{"value":"2"}]`))), false},
	{"group with an empty type", request(repeat(1, newGroup(`[{"value":"1","type":""}]`))), false},
	{"PATCH of typed members", request(repeat(1, patchGroup(`"op":"add","path":"members","value":[{"value":"1","type":"user"}]`))), true},
	{"PATCH of members without type", request(repeat(1, patchGroup(`"op":"add","path":"members","value":[{"value":"1"}]`))), false},
	{"PATCH of one member without type", request(repeat(1, patchGroup(`"op":"add","path":"members","value":{"value":"1"}`))), false},
	{"PATCH of one typed member", request(repeat(1, patchGroup(`"op":"add","path":"members","value":{"value":"1","type":"user"}`))), true},
	{"PATCH of attributes, a member without type", request(repeat(1, patchGroup(`"op":"add","value":{"displayName":"G","members":[{"value":"1"}]}`))), false},
	{"PATCH of attributes, typed members", request(repeat(1, patchGroup(`"op":"add","value":{"displayName":"G","members":[{"value":"1","type":"user"}]}`))), true},
	{"PATCH of another list", request(repeat(1, patchGroup(`"op":"add","path":"x","value":[{"value":"1"}]`))), true},
	{"PATCH without a member", request(repeat(1, patchGroup(`"op":"remove","path":"members[value eq \"1\"]"`))), true},
	{"DELETE with bulkId", request(repeat(1, `{"method":"DELETE","path":"/Users/1","bulkId":"a"}`)), true},
	{"data as text", request(repeat(1, strings.Replace(create, `{"x":1}`, `"{\"x\":1}"`, 1))), false},
	{"a precondition", request(repeat(1, `{"method":"DELETE","path":"/Users/1","version":"W/\"1\""}`)), false},
	{"unknown member of the request", request(`"FailOnErrors":1`, repeat(1, remove)), false},
	{"unknown member of data", request(repeat(1, strings.Replace(create, `"x"`, `"new"`, 1))), true},
}

func TestContractLimitsRequests(t *testing.T) {
	for _, test := range requestForms {
		if err := visit(t, "BulkRequest", test.body); (err == nil) != test.ok {
			t.Errorf("%s: accepted %v, want %v (%v)", test.name, err == nil, test.ok, err)
		}
	}
}

// The schema of an answer allows every known form of services, except other
// spellings of its members.
func TestContractAllowsTheFormsOfAnswers(t *testing.T) {
	item := func(members string) string { return `{"operations":[{"method":"POST"` + members + `}]}` }
	tests := []struct {
		name, body string
		ok         bool
	}{
		{"no result", `{"operations":[]}`, true},
		{"status text", item(`,"status":"201"`), true},
		{"status number", item(`,"status":201`), true},
		{"unknown method", `{"operations":[{"method":"MERGE","status":"200"}]}`, true},
		{"unknown member", item(`,"status":"201","new":{"a":[1]}`), true},
		{"response object", item(`,"status":"409","response":{"detail":"x"}`), true},
		{"response text", item(`,"status":"409","response":"{\"detail\":\"x\"}"`), true},
		{"response list", item(`,"status":"409","response":[{"detail":"x"}]`), true},
		{"status object", item(`,"status":{"code":201}`), false},
		{"status not a code", item(`,"status":"abc"`), false},
		{"status absent", item(``), false},
		{"Operations", `{"Operations":[]}`, false},
	}
	for _, test := range tests {
		if err := visit(t, "BulkResponse", test.body); (err == nil) != test.ok {
			t.Errorf("%s: accepted %v, want %v (%v)", test.name, err == nil, test.ok, err)
		}
	}
}

func TestContractAllowsTheFormsOfErrors(t *testing.T) {
	const urn = `"urn:scim:schemas:extension:cisco:webexidentity:api:messages:2.0:Error"`
	for body, ok := range map[string]bool{
		`{}`: true,
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","scimType":"invalidSyntax","detail":"x"}`: true,
		`{` + urn + `:{"trackingId":"t","errorCode":900409,"details":["x"]}}`:                                                true,
		`{` + urn + `:{"trackingId":"t","errorCode":"900409","details":["x"]}}`:                                              true,
		`{"message":"x","errors":[{"description":"y","errorCode":7}],"trackingId":"t"}`:                                      true,
		`{"error":"invalid_token","error_description":"x"}`:                                                                  true,
		`{` + urn + `:{"details":"x"}}`:                                                                                      true,
		`{` + urn + `:"x"}`:                                                                                                  false,
		`{"message":7}`:                                                                                                      false,
		`"x"`:                                                                                                                false,
	} {
		if err := visit(t, "ScimError", body); (err == nil) != ok {
			t.Errorf("%s: accepted %v, want %v (%v)", body, err == nil, ok, err)
		}
	}
}
