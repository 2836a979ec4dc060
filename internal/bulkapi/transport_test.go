package bulkapi

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
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
