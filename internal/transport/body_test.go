package transport_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/internal/transport"
	"github.com/webexscim/bulk/internal/transporttest"
)

// TestGzip: an answer may be compressed, and its bound counts after
// decompression.
func TestGzip(t *testing.T) {
	answered := func(max int64) transport.Answer {
		b := transporttest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				t.Error("gzip is not asked for")
			}
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			io.WriteString(z, created+strings.Repeat(" ", 1<<16))
			z.Close()
		})
		b.SetMaxAnswer(max)
		return post(t.Context(), t.Context(), b)
	}
	if a := answered(transport.MaxAnswer); a.Kind != transport.Answered {
		t.Errorf("%+v", a)
	}
	if a := answered(1 << 16); a.Kind != transport.NoResponse || !errors.Is(a.Err, transport.ErrTooLong) || !strings.Contains(a.Err.Error(), transport.ErrTooLong.Error()) {
		t.Errorf("%+v", a)
	}
}

// TestEncodings: what cannot be read is said to be that, and not taken for what
// it looks like.
func TestEncodings(t *testing.T) {
	encoded := transport.ErrEncoding.Error()
	plain, zipped := created, transporttest.Packed(t, created, "", 0, "")
	for _, tt := range []struct {
		status         int
		encoding, body string
		want           transport.Kind
		text           string
	}{
		{200, "x-gzip", zipped, transport.Answered, ""}, {200, "X-GZIP", zipped, transport.Answered, ""}, {200, "gzip", zipped, transport.Answered, ""}, {200, "identity", plain, transport.Answered, ""},
		{200, "", plain, transport.Answered, ""}, {200, "br", plain, transport.NoResponse, "not asked for: br"}, {200, "zstd", plain, transport.NoResponse, encoded}, {400, "deflate", plain, transport.NoResponse, encoded},
		{200, "gzip, gzip", zipped, transport.NoResponse, encoded}, {200, transporttest.Token, plain, transport.NoResponse, encoded}, {200, "x-gzip", plain, transport.NoResponse, transport.ErrBreaksOff.Error()},
		{403, "br", "x", transport.Denied, ""}, {503, "br", "x", transport.Waiting, ""}, {413, "br", "x", transport.Rejected, ""},
	} {
		b := transporttest.New(t, "https://webex.example", func(c *transport.Config) {
			c.HTTP = &http.Client{Transport: transporttest.RoundTripper(func(*http.Request) (*http.Response, error) {
				return transporttest.Answer(tt.status, tt.body, "Content-Encoding", tt.encoding), nil
			})}
		})
		a := post(t.Context(), t.Context(), b)
		if a.Kind != tt.want || !strings.Contains(transporttest.ErrorText(a.Err), tt.text) || tt.text == encoded && !errors.Is(a.Err, transport.ErrEncoding) {
			t.Errorf("%d %s: %v %v", tt.status, tt.encoding, a.Kind, a.Err)
		}
		transporttest.WantClean(t, tt.encoding, transporttest.ErrorText(a.Err)+b.Logs.String())
		if s := b.Throttle.State(); tt.text == encoded && s.Dropped > 0 {
			t.Errorf("%s: throttle %+v", tt.encoding, s)
		}
	}
}

// TestMaxAnswer: an answer at its bound is read, one byte more is not, and an
// endless one ends.
func TestMaxAnswer(t *testing.T) {
	body := created
	for _, tt := range []struct {
		status int
		max    int64
		want   transport.Kind
	}{{200, int64(len(body)), transport.Answered}, {200, int64(len(body)) - 1, transport.NoResponse}, {400, 10, transport.NoResponse}, {413, 10, transport.Rejected}, {403, 10, transport.Denied}, {429, 10, transport.Waiting}} {
		b := transporttest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(tt.status)
			io.WriteString(w, body)
		})
		b.SetMaxAnswer(tt.max)
		if a := post(t.Context(), t.Context(), b); a.Kind != tt.want {
			t.Errorf("%+v: %+v", tt, a)
		}
		if s := b.Throttle.State(); s.Dropped != 0 {
			t.Errorf("%+v: throttle %+v", tt, s)
		}
	}
	b := transporttest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	})
	b.SetMaxAnswer(1 << 20)
	if a := post(t.Context(), t.Context(), b); a.Kind != transport.NoResponse {
		t.Errorf("%+v", a)
	}
}

// TestTimeout: each request has its own time, in which waiting at the throttle
// and taking a token are not counted; what it did is not known then, with a
// transport that tells nothing.
func TestTimeout(t *testing.T) {
	for _, stage := range []string{"header", "body"} {
		synctest.Test(t, func(t *testing.T) {
			var began time.Time
			b := transporttest.New(t, "https://webex.example", func(c *transport.Config) {
				c.Timeout = 30 * time.Second
				c.Token = func(context.Context, string) (string, error) {
					time.Sleep(20 * time.Second)
					return transporttest.Token, nil
				}
				c.HTTP = &http.Client{Timeout: time.Second, Transport: transporttest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					began = time.Now()
					if stage == "body" {
						resp := transporttest.Answer(200, "")
						resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"operations":[`), blocked{r.Context()}))
						return resp, nil
					}
					<-r.Context().Done()
					return nil, r.Context().Err()
				})}
			})
			holdThrottle(t, b, time.Hour)
			a := post(t.Context(), t.Context(), b)
			if took := time.Since(began); took != 30*time.Second {
				t.Errorf("%s: ended after %s", stage, took)
			}
			if a.Kind != transport.NoResponse || !errors.Is(a.Err, context.DeadlineExceeded) ||
				stage == "header" && a.Err.Error() != "no answer within 30s" {
				t.Errorf("%s: %v %v", stage, a.Kind, a.Err)
			}
			if s := b.Throttle.State(); s.Dropped != 1 || s.InFlight != 0 {
				t.Errorf("%s: throttle %+v", stage, s)
			}
		})
	}
}

// holdThrottle fills the throttle for a time.
func holdThrottle(t *testing.T, b *transporttest.Bench, d time.Duration) {
	for range 4 {
		pass, err := b.Throttle.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(d, pass.Unused)
	}
}

// blocked is a body that comes no further until its request ends.
type blocked struct{ ctx context.Context }

func (b blocked) Read([]byte) (int, error) {
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}

// TestFlightOutlivesContext: when ctx ends no request leaves any more, but what
// is under way may be answered as long as flight lasts.
func TestFlightOutlivesContext(t *testing.T) {
	for _, tt := range []struct {
		name              string
		cancel, cut       time.Duration // when ctx and flight end
		want              transport.Kind
		requests          int
		after             time.Duration
		throttleForgotten bool // the throttle hears nothing of the request
	}{
		{"canceled, answered in time", time.Second, time.Minute, transport.Answered, 1, 10 * time.Second, false},
		{"canceled, cut", time.Second, 5 * time.Second, transport.NoResponse, 1, 5 * time.Second, true},
		{"canceled before", 0, time.Minute, transport.NotSent, 0, 0, true},
		{"cut before", time.Minute, 0, transport.NotSent, 0, 0, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			requests := 0
			b := transporttest.New(t, "https://webex.example", func(c *transport.Config) {
				c.HTTP = &http.Client{Transport: transporttest.RoundTripper(func(r *http.Request) (*http.Response, error) {
					requests++
					select {
					case <-time.After(10 * time.Second):
						return transporttest.Answer(200, created), nil
					case <-r.Context().Done():
						return nil, r.Context().Err()
					}
				})}
			})
			ctx, cancel := context.WithTimeout(t.Context(), tt.cancel)
			defer cancel()
			flight, cut := context.WithTimeout(t.Context(), tt.cut)
			defer cut()
			began := time.Now()
			a := post(ctx, flight, b)
			if a.Kind != tt.want || requests != tt.requests || time.Since(began) != tt.after {
				t.Errorf("%s: %v (%v) after %d requests and %s", tt.name, a.Kind, a.Err, requests, time.Since(began))
			}
			if strings.Contains(transporttest.ErrorText(a.Err), "no answer within") {
				t.Errorf("%s: %v", tt.name, a.Err)
			}
			if s := b.Throttle.State(); s.InFlight != 0 || (s.Accepted+s.Dropped+s.Refused == 0) != tt.throttleForgotten {
				t.Errorf("%s: throttle %+v", tt.name, s)
			}
		})
	}
}

// TestBoundOfCompressedAnswers: an answer that is small on the way ends at a
// bound, whatever it is made of.
func TestBoundOfCompressedAnswers(t *testing.T) {
	bombs := transporttest.Bombs(t)
	for _, name := range []string{"a text", "objects", "depth"} { // each bound; bulkapi has the others
		body := bombs[name]
		b := transporttest.New(t, "https://webex.example", transporttest.Through(func(*http.Request) (*http.Response, error) {
			return transporttest.Answer(200, body, "Content-Encoding", "x-gzip"), nil
		}))
		b.SetMaxAnswer(5 << 20)
		if a := post(t.Context(), t.Context(), b); a.Kind != transport.NoResponse {
			t.Errorf("%s: %v %v", name, a.Kind, a.Err)
		}
	}
}
