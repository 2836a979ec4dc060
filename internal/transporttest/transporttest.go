// Package transporttest helps to test what sends requests.
//
//	b := transporttest.Serve(t, handler)
//	found, err := lookup.Find(t.Context(), b.Client, "Users", names)
//	transporttest.WantClean(t, "log", b.Logs.String())
package transporttest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/webexscim/bulk/internal/location"
	"github.com/webexscim/bulk/internal/rawjson"
	"github.com/webexscim/bulk/internal/throttle"
	"github.com/webexscim/bulk/internal/transport"
)

// The organization of a Bench, another one, a token and a name that no text may
// show.
const (
	Org      = "3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01"
	OtherOrg = "11111111-2222-4333-8444-555555555555"
	Token    = "tok-NEVER-shown-1"
	Secret   = "ada.secret@example.com"
)

// Bodies of answers.
const (
	URN        = `"urn:scim:schemas:extension:cisco:webexidentity:api:messages:2.0:Error"`
	ScimError  = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","detail":"no"}`
	WebexError = `{"message":"no","errors":[{"description":"no"}],"trackingId":"ROUTER_1"}`
	LoginPage  = "<!DOCTYPE html><html><body>Sign in</body></html>"
)

// Bench is a Client in a test, with all that it touches.
type Bench struct {
	*transport.Client
	Config   transport.Config
	Throttle *throttle.Throttle
	Logs     *Log
}

// Log is a log that may be written from several goroutines.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String returns all that was logged, as JSON.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// New makes a Client for server whose waits are short. Each change is applied
// to its Config first.
func New(t testing.TB, server string, changes ...func(*transport.Config)) *Bench {
	t.Helper()
	b := &Bench{Logs: new(Log), Throttle: throttle.New(throttle.Config{Concurrency: 4, MaxWait: 1})}
	carrier := http.DefaultTransport.(*http.Transport).Clone()
	carrier.Proxy = nil
	t.Cleanup(carrier.CloseIdleConnections)
	b.Config = transport.Config{
		Server: server, OrgID: Org, Throttle: b.Throttle, HTTP: &http.Client{Transport: carrier}, UserAgent: "test/1",
		Token:  func(context.Context, string) (string, error) { return Token, nil },
		Logger: slog.New(slog.NewJSONHandler(b.Logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, change := range changes {
		change(&b.Config)
	}
	b.Client = transport.New(b.Config)
	return b
}

// Serve starts a server and makes a Client for it.
func Serve(t testing.TB, h http.HandlerFunc, changes ...func(*transport.Config)) *Bench {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return New(t, srv.URL, changes...)
}

// RoundTripper stands for the network.
type RoundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f RoundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Through is a change of a Config that puts f in the place of the network.
func Through(f RoundTripper) func(*transport.Config) {
	return func(c *transport.Config) { c.HTTP = &http.Client{Transport: f} }
}

// Answer is one that never saw a network. Its header is in canonical form, as
// the transports of net/http read it.
func Answer(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, ContentLength: -1, Body: io.NopCloser(strings.NewReader(body))}
}

// Script is a token source that gives one token after the other, and an error
// at "!". refused has the refused tokens that it was told.
func Script(tokens ...string) (source func(context.Context, string) (string, error), refused *[]string) {
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

// ErrorText is the text of an error, "" for nil.
func ErrorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// WantClean fails when anything that must stay inside is in a text.
func WantClean(t testing.TB, where, text string) {
	t.Helper()
	for _, s := range []string{Token, Secret, strings.ToUpper(Secret), "Secret Service"} {
		if strings.Contains(text, s) {
			t.Errorf("%s holds %q: %s", where, s, text)
		}
	}
}

// Echoes are the forms in which a service, or what stands before it, repeats a
// token.
func Echoes(token string) map[string]string {
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
		"longer before": strings.Repeat("x", (4<<10)-5) + token, "huge": strings.Repeat("x", (64<<10)/8) + token,
		"apart": token[:3] + "\u00a0" + token[3:],
	}
}

// Leaks reports whether a text holds the beginning of the token, or the middle
// of it as base64 has it.
func Leaks(text, token string) bool {
	for name, echo := range Echoes(token) {
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

// Quoted is s as a JSON string.
func Quoted(s string) string { return string(rawjson.AppendText(nil, s)) }

// Packed is gzip of head, then a text many times, then tail. A gzip file may
// have several members, so that the block is compressed only once.
func Packed(t testing.TB, head, text string, times int, tail string) string {
	member := func(text string) string {
		var b strings.Builder
		z := gzip.NewWriter(&b)
		_, err := io.WriteString(z, text)
		if err := errors.Join(err, z.Close()); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	return member(head) + strings.Repeat(member(strings.Repeat(text, 1000)), times/1000) + member(tail)
}

// Bombs are answers that are small on the way and large in memory, compressed
// with gzip.
func Bombs(t testing.TB) map[string]string {
	const many = 700_000
	return map[string]string{
		"objects": Packed(t, `{"operations":[`, `{},`, many, `{}]}`), "nulls": Packed(t, `{"operations":[`, `null,`, many, `null]}`),
		"resources": Packed(t, `{"totalResults":1,"Resources":[`, `{},`, many, `{}]}`), "depth": Packed(t, `{"operations":`, `[`, many, ``),
		"members": Packed(t, `{"operations":[],"x":{`, `"a":1,`, many, `"a":1}}`), "a text": Packed(t, `{"operations":[],"x":"`, `xxxxxxxxxx`, many, `"}`),
		"entries": Packed(t, `{"totalResults":1,"operations":[],"Resources":[`, `0,`, 2*transport.MaxEntries, `0]}`),
		"errors":  Packed(t, `{"detail":[`, `"a",`, many, `"a"]}`), "an error in a text": Packed(t, `"[`, `{},`, many, `{}]"`),
	}
}
