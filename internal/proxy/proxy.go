package proxy

import (
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
	Violations int `json:"breaches"`   // violations of the contract
	Unchecked  int `json:"unchecked"`  // bodies that broke off or were too long to check
	Unanswered int `json:"unanswered"` // requests without a whole answer
}

// Proxy is the handler for clients. New returns one.
type Proxy struct {
	cfg      Config
	contract *contract
	reverse  *httputil.ReverseProxy

	mu     sync.Mutex // guards what follows, and calls of Report
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
		// What did not answer is a cut connection to the client too, not an answer
		// that the service never gave.
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

// exchange is one request on its way, and its answer.
type exchange struct {
	number   int
	request  *http.Request // as it came
	sent     *capture
	status   int // 0 without an answer
	header   http.Header
	received *capture
}

// exchangeKey finds the exchange of an outgoing request in its context.
type exchangeKey struct{}

// ServeHTTP forwards one request, and then checks the request and its answer.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.number++
	x := &exchange{number: p.number, request: r, sent: newCapture(r.Body, p.cfg.MaxChecked)}
	p.mu.Unlock()
	defer p.check(x) // also when the connection is cut, which is a panic
	out := r.WithContext(withExchange(r.Context(), x, p.cfg.MaxChecked))
	out.Body = x.sent
	p.reverse.ServeHTTP(w, out)
}

// keepResponse keeps what an answer says as it passes.
func keepResponse(resp *http.Response) error {
	x, limit := exchangeOf(resp.Request.Context())
	x.status, x.header = resp.StatusCode, resp.Header.Clone()
	x.received = newCapture(resp.Body, limit)
	resp.Body = x.received
	return nil
}

// check reports the violations of an exchange that is over.
func (p *Proxy) check(x *exchange) {
	violations, unchecked := p.violations(x)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Requests++
	p.stats.Violations += len(violations)
	p.stats.Unchecked += unchecked
	if x.received == nil || !x.received.ended() {
		p.stats.Unanswered++
	}
	for _, b := range violations {
		p.cfg.Report(b)
	}
}

// violations are those of both messages, in this order. unchecked counts bodies
// that could not be checked.
func (p *Proxy) violations(x *exchange) (list []Violation, unchecked int) {
	path := x.request.URL.Path
	if path == "/v1/access_token" || strings.HasPrefix(path, "/__admin") {
		return nil, 0 // they are not the contract's, nor against it
	}
	route, err := p.contract.find(x.request)
	if err != nil {
		return []Violation{x.violation("request", "", "the contract has no such method and path", "")}, 0
	}
	for _, m := range []message{x.requestMessage(), x.responseMessage()} {
		if m.body == nil {
			continue
		}
		content, err := m.body.content(m.header.Get("Content-Encoding"), p.cfg.MaxChecked)
		if err != nil {
			if !errors.Is(err, errNotWhole) {
				list = append(list, x.violation(m.direction, "", "the body is not encoded as its Content-Encoding says", route.path))
			}
			unchecked++
			continue
		}
		for _, f := range p.contract.faults(route, m, content) {
			list = append(list, x.violation(m.direction, f.where, f.what, route.path))
		}
	}
	return list, unchecked
}
