package bulkapi

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
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
	ops := manyOps(100)
	full := created(ops)
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
			b := newBench(t, listen(t, func(c *net.TCPConn, _ int) { cut(c) }), func(c *Config) { c.Timeout = 20 * time.Second })
			a := b.Send(t.Context(), ops, 0)
			early := strings.HasPrefix(name, "accepted") && a.Kind == NotSent // if net/http sees the cut before it writes
			if a.Kind != NoResponse && !early || a.Err == nil || a.Items != nil {
				t.Fatalf("%v %v", a.Kind, a.Err)
			}
			for _, s := range []string{testToken, "user42@example.com"} {
				if strings.Contains(a.Err.Error()+b.logs.String(), s) {
					t.Errorf("%q shows: %v", s, a.Err)
				}
			}
			if s := b.throttle.State(); s.InFlight != 0 || s.Dropped+s.Accepted != 1 {
				t.Errorf("throttle %+v", s)
			}
		})
	}
}

// TestWholeAnswerBeforeCut: a body that ends with its connection is whole if it
// is whole JSON, and an answer that comes before the request is read, and is
// followed by a cut, counts.
func TestWholeAnswerBeforeCut(t *testing.T) {
	ops := manyOps(2)
	b := newBench(t, listen(t, func(c *net.TCPConn, _ int) {
		readRequest(c)
		io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n"+created(ops))
	}))
	if a := b.Send(t.Context(), ops, 0); a.Kind != Answered {
		t.Errorf("%v %v", a.Kind, a.Err)
	}
}

// TestDeadConnectionIsNotReplayed: net/http goes on to another connection when
// a kept one takes no byte any more. The request reaches the service once.
func TestDeadConnectionIsNotReplayed(t *testing.T) {
	ops := manyOps(1)
	var posts atomic.Int32
	server := listen(t, func(c *net.TCPConn, _ int) {
		if readRequest(c) == nil {
			posts.Add(1)
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(created(ops)), created(ops))
		io.Copy(io.Discard, c)
	})
	dialled := make(chan *deadConn, 2)
	b := newBench(t, server, func(c *Config) {
		c.HTTP.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			d := &deadConn{Conn: c}
			dialled <- d
			return d, err
		}
	})
	for n := range 2 {
		if a := b.Send(t.Context(), ops, 0); a.Kind != Answered || int(posts.Load()) != n+1 {
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
	ops := manyOps(1)
	var posts atomic.Int32
	b := newBench(t, listen(t, func(c *net.TCPConn, n int) {
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
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(created(ops)), created(ops))
		}
	}))
	if a := b.Send(t.Context(), ops, 0); a.Kind != Answered {
		t.Fatalf("%v %v", a.Kind, a.Err)
	}
	if a := b.Send(t.Context(), ops, 0); a.Kind != NoResponse || posts.Load() != 2 {
		t.Errorf("%v after %d posts: %v", a.Kind, posts.Load(), a.Err)
	}
}

// TestHTTP2: the same over HTTP/2, which the live service may speak.
func TestHTTP2(t *testing.T) {
	ops := manyOps(100)
	var posts atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		switch {
		case r.ProtoMajor != 2:
			t.Errorf("spoken is %s", r.Proto)
		case posts.Add(1) == 2:
			panic(http.ErrAbortHandler) // resets the stream after the work
		case posts.Load() == 3:
			io.WriteString(w, created(ops)[:5000])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, created(ops))
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	b := newBench(t, srv.URL, func(c *Config) { c.HTTP = srv.Client() })
	for n, want := range []Kind{Answered, NoResponse, NoResponse, Answered} {
		if a := b.Send(t.Context(), ops, 0); a.Kind != want || int(posts.Load()) != n+1 {
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
	through := func(proxy string) func(*Config) {
		return func(c *Config) {
			c.HTTP.Transport.(*http.Transport).Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy) }
		}
	}
	dialError := func(err error) func(*Config) {
		return func(c *Config) {
			c.HTTP.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, err }
		}
	}
	silent := func(err error) func(*Config) {
		return func(c *Config) {
			c.HTTP.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, err })
		}
	}
	none := func(*Config) {}
	for _, tt := range []struct {
		name, server string
		change       func(*Config)
		want         Kind
	}{
		{"connection refused", "http://" + closed, none, NotSent},
		{"unknown certificate", secure.URL, none, NotSent},
		{"no TLS there", strings.Replace(refusing.URL, "http:", "https:", 1), none, NotSent},
		{"proxy refused", "https://webex.example", through("http://" + closed), NotSent},
		{"proxy refuses", "https://webex.example", through(refusing.URL), NotSent},
		{"no such host", "https://webex.example", dialError(&net.DNSError{Err: "no such host", Name: "webex.example", IsNotFound: true}), NotSent},
		{"any failure of dialling", "https://webex.example", dialError(errors.New("odd")), NotSent},
		{"silent transport, dialling", "https://webex.example", silent(&net.OpError{Op: "dial", Err: errors.New("refused")}), NotSent},
		{"silent transport, name", "https://webex.example", silent(fmt.Errorf("w: %w", &net.DNSError{})), NotSent},
		{"silent transport, certificate", "https://webex.example", silent(&tls.CertificateVerificationError{Err: errors.New("x")}), NotSent},
		{"silent transport, reading", "https://webex.example", silent(&net.OpError{Op: "read", Err: errors.New("reset")}), NoResponse},
		{"silent transport, anything", "https://webex.example", silent(errors.New("odd " + testToken)), NoResponse},
		{"silent transport, end", "https://webex.example", silent(io.EOF), NoResponse},
		{"silent transport, nothing", "https://webex.example", silent(nil), NoResponse},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, tt.server, tt.change)
			a := b.Send(t.Context(), mixed(), 0)
			if a.Kind != tt.want || a.Err == nil || a.Status != 0 {
				t.Errorf("%v %v", a.Kind, a.Err)
			}
			wantClean(t, "error", a.Err.Error())
			if strings.Contains(a.Err.Error(), testOrg) {
				t.Errorf("the url shows: %v", a.Err)
			}
			wantClean(t, "log", b.logs.String())
			if s := b.throttle.State(); s.Dropped != 1 || s.InFlight != 0 {
				t.Errorf("throttle %+v", s)
			}
		})
	}
}

// TestLeftWithTheHeader: the order of events in which a request may have left.
func TestLeftWithTheHeader(t *testing.T) {
	failed := errors.New("failed")
	for _, tt := range []struct{ events, want string }{
		{"", "no response"}, {"get", "not sent"}, {"get got", "not sent"}, {"got", "not sent"},
		{"get got head", "no response"}, {"get got head body", "no response"}, {"get got head fail", "no response"},
		{"get got body", "no response"}, {"get got fail", "no response"}, {"get got first", "no response"},
		{"head", "no response"}, {"body", "no response"}, {"fail", "no response"}, {"first", "no response"},
		{"get got head get", "no response"}, {"get got head fail get got", "no response"},
	} {
		var p progress
		trace := p.trace()
		for event := range strings.FieldsSeq(tt.events) {
			switch event {
			case "get":
				trace.GetConn("")
			case "got":
				trace.GotConn(httptrace.GotConnInfo{})
			case "head":
				trace.WroteHeaders()
			case "body":
				trace.WroteRequest(httptrace.WroteRequestInfo{})
			case "fail":
				trace.WroteRequest(httptrace.WroteRequestInfo{Err: failed})
			case "first":
				trace.GotFirstResponseByte()
			}
		}
		if got := p.kind(failed).String(); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.events, got, tt.want)
		}
	}
}

// TestCanceled: a request that is canceled while dialling has not left; while
// it is answered, nobody knows. Neither tells the throttle anything about the
// service.
func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := newBench(t, "http://webex.example", func(c *Config) {
		c.HTTP.Transport.(*http.Transport).DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			cancel()
			<-ctx.Done()
			return nil, ctx.Err()
		}
	})
	if a := b.Send(ctx, mixed(), 0); a.Kind != NotSent || !errors.Is(a.Err, context.Canceled) {
		t.Errorf("dialling: %v %v", a.Kind, a.Err)
	}
	if s := b.throttle.State(); s.InFlight+s.Dropped+s.Accepted != 0 {
		t.Errorf("throttle %+v", s)
	}

	ctx, cancel = context.WithCancel(t.Context())
	b = serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	})
	if a := b.Send(ctx, mixed(), 0); a.Kind != NoResponse || !errors.Is(a.Err, context.Canceled) {
		t.Errorf("answering: %v %v", a.Kind, a.Err)
	}
	if s := b.throttle.State(); s.InFlight+s.Dropped+s.Accepted != 0 {
		t.Errorf("throttle %+v", s)
	}
}

// TestNotThroughTheThrottle: who never got through the throttle has sent
// nothing.
func TestNotThroughTheThrottle(t *testing.T) {
	b := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request left") })
	holdThrottle(t, b, time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if a := b.Send(ctx, mixed(), 0); a.Kind != NotSent || !errors.Is(a.Err, context.DeadlineExceeded) {
		t.Errorf("%v %v", a.Kind, a.Err)
	}
}

// TestCanceledBeforeItLeft: a job that ends just before its request leaves says
// nothing about the service, though what it has in flight may still be
// answered.
func TestCanceledBeforeItLeft(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	b := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") }, func(c *Config) {
		c.Token = func(context.Context, string) (string, error) {
			cancel()
			return testToken, nil
		}
	})
	a := b.Client.Send(ctx, t.Context(), mixed(), 0)
	if s := b.throttle.State(); a.Kind != NotSent || s.Dropped != 0 || s.InFlight != 0 {
		t.Errorf("%v, %+v", a.Kind, s)
	}
}

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
