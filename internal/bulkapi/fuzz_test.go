package bulkapi

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/webexscim/bulk/internal/location"
	"github.com/webexscim/bulk/internal/transport"
	"github.com/webexscim/bulk/wire"
)

// FuzzAnswer: whatever a service answers, reading ends, says one thing of each
// operation, and claims a success only where the answer has a 2xx result that
// can be of that operation.
func FuzzAnswer(f *testing.F) {
	for _, status := range []int{200, 400, 412, 207} {
		for _, body := range answerSeeds {
			f.Add(status, body, 0)
			f.Add(status, body, 1)
		}
	}
	for _, status := range []int{100, 204, 302, 401, 403, 404, 413, 423, 429, 500, 502, 503, 504} {
		f.Add(status, `{"detail":"maxPayloadSize (1048576)"}`, 0)
		f.Add(status, `<html><body>Bad Gateway</body></html>`, 0)
	}
	f.Fuzz(func(t *testing.T, status int, body string, failOnErrors int) {
		ops := mixed()
		a := reading(t, status, body, ops, failOnErrors)
		switch {
		case a.Kind < transport.Answered || a.Kind > transport.NoResponse || (a.Err == nil) != (a.Kind == transport.Answered):
			t.Fatalf("%+v", a)
		case a.Kind == transport.Answered && len(a.Items) != len(ops), a.Kind != transport.Answered && a.Items != nil:
			t.Fatalf("%d items of %d operations, %v", len(a.Items), len(ops), a.Kind)
		}
		if bytes, operations := a.Limits(); bytes < 0 || operations < 0 {
			t.Fatalf("%+v", a)
		}
		checkText(t, a.Err)
		good := goodResults(body)
		for _, it := range a.Items {
			if hasToken(it.Location) || hasToken(it.Version) {
				t.Fatalf("the token is in %+v", it)
			}
		}
		for i, it := range a.Items {
			switch ok := it.Status >= 200 && it.Status <= 299; {
			case !it.Found && (it.Status != 0 || it.Err != nil || it.Location != ""):
				t.Fatalf("not found, and yet %+v", it)
			case it.Found && (it.LeftOut || it.Status < 100 || it.Status > 599 || (it.Err == nil) != ok):
				t.Fatalf("%+v", it)
			case it.Found && ok && !good[ops[i].BulkID] && !good[""]:
				t.Fatalf("operation %d succeeded by no result in %q", i, body)
			case it.Err != nil:
				checkText(t, it.Err)
			}
		}
	})
}

// checkText wants an error on one line, of bounded length, without data.
func checkText(t *testing.T, err error) {
	if err == nil {
		return
	}
	text := err.Error()
	if len(text) > 1500 || strings.ContainsAny(text, "\n\r\x1b") {
		t.Fatalf("%q", text)
	}
	e, ok := err.(*transport.Error)
	if !ok {
		t.Fatalf("%#v", err)
	}
	if strings.Contains(folded(text), folded(secret)) {
		t.Fatalf("%q", text)
	}
	for _, kept := range append(e.Details, text) {
		if hasToken(kept) {
			t.Fatalf("the token is in %q", kept)
		}
	}
}

// hasToken looks for the token, escaped or not.
func hasToken(text string) bool {
	for _, text := range []string{text, location.Unescape(text), location.Unescape(location.Unescape(text))} {
		if strings.Contains(strings.ToLower(text), strings.ToLower(testToken)) {
			return true
		}
	}
	return false
}

// goodResults tells, in the plainest way, for which bulkIds an answer holds a
// result of status 2xx; "" is for those without.
func goodResults(body string) map[string]bool {
	good := map[string]bool{}
	var members map[string]any
	if json.Unmarshal(bytes.TrimSpace(bytes.TrimPrefix([]byte(body), []byte("\ufeff"))), &members) != nil {
		return good
	}
	for name, list := range members {
		entries, _ := list.([]any)
		if !strings.EqualFold(name, "operations") {
			continue
		}
		for _, entry := range entries {
			raw, _ := json.Marshal(entry)
			var r struct {
				BulkID   wire.Text
				Status   wire.Status
				Response any
			}
			if json.Unmarshal(raw, &r) == nil && (r.Status.OK() || r.Status == 0 && r.Response != nil) {
				good[string(r.BulkID)] = true
			}
		}
	}
	return good
}

// answerSeeds has each answer that is known to break clients.
var answerSeeds = []string{
	``, `null`, `{}`, `[]`, `""`, `{"operations":null}`, `{"operations":[]}`, `{"operations":{}}`,
	`<!DOCTYPE html><html><body>Sign in</body></html>`, "\xef\xbb\xbf{}", `{"operations":[{"bulkId":"u1","status":"20`,
	`{"operations":[{"method":"POST","bulkId":"u1","status":"201","location":"https://h/identity/scim/o/v2/Users/1","version":"W/\"1\""}]}`,
	`{"Operations":[{"bulkId":"u1","status":201}]}`, `{"operations":[{"bulkId":"u1","status":"201"}],"Operations":[{"bulkId":"u1","status":"409"}]}`,
	`{"operations":[{"bulkId":"u1","status":{"code":201}},{"bulkId":"g1"},{"bulkId":"p1","status":"abc"},{"bulkId":"d1","status":null}]}`,
	`{"operations":[{"bulkId":"u1","status":"409","response":{"status":"409","` + `urn:scim:schemas:extension:cisco:webexidentity:api:messages:2.0:Error":{"trackingId":"T","errorCode":400081,"details":["ada.secret@example.com exists"]}}}]}`,
	`{"operations":[{"bulkId":"u1","status":"400","response":"{\"detail\":\"ADA.SECRET@example.com\"}"},{"bulkId":"g1","status":"400","response":null},{"bulkId":"p1","status":"400","response":[{"detail":"x"}]},{"bulkId":"d1","status":"404","response":"gone"}]}`,
	`{"operations":[{"bulkId":"u1","status":"400","response":{"errorCode":"E1","detail":"d","scimType":"invalidValue"}}]}`,
	`{"operations":[{"method":"MERGE","bulkId":"u1","status":"200"},{"method":"patch","bulkId":"p1","status":"200"}]}`,
	`{"operations":[{"method":"PATCH","location":"https://h/identity/scim/o/v2/Users/AA-1/","status":"200"},{"method":"DELETE","location":"/Users/bb%2D2?x=1","status":"204"}]}`,
	`{"operations":[{"method":"POST","location":null,"status":"201"},{"method":"POST","location":"/v2/Groups/","status":"201"},{"method":"PATCH","location":"https://evil.example/v2/Users/aa-1","status":"200"},{"method":"DELETE","status":"204"}]}`,
	`{"operations":[{"bulkId":"d1","status":"204"},{"bulkId":"p1","status":"200"},{"bulkId":"g1","status":"201"},{"bulkId":"u1","status":"201"}]}`,
	`{"operations":[{"bulkId":"u1","status":"201"},{"bulkId":"u1","status":"409"},{"bulkId":"alien","status":"201"}]}`,
	`{"operations":[{"bulkId":"u1","status":"409"},{"bulkId":"g1","status":"412"},{"bulkId":"p1","status":"409","response":{"detail":"failOnErrors count reached"}}]}`,
	`{"operations":[{"bulkId":"u1","status":"429"},{"bulkId":"g1","status":"503"}]}`,
	`{"message":"m","errors":[{"description":"d"}],"trackingId":"ROUTER_1"}`, `{"error":"invalid_token","error_description":"x"}`,
	`{"operations":[{"bulkId":"u1","status":"201","version":"tok-NEVER-shown-1","location":"/v2/Users/1?t=tok%2dNEVER-shown-1"},{"bulkId":"g1","status":"400","response":{"trackingId":"tok-NEVER\u00a0-shown-1","errorCode":"%74ok-NEVER-shown-1","details":["tok-never-shown-1"]}}]}`,
	`{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","detail":"tok-NEVER-shown-1","scimType":"invalidSyntax"}`,
}
