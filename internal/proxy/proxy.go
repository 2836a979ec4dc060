package proxy

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
)

// DefaultMaxChecked is the default of Config.MaxChecked.
const DefaultMaxChecked = 16 << 20

// Config configures a Proxy.
type Config struct {
	// Target is scheme and host of the service, with a path before its paths or
	// none.
	Target *url.URL
	// Transport sends the requests. nil is a clone of http.DefaultTransport that
	// does not change the compression.
	Transport http.RoundTripper
	// MaxChecked is the maximum number of bytes of a body, also after
	// decompression, that are checked; 0 is DefaultMaxChecked. Longer bodies are
	// forwarded unchecked.
	MaxChecked int
	// Report is called for each violation, one call at a time.
	Report func(Violation)
}

// Stats are counts of the forwarded messages.
type Stats struct {
	Requests   int `json:"requests"`   // requests that are over
	Violations int `json:"violations"` // violations of the contract
	Unchecked  int `json:"unchecked"`  // bodies that broke off or were too long to check
	Unanswered int `json:"unanswered"` // requests without a whole answer
}

// Proxy is the handler for clients. New returns one.
type Proxy struct {
	cfg      Config
	contract *contract
	reverse  *httputil.ReverseProxy

	mu     sync.Mutex // guards the fields below, and calls of Report
	number int
	stats  Stats
}

// New returns a Proxy to cfg.Target. An error means that the embedded contract
// is invalid.
func New(cfg Config) (*Proxy, error) {
	c, err := loadContract()
	if err != nil {
		return nil, err
	}
	if cfg.MaxChecked == 0 {
		cfg.MaxChecked = DefaultMaxChecked
	}
	if cfg.Transport == nil {
		plain := http.DefaultTransport.(*http.Transport).Clone()
		plain.DisableCompression = true
		cfg.Transport = plain
	}
	p := &Proxy{cfg: cfg, contract: c}
	p.reverse = &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(cfg.Target) }, // the target's Host, and no X-Forwarded-For
		Transport:      cfg.Transport,
		FlushInterval:  -1,
		ModifyResponse: keepResponse,
		// If the service does not answer, the client sees a cut connection, too,
		// instead of a 502 that the service never sent.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     log.New(io.Discard, "", 0),
	}
	return p, nil
}

// Stats returns the counts so far.
func (p *Proxy) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// exchange is a request and its answer.
type exchange struct {
	number          int
	path            string // of the request; as the contract writes it, once it is found there
	request, answer message
}

// message is one side of an exchange.
type message struct {
	name    string        // "request" or "answer"
	request *http.Request // as it came from the client
	status  int           // of an answer
	header  http.Header
	body    *capture // nil if there is no such message
}

// exchangeKey is the key of the exchange in the context of a request to the
// service.
type exchangeKey struct{}

// ServeHTTP forwards one request, and then checks the request and its answer.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.number++
	number := p.number
	p.mu.Unlock()
	x := &exchange{
		number: number, path: r.URL.EscapedPath(),
		request: message{name: "request", request: r, header: r.Header, body: newCapture(r.Body, p.cfg.MaxChecked)},
		answer:  message{name: "answer", request: r},
	}
	defer p.check(x) // also when the connection is cut, which is a panic
	out := r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	out.Body = x.request.body
	p.reverse.ServeHTTP(w, out)
}

// keepResponse adds an answer to its exchange.
func keepResponse(resp *http.Response) error {
	x := resp.Request.Context().Value(exchangeKey{}).(*exchange)
	x.answer.status, x.answer.header = resp.StatusCode, resp.Header.Clone()
	x.answer.body = newCapture(resp.Body, x.request.body.limit)
	resp.Body = x.answer.body
	return nil
}

// check reports the violations of a finished exchange.
func (p *Proxy) check(x *exchange) {
	violations, unchecked := p.violations(x)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Requests++
	p.stats.Violations += len(violations)
	p.stats.Unchecked += unchecked
	if x.answer.body == nil || !x.answer.body.ended() {
		p.stats.Unanswered++
	}
	for _, v := range violations {
		p.cfg.Report(v)
	}
}

// violations returns the violations of the request, then those of the answer.
// unchecked is the number of bodies that could not be checked.
func (p *Proxy) violations(x *exchange) (list []Violation, unchecked int) {
	if path := x.request.request.URL.Path; path == "/v1/access_token" || strings.HasPrefix(path, "/__admin") {
		return nil, 0 // neither is part of the contract
	}
	add := func(m message, found ...Violation) {
		for _, v := range found {
			v.Request, v.Message, v.Method, v.Path, v.Status = x.number, m.name, m.request.Method, x.path, x.answer.status
			list = append(list, v)
		}
	}
	route, err := p.contract.find(x.request.request)
	if err != nil {
		add(x.request, Violation{What: "the contract has no such method and path"})
		return list, 0
	}
	x.path = route.path
	for _, m := range []message{x.request, x.answer} {
		if m.body == nil {
			continue
		}
		content, err := m.body.content(m.header.Get("Content-Encoding"))
		switch {
		case err == nil:
			add(m, p.contract.check(route, m, content)...)
			continue
		case !errors.Is(err, errNotWhole):
			add(m, Violation{What: "the body is not encoded as its Content-Encoding says"})
		}
		unchecked++
	}
	return list, unchecked
}
