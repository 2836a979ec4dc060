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

// script is a token source that gives one token after the other, and an error
// at "!".
func script(tokens ...string) (source func(context.Context, string) (string, error), refused *[]string) {
	refused = new([]string)
	n := 0
	return func(_ context.Context, r string) (string, error) {
		*refused = append(*refused, r)
		tok := tokens[min(n, len(tokens)-1)]
		n++
		if tok == "!" {
			return "", errors.New("no more tokens, not even " + r)
		}
		return tok, nil
	}, refused
}

// TestUnauthorized: a request refused for its token is sent once more with
// another one, and never a third time.
func TestUnauthorized(t *testing.T) {
	for _, tt := range []struct {
		name      string
		tokens    []string
		want      Kind
		requests  int
		asked     string // what the source was told, joined
		throttle  int    // answers that the throttle heard of
		unwrapped bool   // the source's error is in the chain
	}{
		{"good at once", []string{"good-1"}, Answered, 1, "", 1, false},
		{"fresh one", []string{"old-1", "good-1"}, Answered, 2, "|old-1", 2, false},
		{"the same again", []string{"old-1", "old-1"}, Denied, 1, "|old-1", 1, false},
		{"fresh one refused too", []string{"old-1", "old-2", "good-1"}, Denied, 2, "|old-1", 2, false},
		{"no fresh one", []string{"old-1", "!"}, Denied, 1, "|old-1", 1, true},
		{"none at all", []string{"!"}, Denied, 0, "", 0, true},
		{"empty", []string{""}, Denied, 0, "", 0, false},
		{"line break", []string{"old-1\n"}, Denied, 0, "", 0, false},
		{"blank inside", []string{"old-1 x"}, Denied, 0, "", 0, false},
		{"not ASCII", []string{"old-1é"}, Denied, 0, "", 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			source, refused := script(tt.tokens...)
			ops, requests := mixed(), 0
			b := serve(t, func(w http.ResponseWriter, r *http.Request) {
				requests++
				if tok := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); !strings.HasPrefix(tok, "good") {
					w.WriteHeader(401)
					w.Write([]byte(`{"error":"invalid_token","error_description":"` + tok + ` is over"}`))
					return
				}
				w.Write([]byte(created(ops)))
			}, func(c *Config) { c.Token = source })
			a := b.Send(t.Context(), ops, 0)
			if a.Kind != tt.want || requests != tt.requests || strings.Join(*refused, "|") != tt.asked {
				t.Errorf("%v after %d requests, source asked %q: %v", a.Kind, requests, *refused, a.Err)
			}
			if s := b.throttle.State(); s.Accepted != tt.throttle || s.InFlight != 0 || s.Dropped+s.Refused != 0 {
				t.Errorf("throttle %+v", s)
			}
			for _, text := range []string{b.logs.String(), errorText(a.Err)} {
				for _, tok := range tt.tokens {
					if len(tok) > 1 && strings.Contains(text, tok) {
						t.Errorf("%q is in %s", tok, text)
					}
				}
			}
			if tt.want == Denied && requests > 0 && a.Status != 401 {
				t.Errorf("status %d", a.Status)
			}
			if e, ok := errors.AsType[*Error](a.Err); ok && (e.ErrorCode != "invalid_token" || e.Details[0] != "… is over") {
				t.Errorf("%#v", e)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestCanceledToken: a job that is canceled while a token is fetched has sent
// nothing.
func TestCanceledToken(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request left") }, func(c *Config) {
		c.Token = func(ctx context.Context, _ string) (string, error) {
			cancel()
			<-ctx.Done()
			return "", ctx.Err()
		}
	})
	if a := b.Send(ctx, mixed(), 0); a.Kind != NotSent || !errors.Is(a.Err, context.Canceled) {
		t.Errorf("%+v", a)
	}
	b.cfg.Token = func(context.Context, string) (string, error) { return testToken, nil }
	if a := b.Send(ctx, mixed(), 0); a.Kind != NotSent || !errors.Is(a.Err, context.Canceled) {
		t.Errorf("%+v", a)
	}
	if s := b.throttle.State(); s.InFlight != 0 || s.Dropped != 0 {
		t.Errorf("throttle %+v", s)
	}
}

// TestNewRefusesBadConfig: what is refused, without quoting what may be secret.
func TestNewRefusesBadConfig(t *testing.T) {
	good := newBench(t, "https://webex.example/prefix").cfg
	for name, spoil := range map[string]func(*Config){
		"no server": func(c *Config) { c.Server = "" }, "scheme": func(c *Config) { c.Server = "ftp://h" },
		"user": func(c *Config) { c.Server = "https://u:" + testToken + "@h" }, "query": func(c *Config) { c.Server = "https://h?t=" + testToken },
		"fragment": func(c *Config) { c.Server = "https://h#" + testToken }, "host": func(c *Config) { c.Server = "https:///p" },
		"not a url": func(c *Config) { c.Server = "https://h:" + testToken }, "organization": func(c *Config) { c.OrgID = ".." },
		"organization missing": func(c *Config) { c.OrgID = "" }, "token": func(c *Config) { c.Token = nil }, "throttle": func(c *Config) { c.Throttle = nil },
	} {
		cfg := good
		spoil(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		} else {
			wantClean(t, name, err.Error())
		}
	}
	if _, err := New(Config{Server: "http://127.0.0.1:1", OrgID: testOrg, Token: good.Token, Throttle: good.Throttle}); err != nil {
		t.Errorf("the smallest Config: %v", err)
	}
}

// TestPrefixStaysInFront: a path in Server stays in front.
func TestPrefixStaysInFront(t *testing.T) {
	var path string
	b := newBench(t, "https://webex.example/pre/fix", func(c *Config) {
		c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			path = r.URL.Path
			return answer(500, ""), nil
		})}
	})
	b.Send(t.Context(), mixed(), 0)
	if want := "/pre/fix/identity/scim/" + testOrg + "/v2/Bulk"; path != want {
		t.Errorf("posted to %s, want %s", path, want)
	}
}

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
		"longer before": strings.Repeat("x", maxDetail-5) + token, "huge": strings.Repeat("x", (64<<10)/8) + token,
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
