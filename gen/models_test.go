package gen_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/webexscim/bulk/api"
	"github.com/webexscim/bulk/gen"
)

// Law: the models hold all that the contract's examples say. Each example,
// and the data of each operation in it, is read without an unknown member
// and written again as the same JSON.
func TestModelsHoldTheExamples(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	answers := map[string]any{
		"executeBulk": new(gen.BulkResponse), "searchUsers": new(gen.UserList), "searchGroups": new(gen.GroupList),
		"getUser": new(gen.User), "getGroup": new(gen.Group), "getMe": new(gen.User), "getGroupMembers": new(gen.GroupMemberList),
	}
	var read int
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody != nil {
				for name, example := range op.RequestBody.Value.Content["application/json"].Examples {
					request := new(gen.BulkRequest)
					roundTrip(t, name, example.Value.Value, request)
					for _, operation := range request.Operations {
						roundTripData(t, name, operation)
					}
				}
			}
			for status, response := range op.Responses.Map() {
				for name, example := range response.Value.Content["application/json"].Examples {
					model := any(new(gen.ScimError))
					if status == "200" {
						model = answers[op.OperationID]
					}
					roundTrip(t, op.OperationID+" "+name, example.Value.Value, model)
					roundTripRefusals(t, name, model)
					read++
				}
			}
		}
	}
	if read < 50 {
		t.Errorf("read %d answers only", read)
	}
}

func roundTripData(t *testing.T, name string, operation gen.BulkOperation) {
	t.Helper()
	if len(operation.Data) == 0 {
		return
	}
	var model any = new(gen.PatchOp)
	if operation.Method == gen.BulkMethodPOST && operation.Path == "/Users" {
		model = new(gen.User)
	} else if operation.Method == gen.BulkMethodPOST {
		model = new(gen.Group)
	}
	roundTrip(t, name+" "+operation.BulkID, operation.Data, model)
}

func roundTripRefusals(t *testing.T, name string, model any) {
	t.Helper()
	answer, ok := model.(*gen.BulkResponse)
	if !ok {
		return
	}
	for _, result := range answer.Operations {
		if result.Status.OK() {
			continue
		}
		refusal := new(gen.ScimError)
		roundTrip(t, name+" "+result.BulkID, result.Response, refusal)
		if refusal.Status != result.Status {
			t.Errorf("%s %s: status %d holds a response of status %d", name, result.BulkID, result.Status, refusal.Status)
		}
	}
}

func roundTrip(t *testing.T, name string, example, model any) {
	t.Helper()
	raw, err := json.Marshal(example)
	if err != nil {
		t.Fatal(err)
	}
	reflect.ValueOf(model).Elem().SetZero()
	strict := json.NewDecoder(bytes.NewReader(raw))
	strict.DisallowUnknownFields()
	if err := strict.Decode(model); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	again, err := json.Marshal(model)
	if err != nil {
		t.Fatal(err)
	}
	if want, got := normal(t, raw), normal(t, again); !reflect.DeepEqual(want, got) {
		t.Errorf("%s:\nread  %v\nwrote %v", name, want, got)
	}
}

// normal gives statuses and error codes their one written form, text, and
// leaves empty lists out as the models do.
func normal(t *testing.T, raw []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		t.Fatal(err)
	}
	var walk func(any)
	walk = func(value any) {
		switch value := value.(type) {
		case []any:
			for _, element := range value {
				walk(element)
			}
		case map[string]any:
			for key, member := range value {
				number, ok := member.(float64)
				if ok && (key == "status" || key == "errorCode") {
					value[key] = strconv.Itoa(int(number))
				}
				if empty, ok := member.([]any); (ok && len(empty) == 0) || member == 0.0 {
					delete(value, key)
				}
				walk(member)
			}
		}
	}
	walk(value)
	return value
}

// Law: a request built from nothing but its required members carries no
// others: a service must never see a null or an empty text it did not ask for.
func TestAbsentMembersAreLeftOut(t *testing.T) {
	for want, model := range map[string]any{
		`{"method":"DELETE","path":"/Users/1"}`: gen.BulkOperation{Method: gen.BulkMethodDELETE, Path: "/Users/1"},
		`{"schemas":["s"],"userName":"a"}`:      gen.User{Schemas: []string{"s"}, UserName: "a"},
		`{"displayName":"g","schemas":["s"]}`:   gen.Group{Schemas: []string{"s"}, DisplayName: "g"},
		`{"op":"remove","path":"title"}`:        gen.PatchOperation{Op: gen.PatchOperationOpRemove, Path: "title"},
		`{"op":"replace","value":false}`:        gen.PatchOperation{Op: gen.PatchOperationOpReplace, Value: false},
		`{"active":false,"schemas":["s"],"userName":"a"}`: gen.User{
			Schemas: []string{"s"}, UserName: "a", Active: new(false)},
		`{"operations":[],"schemas":["s"]}`: gen.BulkRequest{Schemas: []string{"s"}, Operations: []gen.BulkOperation{}},
	} {
		got, err := json.Marshal(model)
		if err != nil || string(got) != want {
			t.Errorf("wrote %s, %v\nwant  %s", got, err, want)
		}
	}
}

// Law: an absent parameter of a search is not sent, and a zero is.
func TestSearchParameters(t *testing.T) {
	for want, params := range map[string]gen.SearchUsersParams{
		"": {},
		"count=0&filter=userName%20eq%20%22a%2Bb%40example.com%22%20or%20id%20eq%20%221%22": {
			Filter: new(`userName eq "a+b@example.com" or id eq "1"`), Count: new(0)},
	} {
		r, err := gen.NewSearchUsersRequest("https://webexapis.com/", "o", &params)
		if err != nil {
			t.Fatal(err)
		}
		if r.Method != http.MethodGet || r.URL.Path != "/identity/scim/o/v2/Users" {
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
		query, err := http.NewRequest(http.MethodGet, "https://webexapis.com/?"+want, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(r.URL.Query(), query.URL.Query()) {
			t.Errorf("sent %v, want %v", r.URL.Query(), query.URL.Query())
		}
	}
}

// Law: one odd item costs nobody the others.
func TestAnswersAreReadLeniently(t *testing.T) {
	const answer = `{"Operations":[
		{"method":"POST","bulkId":"a","status":{"code":201},"response":"{\"id\":\"1\"}"},
		{"method":"merge","status":"abc","response":[1],"new":true},
		{"bulkId":"c","status":204,"response":null,"location":null}]}`
	var got gen.BulkResponse
	if err := json.Unmarshal([]byte(answer), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Operations) != 3 {
		t.Fatalf("read %d results", len(got.Operations))
	}
	for i, want := range []gen.BulkStatus{201, 0, 204} {
		if got.Operations[i].Status != want {
			t.Errorf("result %d has status %d, want %d", i, got.Operations[i].Status, want)
		}
	}
	if string(got.Operations[0].Response) != `"{\"id\":\"1\"}"` || string(got.Operations[1].Response) != `[1]` {
		t.Errorf("responses changed: %s, %s", got.Operations[0].Response, got.Operations[1].Response)
	}
}
