package transport_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/webexscim/bulk/internal/transport"
	"github.com/webexscim/bulk/internal/transporttest"
)

// TestUnauthorized: a request refused for its token is sent once more with
// another one, and never a third time.
func TestUnauthorized(t *testing.T) {
	for _, tt := range []struct {
		name      string
		tokens    []string
		want      transport.Kind
		requests  int
		asked     string // what the source was told, joined
		throttle  int    // answers that the throttle heard of
		unwrapped bool   // the source's error is in the chain
	}{
		{"good at once", []string{"good-1"}, transport.Answered, 1, "", 1, false},
		{"fresh one", []string{"old-1", "good-1"}, transport.Answered, 2, "|old-1", 2, false},
		{"the same again", []string{"old-1", "old-1"}, transport.Denied, 1, "|old-1", 1, false},
		{"fresh one refused too", []string{"old-1", "old-2", "good-1"}, transport.Denied, 2, "|old-1", 2, false},
		{"no fresh one", []string{"old-1", "!"}, transport.Denied, 1, "|old-1", 1, true},
		{"none at all", []string{"!"}, transport.Denied, 0, "", 0, true},
		{"empty", []string{""}, transport.Denied, 0, "", 0, false},
		{"line break", []string{"old-1\n"}, transport.Denied, 0, "", 0, false},
		{"blank inside", []string{"old-1 x"}, transport.Denied, 0, "", 0, false},
		{"not ASCII", []string{"old-1é"}, transport.Denied, 0, "", 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			source, refused := transporttest.Script(tt.tokens...)
			requests := 0
			b := transporttest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
				requests++
				if tok := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "); !strings.HasPrefix(tok, "good") {
					w.WriteHeader(401)
					w.Write([]byte(`{"error":"invalid_token","error_description":"` + tok + ` is over"}`))
					return
				}
				w.Write([]byte(created))
			}, func(c *transport.Config) { c.Token = source })
			a := post(t.Context(), t.Context(), b)
			if a.Kind != tt.want || requests != tt.requests || strings.Join(*refused, "|") != tt.asked {
				t.Errorf("%v after %d requests, source asked %q: %v", a.Kind, requests, *refused, a.Err)
			}
			if s := b.Throttle.State(); s.Accepted != tt.throttle || s.InFlight != 0 || s.Dropped+s.Refused != 0 {
				t.Errorf("throttle %+v", s)
			}
			for _, text := range []string{b.Logs.String(), transporttest.ErrorText(a.Err)} {
				for _, tok := range tt.tokens {
					if len(tok) > 1 && strings.Contains(text, tok) {
						t.Errorf("%q is in %s", tok, text)
					}
				}
			}
			if tt.want == transport.Denied && requests > 0 && a.Status != 401 {
				t.Errorf("status %d", a.Status)
			}
			if e, ok := errors.AsType[*transport.Error](a.Err); ok && (e.ErrorCode != "invalid_token" || e.Details[0] != "… is over") {
				t.Errorf("%#v", e)
			}
		})
	}
}

// TestCanceledToken: a job that is canceled while a token is fetched has sent
// nothing.
func TestCanceledToken(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := transporttest.Serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request left") }, func(c *transport.Config) {
		c.Token = func(ctx context.Context, _ string) (string, error) {
			cancel()
			<-ctx.Done()
			return "", ctx.Err()
		}
	})
	for range 2 {
		if a := post(ctx, ctx, b); a.Kind != transport.NotSent || !errors.Is(a.Err, context.Canceled) {
			t.Errorf("%+v", a)
		}
	}
	if s := b.Throttle.State(); s.InFlight != 0 || s.Dropped != 0 {
		t.Errorf("throttle %+v", s)
	}
}

// TestPrefixStaysInFront: a path in Server stays in front.
func TestPrefixStaysInFront(t *testing.T) {
	var path string
	b := transporttest.New(t, "https://webex.example/pre/fix", func(c *transport.Config) {
		c.HTTP = &http.Client{Transport: transporttest.RoundTripper(func(r *http.Request) (*http.Response, error) {
			path = r.URL.Path
			return transporttest.Answer(500, ""), nil
		})}
	})
	post(t.Context(), t.Context(), b)
	if want := "/pre/fix/identity/scim/" + transporttest.Org + "/v2/Bulk"; path != want {
		t.Errorf("posted to %s, want %s", path, want)
	}
}

// TestTokenInABrokenAnswer: net/http quotes what it cannot read. The cause can
// be asked for, but nobody who prints a chain of errors meets it.
func TestTokenInABrokenAnswer(t *testing.T) {
	for _, text := range []string{
		transporttest.Token + "\r\n\r\n", "HTTP/1.1 2" + transporttest.Token + " OK\r\n\r\n", "HTTP/1.1 200 OK\r\n" + transporttest.Token + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: " + transporttest.Token + "\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + transporttest.Token + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + transporttest.Token + "\r\n\r\n",
	} {
		b := transporttest.New(t, listen(t, func(c *net.TCPConn, _ int) {
			readRequest(c)
			io.WriteString(c, text)
		}))
		a := post(t.Context(), t.Context(), b)
		if a.Kind != transport.NoResponse || errors.Is(a.Err, context.Canceled) {
			t.Errorf("%q: %v", text, a.Kind)
		}
		for err := a.Err; err != nil; err = errors.Unwrap(err) {
			if transporttest.Leaks(err.Error(), transporttest.Token) {
				t.Errorf("%q: %v", text, err)
			}
		}
		transporttest.WantClean(t, "log", b.Logs.String())
	}
}
