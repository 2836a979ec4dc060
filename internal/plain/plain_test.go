package plain_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/plain"
)

// jargon is what nobody should have to read who runs a job.
var jargon = regexp.MustCompile(`context|\bEOF\b|\btcp\b|x509|tls:|net/http|dial|%!|\bnil\b|journal: journal|client:`)

// What the libraries below really say is put in words, and the fact stays.
func TestTextOfRealErrors(t *testing.T) {
	get := func(c *http.Client, url string) error {
		resp, err := c.Get(url)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		return err
	}
	cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/half" {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "x")
		}
		panic(http.ErrAbortHandler)
	}))
	defer cut.Close()
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer slow.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = nil
	secure.StartTLS()
	defer secure.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	_ = closed.Close()
	over, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	gone, leave := context.WithCancel(t.Context())
	leave()
	untrusted := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{ServerName: "elsewhere.example", RootCAs: secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	go func() { // no HTTP
		for conn, err := taken.Accept(); err == nil; conn, err = taken.Accept() {
			_, _ = conn.Read(make([]byte, 1<<10)) // the request, before the answer
			_, _ = io.WriteString(conn, "SSH-2.0-OpenSSH\r\n")
			_ = conn.Close()
		}
	}()
	_, inUse := net.Listen("tcp", taken.Addr().String())
	proxy, err := url.Parse("http://" + nobody)
	if err != nil {
		t.Fatal(err)
	}
	proxied := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}
	_, missing := os.Stat("no such file")
	tests := []struct {
		err  error
		want string
	}{
		{inUse, taken.Addr().String() + " is in use already"},
		{get(http.DefaultClient, "http://"+taken.Addr().String()), "what answers does not speak http"},
		{get(proxied, "https://service.example"), "the proxy: nothing answers at " + nobody + " (connection refused)"},
		{missing, "unavailable: no such file: "},
		{x509.CertificateInvalidError{Reason: x509.Expired, Detail: "it is too late"},
			"its certificate is not valid at this time: it is too late"},
		{x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}, "its certificate is not authorized to sign"},
		{&net.OpError{Op: "remote error", Err: tls.AlertError(40)}, "the encryption: handshake failure"},
		{&net.OpError{Op: "dial", Net: "tcp", Addr: taken.Addr(), Err: os.ErrDeadlineExceeded},
			taken.Addr().String() + " does not answer"},
		{&net.OpError{Op: "dial", Net: "tcp", Addr: taken.Addr(),
			Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}, taken.Addr().String() +
			" is not reached ("},
		{&net.OpError{Op: "write", Net: "tcp", Err: os.NewSyscallError("write", syscall.EPIPE)},
			"the connection was cut"},
		{get(http.DefaultClient, cut.URL), "the connection was cut"},
		{get(http.DefaultClient, cut.URL+"/half"), "the connection was cut"},
		{get(http.DefaultClient, "http://"+nobody), "nothing answers at " + nobody + " (connection refused)"},
		{get(http.DefaultClient, strings.Replace(cut.URL, "http:", "https:", 1)),
			"there is http, not https, at this address"},
		{get(http.DefaultClient, secure.URL), "its certificate is of an authority that this computer does not trust"},
		{get(untrusted, secure.URL), "its certificate is for example.com"},
		{get(&http.Client{Timeout: 10 * time.Millisecond}, slow.URL), "the time allowed is over"},
		{over.Err(), "the time allowed is over"},
		{gone.Err(), "interrupted"},
		{&net.OpError{Op: "dial", Net: "tcp",
			Err: &net.DNSError{Err: "no such host", Name: "no.example", Server: "10.0.0.1:53",
				IsNotFound: true}},
			"there is no host named no.example"},
		{&net.OpError{Op: "dial", Net: "tcp",
			Err: &net.DNSError{Err: "server misbehaving", Name: "no.example", Server: "10.0.0.1:53"}},
			"the name server does not say where no.example is"},
		{fmt.Errorf("%w: %w", client.ErrJournal, errors.New("journal cannot be written: no space left")),
			"journal cannot be written: no space left"},
	}
	for _, test := range tests {
		got := string(plain.Text(fmt.Errorf("%w: %w", client.ErrUnavailable, test.err)))
		if !strings.HasPrefix(got, "service unavailable: ") || !strings.Contains(got, test.want) {
			t.Errorf("%v: %q, want %q in it", test.err, got, test.want)
		}
		if found := jargon.FindString(got); found != "" {
			t.Errorf("%v: %q has %q in it", test.err, got, found)
		}
	}
}

func TestTextOfWrappedErrors(t *testing.T) {
	twice := fmt.Errorf("outcome unknown: %w",
		fmt.Errorf("%w; %w", context.Canceled, &net.OpError{Op: "dial", Net: "tcp", Err: context.Canceled}))
	if got := string(plain.Text(twice)); got != "outcome unknown: interrupted" {
		t.Errorf("%q", got)
	}
	elsewhere := fmt.Errorf("%w: %w", client.ErrEndpoint, &client.ResponseError{Status: 307})
	if got := string(plain.Text(elsewhere)); got != "redirected elsewhere, which is not followed: status 307" {
		t.Errorf("%q", got)
	}
}
