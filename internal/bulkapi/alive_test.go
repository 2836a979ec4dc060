package bulkapi

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const (
	scimError  = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","detail":"no"}`
	webexError = `{"message":"no","errors":[{"description":"no"}],"trackingId":"ROUTER_1"}`
	loginPage  = "<!DOCTYPE html><html><body>Sign in</body></html>"
)

// TestAliveAndKind: an answer is a sign of life if the service gave it, and a
// status means what it says only then.
func TestAliveAndKind(t *testing.T) {
	ops := mixed()
	for _, tt := range []struct {
		status int
		body   string
		want   Kind
		alive  bool
	}{
		{200, created(ops), Answered, true}, {400, created(ops), Answered, true}, {200, scimError, NoResponse, true},
		{200, ``, NoResponse, false}, {204, ``, NoResponse, false}, {200, loginPage, NoResponse, false}, {200, `{}`, NoResponse, false}, {200, `{"status":"up"}`, NoResponse, false},
		{200, created(ops)[:40], NoResponse, false}, {302, loginPage, Denied, false}, {302, ``, Denied, false},
		{400, scimError, Rejected, true}, {400, loginPage, Rejected, false}, {400, `{"message":"Bad Request"}`, Rejected, false}, {422, webexError, Rejected, true},
		{401, `{"error":"invalid_token","error_description":"expired"}`, Denied, true}, {401, loginPage, Denied, false},
		{403, scimError, Denied, true}, {403, webexError, Denied, true}, {403, ``, Denied, false}, {403, `{"errorCode":7}`, Denied, true},
		{403, `"` + strings.ReplaceAll(scimError, `"`, `\"`) + `"`, Denied, true}, {403, `{"error":"insufficient_scope"}`, Denied, true},
		{403, loginPage, Rejected, false}, {403, "Forbidden", Rejected, false}, {403, `"Forbidden"`, Rejected, false}, {403, `{"message":"Forbidden"}`, Rejected, false},
		{403, `{"status":403,"error":"Forbidden","path":"/"}`, Rejected, false}, {403, `{"support":"id 1234"}`, Rejected, false},
		{405, loginPage, Rejected, false}, {405, webexError, Denied, true}, {406, loginPage, Rejected, false}, {501, "no", Rejected, false},
		{403, `{"error":null,"message":"Forbidden"}`, Rejected, false}, {403, `{` + urn + `:{"errorCode":7}}`, Denied, true},
		{404, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404"}`, Denied, true},
		{404, webexError, Denied, true}, {404, loginPage, Denied, false}, {407, loginPage, Denied, false}, {511, loginPage, NoResponse, false}, {511, webexError, NoResponse, false},
		{413, loginPage, Rejected, false}, {414, loginPage, Denied, false}, {431, ``, Denied, false},
		{500, webexError, NoResponse, true}, {500, loginPage, NoResponse, false}, {500, ``, NoResponse, false}, {408, ``, NoResponse, false},
		{502, webexError, NoResponse, false}, {502, loginPage, NoResponse, false}, {504, scimError, NoResponse, false}, {504, ``, NoResponse, false},
		{429, ``, Waiting, true}, {423, webexError, Waiting, true}, {425, ``, Waiting, true}, {425, scimError, Waiting, true}, {503, ``, Waiting, true},
		{503, loginPage, Waiting, false}, {429, "slow down", Waiting, false},
	} {
		a := reading(tt.status, tt.body, ops, 0)
		if a.Kind != tt.want || a.Alive != tt.alive {
			t.Errorf("%d %.40s: %v, alive %v: %v", tt.status, tt.body, a.Kind, a.Alive, a.Err)
		}
		names := map[int]string{414: longURL, 431: longHeader}
		if name := names[tt.status]; name != "" && !strings.Contains(a.Err.Error(), name) {
			t.Errorf("%d: %v", tt.status, a.Err)
		}
		if tt.status == 403 && (a.Kind == Rejected) != strings.Contains(a.Err.Error(), "firewall") {
			t.Errorf("%d %.40s: %v", tt.status, tt.body, a.Err)
		}
	}
	b := newBench(t, "https://webex.example", func(c *Config) {
		c.HTTP = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			return answer(503, loginPage, "Retry-After", "0"), nil
		})}
	})
	if a := b.Send(t.Context(), ops, 0); !a.Alive || a.Kind != Waiting {
		t.Errorf("503 with a page and a Retry-After: %+v", a)
	}
}

// TestDate: when the service answered is told, whatever it answered.
func TestDate(t *testing.T) {
	const date = "Sat, 03 Feb 2001 04:05:06 GMT"
	want := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	for _, status := range []int{200, 400, 403} {
		b := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", date)
			w.WriteHeader(status)
			w.Write([]byte(`{"operations":[],"totalResults":1,"Resources":[{"id":"1","userName":"a"}]}`))
		})
		if a := b.Send(t.Context(), mixed(), 0); !a.Date.Equal(want) {
			t.Errorf("%d: %+v", status, a)
		}
		found, err := b.Find(t.Context(), "Users", []string{"a"})
		if le, ok := errors.AsType[*LookupError](err); ok && !le.Date.Equal(want) || !ok && !found[0].Date.Equal(want) {
			t.Errorf("%d: %v %v", status, found, err)
		}
	}
	if a := reading(200, `{"operations":[]}`, mixed(), 0); !a.Date.IsZero() {
		t.Errorf("%v", a.Date)
	}
}

// TestLookupAlive: a lookup that fails tells whether the service itself was
// heard during it.
func TestLookupAlive(t *testing.T) {
	type said struct {
		status int // 0: no answer
		body   string
	}
	const page = `{"totalResults":2,"Resources":[{"id":"1","userName":"a"}]}`
	for _, tt := range []struct {
		name    string
		answers []said // the last one stands for all that follow
		alive   bool
	}{
		{"none", []said{{}}, false},
		{"gateway", []said{{502, loginPage}}, false},
		{"login page", []said{{200, loginPage}}, false},
		{"other JSON", []said{{200, `{"status":"up"}`}}, false},
		{"the service's error", []said{{500, webexError}}, true},
		{"asked to wait before", []said{{503, ``}, {502, loginPage}}, true},
		{"a page before", []said{{200, page}, {502, loginPage}}, true},
		{"denied by the service", []said{{403, webexError}}, true},
		{"refused by a firewall", []said{{403, loginPage}}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			b := newBench(t, "https://webex.example", func(c *Config) {
				c.HTTP = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
					last := tt.answers[min(n, len(tt.answers)-1)]
					n++
					if last.status == 0 {
						return nil, errors.New("lost")
					}
					return answer(last.status, last.body), nil
				})}
			})
			_, err := b.Find(t.Context(), "Users", []string{"a"})
			if le, ok := errors.AsType[*LookupError](err); !ok || le.Alive != tt.alive {
				t.Errorf("%s: %#v", tt.name, err)
			}
		})
	}
}
