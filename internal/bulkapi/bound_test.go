package bulkapi

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/internal/raced"
)

// TestGzip: an answer may be compressed, and its bound counts after
// decompression.
func TestGzip(t *testing.T) {
	send := func(ops []Operation, max int64) Answer {
		b := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				t.Error("gzip is not asked for")
			}
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			io.WriteString(z, created(ops)+strings.Repeat(" ", 1<<16))
			z.Close()
		})
		b.maxAnswer = max
		return b.Send(t.Context(), ops, 0)
	}
	ops := manyOps(3)
	if a := send(ops, maxAnswer); a.Kind != Answered || a.Items[2].Status != 201 {
		t.Errorf("%+v", a)
	}
	if a := send(ops, 1<<16); a.Kind != NoResponse || !errors.Is(a.Err, errTooLong) || !strings.Contains(a.Err.Error(), errTooLong.Error()) {
		t.Errorf("%+v", a)
	}
}

// packed is gzip of head, then a text many times, then tail. A gzip file may
// have several members, so that the block is compressed only once.
func packed(t testing.TB, head, text string, times int, tail string) string {
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

// TestBoundOfCompressedAnswers: an answer that is small on the way ends at a
// bound, whatever it is made of, before it takes much memory.
func TestBoundOfCompressedAnswers(t *testing.T) {
	const many = 700_000
	statuses := []int{200, 400}[:raced.Fewer(1, 2)]
	for name, body := range map[string]string{
		"objects": packed(t, `{"operations":[`, `{},`, many, `{}]}`), "nulls": packed(t, `{"operations":[`, `null,`, many, `null]}`),
		"resources": packed(t, `{"totalResults":1,"Resources":[`, `{},`, many, `{}]}`), "depth": packed(t, `{"operations":`, `[`, many, ``),
		"members": packed(t, `{"operations":[],"x":{`, `"a":1,`, many, `"a":1}}`), "a text": packed(t, `{"operations":[],"x":"`, `xxxxxxxxxx`, many, `"}`),
		"entries": packed(t, `{"totalResults":1,"operations":[],"Resources":[`, `0,`, 2*maxEntries, `0]}`),
		"errors":  packed(t, `{"detail":[`, `"a",`, many, `"a"]}`), "an error in a text": packed(t, `"[`, `{},`, many, `{}]"`),
	} {
		for _, status := range statuses {
			b := newBench(t, "https://webex.example", func(c *Config) {
				c.HTTP = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
					return answer(status, body, "Content-Encoding", "x-gzip"), nil
				})}
			})
			b.maxAnswer = 5 << 20
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			a := b.Send(t.Context(), mixed(), 0)
			runtime.ReadMemStats(&after)
			if n := (after.TotalAlloc - before.TotalAlloc) >> 20; n > 60 {
				t.Errorf("%s, %d: %d MiB", name, status, n)
			}
			if status == 200 && a.Kind != NoResponse && name != "entries" || status == 400 && a.Kind == Answered {
				t.Errorf("%s, %d: %v %v", name, status, a.Kind, a.Err)
			}
			if name != "resources" && name != "entries" || status != 200 {
				continue
			}
			synctest.Test(t, func(t *testing.T) {
				if _, err := b.Find(t.Context(), "Users", []string{"a"}); err == nil {
					t.Errorf("%s: found", name)
				}
			})
		}
	}
}

// TestManyEntries: a list has a bound of its own.
func TestManyEntries(t *testing.T) {
	list := strings.TrimSuffix(strings.Repeat(`{"bulkId":"u1","status":"201"},`, maxEntries), ",")
	if a := reading(200, `{"operations":[`+list+`]}`, mixed(), 0); a.Kind != Answered || a.Items[0].Status != 201 {
		t.Errorf("%v %v", a.Kind, a.Err)
	}
	if a := reading(200, `{"operations":[null,`+list+`]}`, mixed(), 0); a.Kind != NoResponse {
		t.Errorf("%v", a.Kind)
	}
}

// TestCounter: texts hold no values, whatever they look like, and what is at
// its bound passes.
func TestCounter(t *testing.T) {
	for text, want := range map[string][2]int{
		`{"a":"{[,\"{","b":[1,2]}`: {4, 0}, `["\\",{}]`: {3, 0}, `[[[`: {3, 3}, `"` + strings.Repeat("[,", maxValues): {0, 0},
		strings.Repeat("[", maxDepth): {maxDepth, maxDepth}, strings.Repeat("[],", maxValues/2): {maxValues, 0},
	} {
		c := &counter{in: iotest.OneByteReader(strings.NewReader(text))}
		if _, err := io.Copy(io.Discard, c); err != nil || c.values != want[0] || c.depth != want[1] {
			t.Errorf("%.20s: %d values, depth %d, %v", text, c.values, c.depth, err)
		}
	}
	for _, text := range []string{strings.Repeat("[", maxDepth+1), strings.Repeat(",", maxValues+1)} {
		if _, err := io.Copy(io.Discard, &counter{in: strings.NewReader(text)}); !errors.Is(err, errTooLong) {
			t.Errorf("%.20s: %v", text, err)
		}
	}
}

// TestEncodings: what cannot be read is said to be that, and not taken for what
// it looks like.
func TestEncodings(t *testing.T) {
	ops := manyOps(2)
	encoded := errEncoding.Error()
	plain, zipped := created(ops), packed(t, created(ops), "", 0, "")
	for _, tt := range []struct {
		status         int
		encoding, body string
		want           Kind
		text           string
	}{
		{200, "x-gzip", zipped, Answered, ""}, {200, "X-GZIP", zipped, Answered, ""}, {200, "gzip", zipped, Answered, ""}, {200, "identity", plain, Answered, ""},
		{200, "", plain, Answered, ""}, {200, "br", plain, NoResponse, "not asked for: br"}, {200, "zstd", plain, NoResponse, encoded}, {400, "deflate", plain, NoResponse, encoded},
		{200, "gzip, gzip", zipped, NoResponse, encoded}, {200, testToken, plain, NoResponse, encoded}, {200, "x-gzip", plain, NoResponse, breaksOff},
		{403, "br", "x", Denied, ""}, {503, "br", "x", Waiting, ""}, {413, "br", "x", Rejected, ""},
	} {
		b := newBench(t, "https://webex.example", func(c *Config) {
			c.HTTP = &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
				return answer(tt.status, tt.body, "Content-Encoding", tt.encoding), nil
			})}
		})
		a := b.Send(t.Context(), ops, 0)
		if a.Kind != tt.want || !strings.Contains(errorText(a.Err), tt.text) || tt.text == encoded && !errors.Is(a.Err, errEncoding) {
			t.Errorf("%d %s: %v %v", tt.status, tt.encoding, a.Kind, a.Err)
		}
		wantClean(t, tt.encoding, errorText(a.Err)+b.logs.String())
		if s := b.throttle.State(); tt.text == encoded && s.Dropped > 0 {
			t.Errorf("%s: throttle %+v", tt.encoding, s)
		}
	}
}

// TestMaxAnswer: an answer at its bound is read, one byte more is not, and an
// endless one ends.
func TestMaxAnswer(t *testing.T) {
	ops := manyOps(2)
	body := created(ops)
	for _, tt := range []struct {
		status int
		max    int64
		want   Kind
	}{{200, int64(len(body)), Answered}, {200, int64(len(body)) - 1, NoResponse}, {400, 10, NoResponse}, {413, 10, Rejected}, {403, 10, Denied}, {429, 10, Waiting}} {
		b := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(tt.status)
			io.WriteString(w, body)
		})
		b.maxAnswer = tt.max
		if a := b.Send(t.Context(), ops, 0); a.Kind != tt.want {
			t.Errorf("%+v: %+v", tt, a)
		}
		if s := b.throttle.State(); s.Dropped != 0 {
			t.Errorf("%+v: throttle %+v", tt, s)
		}
	}
	b := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	})
	b.maxAnswer = 1 << 20
	if a := b.Send(t.Context(), ops, 0); a.Kind != NoResponse {
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
			b := newBench(t, "https://webex.example", func(c *Config) {
				c.Timeout = 30 * time.Second
				c.Token = func(context.Context, string) (string, error) {
					time.Sleep(20 * time.Second)
					return testToken, nil
				}
				c.HTTP = &http.Client{Timeout: time.Second, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					began = time.Now()
					if stage == "body" {
						resp := answer(200, "")
						resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"operations":[`), blocked{r.Context()}))
						return resp, nil
					}
					<-r.Context().Done()
					return nil, r.Context().Err()
				})}
			})
			holdThrottle(t, b, time.Hour)
			a := b.Send(t.Context(), mixed(), 0)
			if took := time.Since(began); took != 30*time.Second {
				t.Errorf("%s: ended after %s", stage, took)
			}
			if a.Kind != NoResponse || !errors.Is(a.Err, context.DeadlineExceeded) ||
				stage == "header" && a.Err.Error() != "no answer within 30s" {
				t.Errorf("%s: %v %v", stage, a.Kind, a.Err)
			}
			if s := b.throttle.State(); s.Dropped != 1 || s.InFlight != 0 {
				t.Errorf("%s: throttle %+v", stage, s)
			}
		})
	}
}

// holdThrottle fills the throttle for a time.
func holdThrottle(t *testing.T, b *bench, d time.Duration) {
	for range 4 {
		pass, err := b.throttle.Enter(t.Context())
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
	ops := manyOps(2)
	for _, tt := range []struct {
		name              string
		cancel, cut       time.Duration // when ctx and flight end
		want              Kind
		requests          int
		after             time.Duration
		throttleForgotten bool // the throttle hears nothing of the request
	}{
		{"canceled, answered in time", time.Second, time.Minute, Answered, 1, 10 * time.Second, false},
		{"canceled, cut", time.Second, 5 * time.Second, NoResponse, 1, 5 * time.Second, true},
		{"canceled before", 0, time.Minute, NotSent, 0, 0, true},
		{"cut before", time.Minute, 0, NotSent, 0, 0, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			requests := 0
			b := newBench(t, "https://webex.example", func(c *Config) {
				c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					requests++
					select {
					case <-time.After(10 * time.Second):
						return answer(200, created(ops)), nil
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
			a := b.Client.Send(ctx, flight, ops, 0)
			if a.Kind != tt.want || requests != tt.requests || time.Since(began) != tt.after {
				t.Errorf("%s: %v (%v) after %d requests and %s", tt.name, a.Kind, a.Err, requests, time.Since(began))
			}
			if strings.Contains(errorText(a.Err), "no answer within") {
				t.Errorf("%s: %v", tt.name, a.Err)
			}
			if s := b.throttle.State(); s.InFlight != 0 || (s.Accepted+s.Dropped+s.Refused == 0) != tt.throttleForgotten {
				t.Errorf("%s: throttle %+v", tt.name, s)
			}
		})
	}
}
