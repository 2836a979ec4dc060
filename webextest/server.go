package webextest

import (
	"cmp"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"time"
)

// TB is the part of *testing.T that Start uses. It is not testing.TB, so that
// programs can import this package without the flags of package testing.
type TB interface {
	Helper()
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// Server is a Simulator on a loopback address.
type Server struct {
	*Simulator
	// URL is the base URL for clients, such as "http://127.0.0.1:49152".
	URL string
}

// Start serves a new Simulator on a loopback address until the test ends. It
// logs the seed.
func Start(t TB, cfg Config) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("webextest: no loopback address: %v", err)
	}
	address := "http://" + listener.Addr().String()
	cfg.BaseURL = cmp.Or(cfg.BaseURL, address)
	s := &Server{Simulator: New(cfg), URL: address}
	server := &http.Server{
		Handler: s.Simulator, ReadHeaderTimeout: time.Minute,
		ErrorLog: log.New(io.Discard, "", 0), // it would report the connections that faults cut
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close() // the error is about a listener that nobody needs any more
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Logf("webextest: the server ended early: %v", err)
		}
	})
	t.Logf("webextest: seed %d at %s", cfg.Seed, address)
	return s
}

// answersFor reports whether a request through Transport is for the service.
// Without a BaseURL, its hosts are webexapis.com and loopback hosts.
func (s *Simulator) answersFor(r *http.Request) bool {
	if s.cfg.BaseURL != "" {
		base, err := url.Parse(s.cfg.BaseURL)
		return err == nil && base.Host == r.URL.Host
	}
	host := r.URL.Hostname()
	ip := net.ParseIP(host)
	return host == "webexapis.com" || host == "localhost" || ip != nil && ip.IsLoopback()
}
