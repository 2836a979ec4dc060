package transport_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/internal/throttle"
	"github.com/webexscim/bulk/internal/transport"
	"github.com/webexscim/bulk/internal/transporttest"
)

// listen starts a TCP listener and gives each connection, with its number, to
// serve.
func listen(t *testing.T, serve func(c *net.TCPConn, n int)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c.(*net.TCPConn), n)
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// readRequest reads one whole request, or fails.
func readRequest(c net.Conn) error {
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err == nil {
		_, err = io.Copy(io.Discard, req.Body)
	}
	return err
}

// reset closes a connection so that its other end sees a reset and not an end.
func reset(c *net.TCPConn) { c.SetLinger(0); c.Close() }

// TestCutAnswerIsNoResponse: a connection that is cut at any stage after the
// request began to leave makes its kind unknown.
func TestCutAnswerIsNoResponse(t *testing.T) {
	full := created
	head := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	for name, cut := range map[string]func(c *net.TCPConn){
		"accepted, closed":      func(c *net.TCPConn) {},
		"accepted, reset":       reset,
		"one byte read":         func(c *net.TCPConn) { c.Read(make([]byte, 1)); reset(c) },
		"header read":           func(c *net.TCPConn) { http.ReadRequest(bufio.NewReader(c)); reset(c) },
		"body read":             func(c *net.TCPConn) { readRequest(c) },
		"body read, reset":      func(c *net.TCPConn) { readRequest(c); reset(c) },
		"part of a status line": func(c *net.TCPConn) { readRequest(c); io.WriteString(c, "HTTP/1.1 2") },
		"no HTTP":               func(c *net.TCPConn) { readRequest(c); io.WriteString(c, "user42@example.com is here\r\n\r\n") },
		"part of a header":      func(c *net.TCPConn) { readRequest(c); io.WriteString(c, head) },
		"bad header":            func(c *net.TCPConn) { readRequest(c); io.WriteString(c, head+"user42@example.com\r\n\r\n") },
		"header alone":          func(c *net.TCPConn) { readRequest(c); io.WriteString(c, head+"Content-Length: 10\r\n\r\n") },
		"part of a body": func(c *net.TCPConn) {
			readRequest(c)
			fmt.Fprintf(c, "%sContent-Length: %d\r\n\r\n%s", head, len(full), full[:99])
		},
		"all but a byte": func(c *net.TCPConn) {
			readRequest(c)
			fmt.Fprintf(c, "%sContent-Length: %d\r\n\r\n%s", head, len(full), full[:len(full)-1])
		},
		"body without length, cut": func(c *net.TCPConn) { readRequest(c); fmt.Fprintf(c, "%s\r\n%s", head, full[:99]) },
		"chunk without end": func(c *net.TCPConn) {
			readRequest(c)
			fmt.Fprintf(c, "%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", head, len(full), full)
		},
		"redirect to nowhere": func(c *net.TCPConn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n")
		},
		"no gzip under its name": func(c *net.TCPConn) {
			readRequest(c)
			fmt.Fprintf(c, "%sContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", head, len(full), full)
		},
		"400, part of a list": func(c *net.TCPConn) {
			readRequest(c)
			fmt.Fprintf(c, "HTTP/1.1 400 Bad\r\nContent-Length: %d\r\n\r\n%s", len(full), full[:99])
		},
		"400, nothing of its body": func(c *net.TCPConn) {
			readRequest(c)
			fmt.Fprintf(c, "HTTP/1.1 400 Bad\r\nContent-Length: %d\r\n\r\n", len(full))
		},
		"switching protocols instead": func(c *net.TCPConn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := transporttest.New(t, listen(t, func(c *net.TCPConn, _ int) { cut(c) }), func(c *transport.Config) { c.Timeout = 20 * time.Second })
			a := post(t.Context(), t.Context(), b)
			early := strings.HasPrefix(name, "accepted") && a.Kind == transport.NotSent // if net/http sees the cut before it writes
			if a.Kind != transport.NoResponse && !early || a.Err == nil {
				t.Fatalf("%v %v", a.Kind, a.Err)
			}
			for _, s := range []string{transporttest.Token, "user42@example.com"} {
				if strings.Contains(a.Err.Error()+b.Logs.String(), s) {
					t.Errorf("%q shows: %v", s, a.Err)
				}
			}
			if s := b.Throttle.State(); s.InFlight != 0 || s.Dropped+s.Accepted != 1 {
				t.Errorf("throttle %+v", s)
			}
		})
	}
}

// TestWholeAnswerBeforeCut: a body that ends with its connection is whole if it
// is whole JSON, and an answer that comes before the request is read, and is
// followed by a cut, counts.
func TestWholeAnswerBeforeCut(t *testing.T) {
	b := transporttest.New(t, listen(t, func(c *net.TCPConn, _ int) {
		readRequest(c)
		io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n"+created)
	}))
	if a := post(t.Context(), t.Context(), b); a.Kind != transport.Answered {
		t.Errorf("%v %v", a.Kind, a.Err)
	}
}

// TestDeadConnectionIsNotReplayed: net/http goes on to another connection when
// a kept one takes no byte any more. The request reaches the service once.
func TestDeadConnectionIsNotReplayed(t *testing.T) {
	var posts atomic.Int32
	server := listen(t, func(c *net.TCPConn, _ int) {
		if readRequest(c) == nil {
			posts.Add(1)
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(created), created)
		io.Copy(io.Discard, c)
	})
	dialled := make(chan *deadConn, 2)
	b := transporttest.New(t, server, func(c *transport.Config) {
		c.HTTP.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			d := &deadConn{Conn: c}
			dialled <- d
			return d, err
		}
	})
	for n := range 2 {
		if a := postText(t.Context(), t.Context(), b, `{"operations":[]}`); a.Kind != transport.Answered || int(posts.Load()) != n+1 {
			t.Fatalf("%v after %d posts: %v", a.Kind, posts.Load(), a.Err)
		}
		(<-dialled).dead.Store(true)
	}
}

// deadConn takes no byte any more once it is dead.
type deadConn struct {
	net.Conn
	dead atomic.Bool
}

func (c *deadConn) Write(p []byte) (int, error) {
	if c.dead.Load() {
		return 0, errors.New("broken pipe")
	}
	return c.Conn.Write(p)
}

// TestNetHTTPRepeatsNothing: a POST reaches the service once, also when a kept
// connection is cut right after it.
func TestNetHTTPRepeatsNothing(t *testing.T) {
	var posts atomic.Int32
	b := transporttest.New(t, listen(t, func(c *net.TCPConn, n int) {
		r := bufio.NewReader(c)
		for k := 0; ; k++ {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			body, _ := io.ReadAll(req.Body)
			if bytes.Contains(body, []byte("operations")) {
				posts.Add(1)
			}
			if n > 0 || k > 0 {
				return
			}
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(created), created)
		}
	}))
	if a := post(t.Context(), t.Context(), b); a.Kind != transport.Answered {
		t.Fatalf("%v %v", a.Kind, a.Err)
	}
	if a := post(t.Context(), t.Context(), b); a.Kind != transport.NoResponse || posts.Load() != 2 {
		t.Errorf("%v after %d posts: %v", a.Kind, posts.Load(), a.Err)
	}
}

// TestHTTP2: the same over HTTP/2, which the live service may speak.
func TestHTTP2(t *testing.T) {
	var posts atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		switch {
		case r.ProtoMajor != 2:
			t.Errorf("spoken is %s", r.Proto)
		case posts.Add(1) == 2:
			panic(http.ErrAbortHandler) // resets the stream after the work
		case posts.Load() == 3:
			io.WriteString(w, created[:5000])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, created)
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	b := transporttest.New(t, srv.URL, func(c *transport.Config) { c.HTTP = srv.Client() })
	for n, want := range []transport.Kind{transport.Answered, transport.NoResponse, transport.NoResponse, transport.Answered} {
		if a := post(t.Context(), t.Context(), b); a.Kind != want || int(posts.Load()) != n+1 {
			t.Errorf("%v after %d posts, want %v: %v", a.Kind, posts.Load(), want, a.Err)
		}
	}
}

// TestNotSent: what fails before there is a connection is safe to repeat, and
// known as that.
func TestNotSent(t *testing.T) {
	closed := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}()
	quiet := log.New(io.Discard, "", 0)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") }))
	secure.Config.ErrorLog = quiet
	secure.StartTLS()
	defer secure.Close()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "CONNECT" || r.Header.Get("Authorization") != "" {
			t.Errorf("the proxy sees %s %v", r.Method, r.Header)
		}
		w.WriteHeader(403)
	}))
	defer refusing.Close()
	through := func(proxy string) func(*transport.Config) {
		return func(c *transport.Config) {
			c.HTTP.Transport.(*http.Transport).Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy) }
		}
	}
	dialError := func(err error) func(*transport.Config) {
		return func(c *transport.Config) {
			c.HTTP.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, err }
		}
	}
	silent := func(err error) func(*transport.Config) {
		return func(c *transport.Config) {
			c.HTTP.Transport = transporttest.RoundTripper(func(*http.Request) (*http.Response, error) { return nil, err })
		}
	}
	none := func(*transport.Config) {}
	for _, tt := range []struct {
		name, server string
		change       func(*transport.Config)
		want         transport.Kind
	}{
		{"connection refused", "http://" + closed, none, transport.NotSent},
		{"unknown certificate", secure.URL, none, transport.NotSent},
		{"no TLS there", strings.Replace(refusing.URL, "http:", "https:", 1), none, transport.NotSent},
		{"proxy refused", "https://webex.example", through("http://" + closed), transport.NotSent},
		{"proxy refuses", "https://webex.example", through(refusing.URL), transport.NotSent},
		{"no such host", "https://webex.example", dialError(&net.DNSError{Err: "no such host", Name: "webex.example", IsNotFound: true}), transport.NotSent},
		{"any failure of dialling", "https://webex.example", dialError(errors.New("odd")), transport.NotSent},
		{"silent transport, dialling", "https://webex.example", silent(&net.OpError{Op: "dial", Err: errors.New("refused")}), transport.NotSent},
		{"silent transport, name", "https://webex.example", silent(fmt.Errorf("w: %w", &net.DNSError{})), transport.NotSent},
		{"silent transport, certificate", "https://webex.example", silent(&tls.CertificateVerificationError{Err: errors.New("x")}), transport.NotSent},
		{"silent transport, reading", "https://webex.example", silent(&net.OpError{Op: "read", Err: errors.New("reset")}), transport.NoResponse},
		{"silent transport, anything", "https://webex.example", silent(errors.New("odd " + transporttest.Token)), transport.NoResponse},
		{"silent transport, end", "https://webex.example", silent(io.EOF), transport.NoResponse},
		{"silent transport, nothing", "https://webex.example", silent(nil), transport.NoResponse},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := transporttest.New(t, tt.server, tt.change)
			a := post(t.Context(), t.Context(), b)
			if a.Kind != tt.want || a.Err == nil || a.Status != 0 {
				t.Errorf("%v %v", a.Kind, a.Err)
			}
			transporttest.WantClean(t, "error", a.Err.Error())
			if strings.Contains(a.Err.Error(), transporttest.Org) {
				t.Errorf("the url shows: %v", a.Err)
			}
			transporttest.WantClean(t, "log", b.Logs.String())
			if s := b.Throttle.State(); s.Dropped != 1 || s.InFlight != 0 {
				t.Errorf("throttle %+v", s)
			}
		})
	}
}

// TestCanceled: a request that is canceled while dialling has not left; while
// it is answered, nobody knows. Neither tells the throttle anything about the
// service.
func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := transporttest.New(t, "http://webex.example", func(c *transport.Config) {
		c.HTTP.Transport.(*http.Transport).DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			cancel()
			<-ctx.Done()
			return nil, ctx.Err()
		}
	})
	if a := post(ctx, ctx, b); a.Kind != transport.NotSent || !errors.Is(a.Err, context.Canceled) {
		t.Errorf("dialling: %v %v", a.Kind, a.Err)
	}
	if s := b.Throttle.State(); s.InFlight+s.Dropped+s.Accepted != 0 {
		t.Errorf("throttle %+v", s)
	}

	ctx, cancel = context.WithCancel(t.Context())
	b = transporttest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	})
	if a := post(ctx, ctx, b); a.Kind != transport.NoResponse || !errors.Is(a.Err, context.Canceled) {
		t.Errorf("answering: %v %v", a.Kind, a.Err)
	}
	if s := b.Throttle.State(); s.InFlight+s.Dropped+s.Accepted != 0 {
		t.Errorf("throttle %+v", s)
	}
}

// TestNotThroughTheThrottle: who never got through the throttle has sent
// nothing.
func TestNotThroughTheThrottle(t *testing.T) {
	b := transporttest.Serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request left") })
	holdThrottle(t, b, time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if a := post(ctx, ctx, b); a.Kind != transport.NotSent || !errors.Is(a.Err, context.DeadlineExceeded) {
		t.Errorf("%v %v", a.Kind, a.Err)
	}
}

// TestCanceledBeforeItLeft: a job that ends just before its request leaves says
// nothing about the service, though what it has in flight may still be
// answered.
func TestCanceledBeforeItLeft(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := transporttest.Serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") }, func(c *transport.Config) {
		c.Token = func(context.Context, string) (string, error) {
			cancel()
			return transporttest.Token, nil
		}
	})
	a := post(ctx, t.Context(), b)
	if s := b.Throttle.State(); a.Kind != transport.NotSent || s.Dropped != 0 || s.InFlight != 0 {
		t.Errorf("%v, %+v", a.Kind, s)
	}
}

// TestDate: when the service answered is told, whatever it answered.
func TestDate(t *testing.T) {
	const date = "Sat, 03 Feb 2001 04:05:06 GMT"
	want := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	for _, status := range []int{200, 400, 403} {
		b := transporttest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", date)
			w.WriteHeader(status)
			w.Write([]byte(`{"operations":[],"totalResults":1,"Resources":[{"id":"1","userName":"a"}]}`))
		})
		if a := post(t.Context(), t.Context(), b); !a.Date.Equal(want) {
			t.Errorf("%d: %+v", status, a)
		}
	}
	b := transporttest.Serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header()["Date"] = nil })
	if a := post(t.Context(), t.Context(), b); !a.Date.IsZero() {
		t.Errorf("%v", a.Date)
	}
}

// TestRetryAfter: the throttle hears the header as it came.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := time.Now()
		var gap time.Duration
		b := transporttest.New(t, "https://webex.example", func(c *transport.Config) {
			c.Throttle = throttle.New(throttle.Config{Rand: func() float64 { return 0 }})
			c.HTTP = &http.Client{Transport: transporttest.RoundTripper(func(*http.Request) (*http.Response, error) {
				gap = time.Since(first)
				return transporttest.Answer(503, "", "Retry-After", "rand(30),add(30)"), nil
			})}
		})
		for range 2 {
			if a := post(t.Context(), t.Context(), b); a.Kind != transport.Waiting {
				t.Fatalf("%+v", a)
			}
		}
		if gap != 30*time.Second {
			t.Errorf("the second request left after %s", gap)
		}
	})
}

// TestPaceLearnsFrom429: a 429 is about the rate of requests, a 503 is not.
func TestPaceLearnsFrom429(t *testing.T) {
	for status, want := range map[int]bool{429: true, 503: false} {
		synctest.Test(t, func(t *testing.T) {
			requests := 0
			b := transporttest.New(t, "https://webex.example", func(c *transport.Config) {
				c.Throttle = throttle.New(throttle.Config{})
				c.HTTP = &http.Client{Transport: transporttest.RoundTripper(func(*http.Request) (*http.Response, error) {
					if requests++; requests == 20 {
						return transporttest.Answer(status, "", "Retry-After", "1"), nil
					}
					time.Sleep(10 * time.Millisecond)
					return transporttest.Answer(200, `{"operations":[]}`), nil
				})}
			})
			for range 21 {
				post(t.Context(), t.Context(), b)
			}
			if s := b.Config.Throttle.State(); (s.Rate > 0) != want {
				t.Errorf("%d: %+v", status, s)
			}
		})
	}
}

// TestTrackingID: the header in any case, else the body.
func TestTrackingID(t *testing.T) {
	for _, tt := range []struct{ header, body, want string }{
		{"trackingid", `{"trackingId":"B"}`, "H"}, {"TrackingID", ``, "H"}, {"Trackingid", `<html>`, "H"},
		{"X-Other", `{"trackingId":"B"}`, "B"}, {"X-Other", `{` + transporttest.URN + `:{"trackingId":"E"}}`, "E"}, {"X-Other", ``, ""}, {"TrackingID:two words", ``, ""},
	} {
		b := transporttest.New(t, "https://webex.example", func(c *transport.Config) {
			c.HTTP = &http.Client{Transport: transporttest.RoundTripper(func(*http.Request) (*http.Response, error) {
				name, value, _ := strings.Cut(tt.header, ":")
				return transporttest.Answer(400, tt.body, name, cmp.Or(value, "H")), nil
			})}
		})
		a := post(t.Context(), t.Context(), b)
		if e, ok := errors.AsType[*transport.Error](a.Err); !ok || e.TrackingID != tt.want || a.TrackingID != tt.want {
			t.Errorf("%+v: %q, %v", tt, a.TrackingID, a.Err)
		}
	}
}

// TestRedirect: it is not followed, so that no other host sees the token or the
// data.
func TestRedirect(t *testing.T) {
	var visits atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		b := transporttest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/again") {
				visits.Add(1)
			}
			http.Redirect(w, r, other.URL+"/again", status)
		}, func(c *transport.Config) {
			c.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return nil } // what the caller allows does not count
		})
		if a := post(t.Context(), t.Context(), b); a.Kind != transport.Denied || a.Status != status {
			t.Errorf("%d: %+v", status, a)
		}
	}
	if n := visits.Load(); n > 0 {
		t.Errorf("redirects were followed %d times", n)
	}
}
