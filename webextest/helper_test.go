package webextest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

// The messages, independent of the code of the simulator.
type (
	op struct {
		Method string `json:"method"`
		Path   string `json:"path"`
		BulkID string `json:"bulkId,omitempty"`
		Data   any    `json:"data,omitempty"`
	}
	message struct {
		Schemas      []string `json:"schemas"`
		FailOnErrors int      `json:"failOnErrors,omitempty"`
		Operations   []op     `json:"operations"`
	}
	result struct {
		Location, Method, BulkID, Version, Status string
		Response                                  map[string]any
	}
	obj = map[string]any
)

const bulkURL = "https://webexapis.com/identity/scim/" + DefaultOrgID + "/v2/Bulk"

// call sends a request with the default token and returns the answer's body.
func call(t testing.TB, c *http.Client, method, target, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+DefaultToken)
	req.Header.Set("Content-Type", "application/json")
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

// bulkRequest returns the body of a Bulk request.
func bulkRequest(failOnErrors int, ops ...op) string {
	body, err := json.Marshal(message{[]string{scim.BulkRequest}, failOnErrors, ops})
	if err != nil {
		panic(err)
	}
	return string(body)
}

// send sends operations and returns the results of an answer of status 200.
func send(t testing.TB, s *Simulator, failOnErrors int, ops ...op) []result {
	t.Helper()
	res, body := call(t, s.Client(), "POST", bulkURL, bulkRequest(failOnErrors, ops...))
	if res.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", res.StatusCode, body)
	}
	var answer struct{ Operations []result }
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return answer.Operations
}

// search returns the answer to a search.
func search(t testing.TB, s *Simulator, collection, query string) (list struct {
	TotalResults, StartIndex, ItemsPerPage int
	Resources                              []obj
}) {
	t.Helper()
	res, body := call(t, s.Client(), "GET", strings.TrimSuffix(bulkURL, "Bulk")+collection+"?"+query, "")
	if res.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", res.StatusCode, body)
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return list
}

func filter(expression string) string { return "filter=" + url.QueryEscape(expression) }

func user(bulkID, userName string) op {
	return op{"POST", "/Users", bulkID, obj{
		"schemas": []string{scim.UserSchema}, "userName": userName, "userType": "user",
	}}
}

func managed(bulkID, userName, manager string) op {
	o := user(bulkID, userName)
	o.Data.(obj)[scim.EnterpriseUser] = obj{"manager": obj{"value": manager}}
	return o
}

func group(bulkID, name string, members ...string) op {
	list := make([]obj, len(members))
	for i, m := range members {
		list[i] = obj{"value": m, "type": "user"}
	}
	return op{"POST", "/Groups", bulkID, obj{
		"schemas": []string{scim.GroupSchema}, "displayName": name, "members": list,
	}}
}

func patch(path string, steps ...obj) op {
	return op{"PATCH", path, "", obj{"schemas": []string{scim.PatchOp}, "Operations": steps}}
}

func remove(path string) op { return op{Method: "DELETE", Path: path} }

// statuses returns the statuses of results, in order.
func statuses(results []result) string {
	list := make([]string, len(results))
	for i, r := range results {
		list[i] = r.Status
	}
	return strings.Join(list, " ")
}

// checkSound reports an inconsistent store and violations of the client.
func checkSound(t testing.TB, s *Simulator, texts ...string) {
	t.Helper()
	if err := s.CheckIntegrity(texts...); err != nil {
		t.Errorf("the store is broken: %v", err)
	}
	for _, v := range s.Violations() {
		t.Errorf("request %d violates the contract: %s", v.Request, v.Text)
	}
}
