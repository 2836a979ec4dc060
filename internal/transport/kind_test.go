package transport_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/webexscim/bulk/internal/transport"
	"github.com/webexscim/bulk/internal/transporttest"
)

// TestAliveAndKind: an answer is a sign of life if the service gave it, and a
// status means what it says only then.
func TestAliveAndKind(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		want   transport.Kind
		alive  bool
	}{
		{200, created, transport.Answered, true}, {200, transporttest.ScimError, transport.NoResponse, true},
		{200, ``, transport.NoResponse, false}, {204, ``, transport.NoResponse, false}, {200, transporttest.LoginPage, transport.NoResponse, false}, {200, `{}`, transport.NoResponse, false}, {200, `{"status":"up"}`, transport.NoResponse, false},
		{200, created[:40], transport.NoResponse, false}, {302, transporttest.LoginPage, transport.Denied, false}, {302, ``, transport.Denied, false},
		{400, transporttest.ScimError, transport.Rejected, true}, {400, transporttest.LoginPage, transport.Rejected, false}, {400, `{"message":"Bad Request"}`, transport.Rejected, false}, {422, transporttest.WebexError, transport.Rejected, true},
		{401, `{"error":"invalid_token","error_description":"expired"}`, transport.Denied, true}, {401, transporttest.LoginPage, transport.Denied, false},
		{403, transporttest.ScimError, transport.Denied, true}, {403, transporttest.WebexError, transport.Denied, true}, {403, ``, transport.Denied, false}, {403, `{"errorCode":7}`, transport.Denied, true},
		{403, `"` + strings.ReplaceAll(transporttest.ScimError, `"`, `\"`) + `"`, transport.Denied, true}, {403, `{"error":"insufficient_scope"}`, transport.Denied, true},
		{403, transporttest.LoginPage, transport.Rejected, false}, {403, "Forbidden", transport.Rejected, false}, {403, `"Forbidden"`, transport.Rejected, false}, {403, `{"message":"Forbidden"}`, transport.Rejected, false},
		{403, `{"status":403,"error":"Forbidden","path":"/"}`, transport.Rejected, false}, {403, `{"support":"id 1234"}`, transport.Rejected, false},
		{405, transporttest.LoginPage, transport.Rejected, false}, {405, transporttest.WebexError, transport.Denied, true}, {406, transporttest.LoginPage, transport.Rejected, false}, {501, "no", transport.Rejected, false},
		{403, `{"error":null,"message":"Forbidden"}`, transport.Rejected, false}, {403, `{` + transporttest.URN + `:{"errorCode":7}}`, transport.Denied, true},
		{404, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404"}`, transport.Denied, true},
		{404, transporttest.WebexError, transport.Denied, true}, {404, transporttest.LoginPage, transport.Waiting, false}, {407, transporttest.LoginPage, transport.Denied, false}, {511, transporttest.LoginPage, transport.NoResponse, false}, {511, transporttest.WebexError, transport.NoResponse, false},
		{413, transporttest.LoginPage, transport.Rejected, false}, {414, transporttest.LoginPage, transport.Denied, false}, {431, ``, transport.Denied, false},
		{500, transporttest.WebexError, transport.NoResponse, true}, {500, transporttest.LoginPage, transport.NoResponse, false}, {500, ``, transport.NoResponse, false}, {408, ``, transport.NoResponse, false},
		{502, transporttest.WebexError, transport.NoResponse, false}, {502, transporttest.LoginPage, transport.NoResponse, false}, {504, transporttest.ScimError, transport.NoResponse, false}, {504, ``, transport.NoResponse, false},
		{429, ``, transport.Waiting, true}, {423, transporttest.WebexError, transport.Waiting, true}, {425, ``, transport.Waiting, true}, {425, transporttest.ScimError, transport.Waiting, true}, {503, ``, transport.Waiting, true},
		{503, transporttest.LoginPage, transport.Waiting, false}, {429, "slow down", transport.Waiting, false},
	} {
		b := transporttest.New(t, "https://webex.example", transporttest.Through(func(*http.Request) (*http.Response, error) {
			return transporttest.Answer(tt.status, tt.body), nil
		}))
		a := post(t.Context(), t.Context(), b)
		if a.Kind != tt.want || a.Alive != tt.alive {
			t.Errorf("%d %.40s: %v, alive %v: %v", tt.status, tt.body, a.Kind, a.Alive, a.Err)
		}
		names := map[int]string{414: "the url of the request is too long", 431: "the headers of the request"}
		if name := names[tt.status]; name != "" && !strings.Contains(a.Err.Error(), name) {
			t.Errorf("%d: %v", tt.status, a.Err)
		}
		if tt.status == 403 && (a.Kind == transport.Rejected) != strings.Contains(a.Err.Error(), "firewall") {
			t.Errorf("%d %.40s: %v", tt.status, tt.body, a.Err)
		}
	}
	b := transporttest.New(t, "https://webex.example", transporttest.Through(func(*http.Request) (*http.Response, error) {
		return transporttest.Answer(503, transporttest.LoginPage, "Retry-After", "0"), nil
	}))
	if a := post(t.Context(), t.Context(), b); !a.Alive || a.Kind != transport.Waiting {
		t.Errorf("503 with a page and a Retry-After: %+v", a)
	}
}
