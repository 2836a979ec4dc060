package bulkapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
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
