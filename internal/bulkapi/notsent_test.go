package bulkapi

import (
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
	"testing"
	"time"
)

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
