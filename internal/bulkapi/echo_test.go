package bulkapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/webexscim/bulk/internal/location"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/internal/rawjson"
)

// echoes are the forms in which a service, or what stands before it, repeats a
// token.
func echoes(token string) map[string]string {
	escaped := ""
	for i := range len(token) {
		escaped += fmt.Sprintf("%%%02x", token[i])
	}
	return map[string]string{
		"plain": token, "bearer": "Bearer " + token, "upper case": strings.ToUpper(token), "in a url": url.QueryEscape(token),
		"escaped whole": escaped, "escaped twice": url.QueryEscape(escaped), "beside a broken escape": "%zz" + escaped + "%",
		"basic":        "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+token)),
		"basic, after": base64.StdEncoding.EncodeToString([]byte(token + ":")), "base64": base64.URLEncoding.EncodeToString([]byte("7" + token + "!!")),
		"long after": token + strings.Repeat("x", 1000), "long before": strings.Repeat("x", 123) + token,
		"longer before": strings.Repeat("x", maxDetail-5) + token, "huge": strings.Repeat("x", largestMasked/8) + token,
		"apart": token[:3] + "\u00a0" + token[3:],
	}
}

// leaks reports whether a text holds the beginning of the token, or the middle
// of it as base64 has it.
func leaks(text, token string) bool {
	for name, echo := range echoes(token) {
		if strings.HasPrefix(name, "bas") {
			echo = strings.TrimPrefix(echo, "Basic ")
			if strings.Contains(text, echo[8:len(echo)-8]) {
				return true
			}
		}
	}
	for range 3 {
		if strings.Contains(strings.ToLower(text), strings.ToLower(token[:5])) {
			return true
		}
		text = location.Unescape(text)
	}
	return false
}

// TestTokenIsEchoed holds that the token is removed from an answer that repeats
// it in any member or header, in any form.
func TestTokenIsEchoed(t *testing.T) {
	tokens := []string{testToken, "a+b/c=d%2Fe~f-0123456789", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.c2lnbmF0dXJl"}
	if raced.On {
		tokens = tokens[1:2]
	}
	for _, token := range tokens {
		for name, echo := range echoes(token) {
			e, _ := json.Marshal(echo)
			said := fmt.Sprintf(`"schemas":[%[1]s],"status":"400","scimType":%[1]s,"detail":%[1]s,"details":[%[1]s,{"message":%[1]s,"errorCode":%[1]s}],
				"errorCode":%[1]s,"trackingId":%[1]s,"message":%[1]s,"error":%[1]s,"error_description":%[1]s,%[1]s:1`, e)
			said = "{" + said + `,` + urn + ":{" + said + "}}"
			list := fmt.Sprintf(`{"schemas":[%[1]s],"trackingId":%[1]s,"operations":[
				{"bulkId":"u1","method":%[1]s,"location":%[2]s,"version":%[1]s,"status":"201","response":%[1]s,%[1]s:%[1]s},
				{"bulkId":"g1","location":%[1]s,"version":%[1]s,"status":"400","response":%[3]s},
				{"bulkId":%[1]s,"location":%[1]s,"status":%[1]s},{"bulkId":"d1","status":"404","response":%[1]s}]}`, e, quoted("https://h/v2/Users/"+echo), said)
			if !json.Valid([]byte(said)) || !json.Valid([]byte(list)) {
				t.Fatal("no JSON: ", said, list)
			}
			for _, said := range []struct {
				status int
				body   string
			}{{200, list}, {400, list}, {400, said}, {401, said}, {403, ""}, {429, string(e)}, {500, said}, {200, "{"}} {
				text := everything(t, token, echo, said.status, said.body)
				if leaks(text, token) {
					t.Errorf("%s, %d: %s", name, said.status, text[:min(len(text), 2000)])
				}
			}
		}
	}
}

// everything is all that is kept, and logged, of an answer whose headers say
// what its body says.
func everything(t *testing.T, token, echo string, status int, body string) string {
	b := newBench(t, "https://webex.example", func(c *Config) {
		c.Token = func(context.Context, string) (string, error) { return token, nil }
		c.HTTP = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			return answer(status, body, "Trackingid", echo, "Retry-After", "0", "Location", echo, "WWW-Authenticate", echo), nil
		})}
	})
	a := b.Send(t.Context(), mixed(), 0)
	text := fmt.Sprintf("%+v", a)
	for _, it := range a.Items {
		text += fmt.Sprintf(" %+v %#v", it, it.Err)
	}
	for err := a.Err; err != nil; err = errors.Unwrap(err) {
		text += fmt.Sprintf(" %v %#v", err, err)
	}
	return text + b.logs.String()
}

// TestLocationWithoutToken: of a location that holds the token what tells the
// resource is kept, if it does not.
func TestLocationWithoutToken(t *testing.T) {
	f, escaped := newTokenForms(testToken), strings.ReplaceAll(testToken, "-", "%2d")
	for text, want := range map[string]string{
		"https://h/v2/Users/7":                                 "https://h/v2/Users/7",
		"https://h/v2/Users/7?access_token=" + testToken:       "/Users/7",
		"https://h/v2/Users/7/#" + escaped:                     "/Users/7",
		"https://x:" + testToken + "@h/scim/o/v2/Groups/a%20b": "/Groups/a%20b",
		"https://h/" + escaped + "/v2/Users/7":                 "/Users/7",
		"https://h/v2/Users/" + testToken:                      "",
		"https://h/v2/" + testToken + "/7":                     "",
		"https://h/v2/Users/" + escaped + "/":                  "",
		testToken:                                              "", "/" + testToken: "", "": "",
	} {
		if got := f.location(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// TestFoundWithoutToken: nor does what a lookup finds hold the token.
func TestFoundWithoutToken(t *testing.T) {
	for name, echo := range echoes(testToken) {
		b := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("TrackingID", url.QueryEscape(echo))
			fmt.Fprintf(w, `{"totalResults":2,"Resources":[{"id":"7","userName":"a","meta":{"location":%s,"version":%s}},{"id":%[2]s,"userName":"b"}]}`,
				quoted("https://h/v2/Users/7?t="+echo), quoted(echo))
		})
		found, err := b.Find(t.Context(), "Users", []string{"a", "b"})
		if err != nil || len(found) != 2 || found[0].ID != "7" || leaks(fmt.Sprintf("%+v", found)+b.logs.String(), testToken) {
			t.Errorf("%s: %+v, %v, %s", name, found, err, b.logs)
		}
	}
}

// TestLargeTextWithToken: a large text is not searched for the token's place.
func TestLargeTextWithToken(t *testing.T) {
	f, large := newTokenForms(testToken), strings.Repeat("x", largestMasked)
	if f.mask(large+testToken) != hidden || f.mask(large+"x") != large+"x" {
		t.Error("not hidden whole, or without a reason")
	}
}

// TestShortToken: what is in every text is not looked for.
func TestShortToken(t *testing.T) {
	if f := newTokenForms("ab"); f.in("ab") || f.mask("ab") != "ab" || f.location("/Users/ab") != "/Users/ab" {
		t.Error("a token of two characters")
	}
}

func quoted(s string) string { return string(rawjson.AppendText(nil, s)) }

// TestTokenInABrokenAnswer: net/http quotes what it cannot read. The cause can
// be asked for, but nobody who prints a chain of errors meets it.
func TestTokenInABrokenAnswer(t *testing.T) {
	for _, text := range []string{
		testToken + "\r\n\r\n", "HTTP/1.1 2" + testToken + " OK\r\n\r\n", "HTTP/1.1 200 OK\r\n" + testToken + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: " + testToken + "\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + testToken + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + testToken + "\r\n\r\n",
	} {
		b := newBench(t, listen(t, func(c *net.TCPConn, _ int) {
			readRequest(c)
			io.WriteString(c, text)
		}))
		a := b.Send(t.Context(), mixed(), 0)
		if a.Kind != NoResponse || errors.Is(a.Err, context.Canceled) {
			t.Errorf("%q: %v", text, a.Kind)
		}
		for err := a.Err; err != nil; err = errors.Unwrap(err) {
			if leaks(err.Error(), testToken) {
				t.Errorf("%q: %v", text, err)
			}
		}
		wantClean(t, "log", b.logs.String())
	}
}
