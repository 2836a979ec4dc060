package admin_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/webextest"
	"github.com/webexscim/bulk/webextest/admin"
)

const (
	patchTitle = `"data":{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"title","value":5}]}`
	absent     = "7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001"
)

func TestLedgerRequestsAndViolationsAreServed(t *testing.T) {
	b := newBench(t, webextest.Config{AnyOrg: true}, admin.Config{})
	b.bulk(create("a") + `,` + create("b"))
	id, _ := b.sim.UserByName("a@example.com")
	b.bulk(`{"method":"PATCH","path":"/Users/` + id.ID() + `","bulkId":"p",` + patchTitle + `},{"method":"DELETE","path":"/Users/` + id.ID() + `"}`)
	b.do(201, call("POST", "/__admin/faults", `{"faults":[{"status":503}]}`))
	b.bulk(create("c"))
	b.handler.ServeHTTP(nopWriter{}, call("POST", service+"Bulk",
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"failOnErrors":1,"operations":[{"method":"DELETE","path":"/Users/`+absent+`"},`+create("d")+`]}`,
		"Authorization", "Bearer "+webextest.DefaultToken))
	var told []string
	for _, o := range b.get("ledger") {
		told = append(told, fmt.Sprint(o["request"], o["method"], o["bulkId"], o["name"], o["status"], o["outcome"], o["id"] != ""))
	}
	want := []string{
		"1 POST a a@example.com 201 done true", "1 POST b b@example.com 201 done true",
		"2 PATCH p a@example.com 400 refused true", "2 DELETE  a@example.com 204 done true",
		"3 POST c c@example.com 0 refused false", "4 DELETE   404 refused true", "4 POST d d@example.com 0 leftOut false",
	}
	if got := strings.Join(told, "\n"); strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(strings.Join(want, "\n"), " ", "") {
		t.Errorf("the ledger:\n%s", got)
	}
	violations := b.get("violations")
	if len(violations) != 1 || violations[0]["where"] != "operations[0]" || violations[0]["what"] != "title must be text" || violations[0]["request"] != 2.0 {
		t.Errorf("%v", violations)
	}
	const secret = "very-secret"
	b.do(401, call("GET", service+"Users?filter=title+pr&access_token="+secret, "", "Authorization", "Bearer "+secret))
	requests := b.get("requests")
	if len(requests) != 5 || requests[0]["trackingId"] != "SIM_1" || requests[2]["status"] != 503.0 || requests[4]["query"] != "filter=title+pr" {
		t.Errorf("%v", requests)
	}
	if text := fmt.Sprint(requests); strings.Contains(text, secret) || strings.Contains(text, webextest.DefaultToken) {
		t.Errorf("a token is told: %s", text)
	}
	if health := b.do(200, call("GET", "/__admin/health", "")); !strings.Contains(health, `"ok"`) || !strings.Contains(health, webextest.DefaultOrgID) {
		t.Error(health)
	}
	stats := b.do(200, call("GET", "/__admin/stats", ""))
	if want := `{"requests":5,"operations":7,"done":3,"violations":1,"faults":0,"resets":0}`; strings.TrimSpace(stats) != want {
		t.Errorf("got  %swant %s", stats, want)
	}
	for _, name := range []string{"ledger", "requests", "violations"} {
		all := b.get(name)
		if got := b.get(name + "?after=1"); fmt.Sprint(got) != fmt.Sprint(all[1:]) {
			t.Errorf("%s after the first: %v", name, got)
		}
		if got := b.get(name + "?after=100"); len(got) != 0 {
			t.Errorf("%s after all: %v", name, got)
		}
	}
	b.do(204, call("POST", "/__admin/reset", ""))
	if stats := b.do(200, call("GET", "/__admin/stats", "")); !strings.Contains(stats, `"operations":0`) || !strings.Contains(stats, `"resets":1`) {
		t.Error(stats)
	}
	for _, name := range []string{"ledger", "requests", "violations", "faults"} {
		if left := b.get(name); len(left) != 0 {
			t.Errorf("after a reset: %v", left)
		}
	}
	if users, _ := b.sim.Count(); users != 0 || !b.sim.Violated() {
		t.Errorf("%d users, violated %v", users, b.sim.Violated())
	}
}

type nopWriter struct{}

func (nopWriter) Header() http.Header         { return http.Header{} }
func (nopWriter) Write(b []byte) (int, error) { return len(b), nil }
func (nopWriter) WriteHeader(int)             {}

// A search takes no fault from the queue.
func TestEachFaultAppliesToOneBulkRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, webextest.Config{}, admin.Config{})
		b.do(201, call("POST", "/__admin/faults", `{"faults":[{"status":429,"retryAfter":"rand(30)","times":2},{"cut":"before","latency":"2s"},
			{"cut":"after"},{"truncate":true},{"html":true},{"shape":"capitalKey","latency":"3s"},{"latency":"1s","times":1}]}`))
		for i, want := range []struct {
			status int
			cut    bool
			text   string
			done   int
			took   time.Duration
		}{
			{429, false, "", 0, 0}, {429, false, "", 0, 0}, {0, true, "", 0, 2 * time.Second}, {0, true, "", 1, 0}, {200, false, "", 1, 0},
			{200, false, "<!DOCTYPE html>", 1, 0}, {200, false, `"Operations"`, 1, 3 * time.Second},
			{200, false, `"operations"`, 1, time.Second}, {200, false, `"operations"`, 1, 0},
		} {
			if left := 0; i < 8 {
				for _, f := range b.get("faults") {
					times, _ := f["times"].(float64)
					left += max(int(times), 1)
				}
				if left != 8-i {
					t.Errorf("%d faults are queued before request %d", left, i)
				}
			}
			b.do(200, call("GET", service+"Users", "", "Authorization", "Bearer "+webextest.DefaultToken))
			name, start := fmt.Sprintf("u%d", i), time.Now()
			w, cut := b.bulk(create(name))
			if cut != want.cut || !cut && (w.Code != want.status || !strings.Contains(w.Body.String(), want.text)) {
				t.Errorf("request %d: cut %v, %d %s", i, cut, w.Code, w.Body)
			}
			if i == 0 && w.Header().Get("Retry-After") != "rand(30)" {
				t.Errorf("%v", w.Header())
			}
			if n := b.sim.Created(name + "@example.com"); n != want.done || time.Since(start) != want.took {
				t.Errorf("request %d: done %d times in %s", i, n, time.Since(start))
			}
		}
	})
}

// They are listed as they were posted.
func TestQueuedFaultsAreListedAndDropped(t *testing.T) {
	b := newBench(t, webextest.Config{}, admin.Config{})
	const posted = `{"faults":[{"status":429,"retryAfter":"1","times":2},{"status":429,"retryAfter":"1"},{"cut":"after","latency":"1ms"},{"truncate":true},{"html":true},{"shape":"foreign"}]}`
	if got := b.do(201, call("POST", "/__admin/faults", posted)); got != posted+"\n" {
		t.Errorf("%s", got)
	}
	b.sim.Script(nil, webextest.AnswerPage())
	b.bulk(create("a"))
	if got := b.do(200, call("GET", "/__admin/faults", "")); got != strings.Replace(posted, `,"times":2`, "", 1)+"\n" {
		t.Errorf("%s", got)
	}
	b.do(204, call("DELETE", "/__admin/faults", ""))
	if got := b.do(200, call("GET", "/__admin/faults", "")); got != `{"faults":[]}`+"\n" {
		t.Errorf("%s", got)
	}
	b.do(201, call("POST", "/__admin/faults", `{"faults":[{"html":true,"times":1000},{"html":true,"times":1000}]}`))
	many := `{"faults":[` + strings.TrimSuffix(strings.Repeat(`{"html":true,"times":1000},`, 9), ",") + `]}`
	if got := b.do(400, call("POST", "/__admin/faults", many)); !strings.Contains(got, "10000") || len(b.sim.Scripted()) != 2000 {
		t.Errorf("%s", got)
	}
}

func TestInvalidFaultsQueueNothing(t *testing.T) {
	b := newBench(t, webextest.Config{}, admin.Config{})
	for fault, want := range map[string]string{
		`{}`: "one of status", `{"times":2}`: "one of status", `5`: "JSON object", `null`: "JSON object", `"cut"`: "JSON object",
		`{"delay":"1s"}`: `\"delay\" is unknown; known are status, retryAfter, errorForm, cut`, `{"Status":429}`: `\"Status\" is unknown`,
		`{"status":42}`: "from 200 to 599", `{"status":600}`: "from 200", `{"status":"429"}`: "from 200", `{"status":429.5}`: "from 200", `{"status":null}`: "from 200",
		`{"status":429,"retryAfter":1}`: "retryAfter must be a text", `{"status":429,"retryAfter":"1\r\nX: y"}`: "retryAfter must be", `{"retryAfter":"1"}`: "goes with a status",
		`{"html":true,"retryAfter":"1"}`: "goes with a status",
		`{"cut":"middle"}`:               `\"before\" or \"after\"`, `{"cut":true}`: `\"before\"`, `{"truncate":false}`: "truncate must be true", `{"html":"yes"}`: "html must be true",
		`{"status":429,"errorForm":"x"}`: "[scim extension webex oauth html text empty]", `{"cut":"after","errorForm":"scim"}`: "of 400 or more",
		`{"latency":"-1s"}`: "latency must be", `{"latency":300}`: "latency must be", `{"latency":"soon"}`: "latency must be", `{"latency":"11m"}`: "10m at most",
		`{"shape":"x"}`: "bothKeys, capitalKey", `{"shape":""}`: "one of bothKeys", `{"status":429,"times":0}`: "from 1 to 1000", `{"status":429,"times":1001}`: "from 1 to 1000",
		`{"cut":"before","html":true}`: "a fault is one of", `{"cut":"before","cut":"after"}`: "appears twice",
	} {
		got := b.do(400, call("POST", "/__admin/faults", `{"faults":[{"status":503},`+fault+`]}`))
		if !strings.Contains(got, "faults[1]: ") || !strings.Contains(got, want) || len(b.sim.Scripted()) != 0 {
			t.Errorf("%s: %s", fault, got)
		}
	}
	for _, body := range []string{``, `{`, `{}`, `[]`, `{"fault":[]}`, `{"faults":{}}`, `{"faults":null}`, `{"faults":[]} {}`, `{"faults":[],"faults":[]}`, `{"faults":[{"html":true}],"x":1}`} {
		b.do(400, call("POST", "/__admin/faults", body))
	}
	if len(b.sim.Scripted()) != 0 {
		t.Error("something is queued")
	}
}

// It makes no entries in the ledger.
func TestSeedAddsAllOrNone(t *testing.T) {
	b := newBench(t, webextest.Config{}, admin.Config{})
	for body, want := range map[string]string{
		`{"users":[{"userName":"b"},{"userName":"c","active":"yes"}]}`:   `users[1]: active must be true or false`,
		`{"users":[{"userName":"b"}],"groups":[{"displayName":"G"},{}]}`: `groups[1]: displayName is required`,
		`{"users":["b"]}`: `users[0]: an object`,
		`{"people":[]}`:   `\"people\" is unknown; known are users, groups`,
		`{"users":{}}`:    `users must be a list`,
		`{"groups":[{"displayName":"G","members":[{"type":"user","value":"` + absent + `"}]}],"users":[{"userName":"b"}]}`: `groups[0]: there is no user`,
	} {
		if got := b.do(400, call("POST", "/__admin/seed", body)); !strings.Contains(got, want) {
			t.Errorf("%s: %s", body, got)
		}
		if users, groups := b.sim.Count(); users+groups != 0 {
			t.Fatalf("%s: %d users and %d groups are there", body, users, groups)
		}
	}
	b.do(201, call("POST", "/__admin/seed", `{"users":[{"userName":"ann"},{"userName":"bob"}],"groups":[{"displayName":"G"}]}`))
	ann, _ := b.sim.UserByName("ann")
	got := b.do(201, call("POST", "/__admin/seed", `{"groups":[{"displayName":"H","members":[{"type":"user","value":"`+ann.ID()+`"}]}]}`))
	if h := b.sim.GroupsByName("H"); len(h) != 1 || got != `{"groups":["`+h[0].ID()+`"],"users":[]}`+"\n" || h[0].Members()[0] != ann.ID() {
		t.Errorf("%s, %v", got, h)
	}
	if len(b.get("ledger"))+len(b.get("requests"))+len(b.get("violations")) != 0 {
		t.Error("a seed leaves traces")
	}
	if got := b.do(409, call("POST", "/__admin/seed", `{"users":[{"userName":"ANN"}]}`)); strings.Contains(got, "ANN") {
		t.Errorf("%s", got)
	}
}

// A token is in no record of a request, even if a client sends it in a wrong
// place too.
func TestNoTokenIsServed(t *testing.T) {
	const secret = "very-secret"
	b := newBench(t, webextest.Config{}, admin.Config{})
	for _, wrong := range []string{"Users/" + secret, "Users?filter=title+eq+%22" + secret + "%22", secret} {
		b.handler.ServeHTTP(nopWriter{}, call("GET", service+wrong, "", "Authorization", "Bearer "+secret))
	}
	b.handler.ServeHTTP(nopWriter{}, call("POST", service+"Bulk", `{"`+secret+`":1}`, "Authorization", "Bearer "+secret))
	if text := fmt.Sprint(b.get("requests"), b.get("violations")); strings.Contains(text, secret) ||
		!strings.Contains(text, "Users/***") || !strings.Contains(text, `unknown member "***"`) {
		t.Errorf("%s", text)
	}
}
