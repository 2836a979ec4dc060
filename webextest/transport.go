package webextest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"syscall"
)

// ServeHTTP answers a request. If a fault cuts the connection, it panics with
// http.ErrAbortHandler, so that net/http closes the connection.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rep := s.serve(r)
	if rep.cut != NoCut && rep.cut != InAnswer {
		panic(http.ErrAbortHandler)
	}
	header := w.Header()
	maps.Copy(header, s.withDate(rep.header))
	header.Set("Content-Length", strconv.Itoa(len(rep.body)))
	w.WriteHeader(rep.status)
	if rep.cut == InAnswer {
		_, _ = w.Write(rep.body[:rep.sent])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(rep.body) // the client may have gone
}

// Transport returns a transport that answers in memory, without sockets and
// goroutines. It waits in the goroutine of the caller until its context ends,
// so it works in a testing/synctest bubble. It calls the hooks of
// net/http/httptrace for the progress of a request. A request to another host
// than that of Config.BaseURL fails, and is a Violation if it has a token.
func (s *Simulator) Transport() http.RoundTripper { return transport{s} }

// Client returns an HTTP client on Transport.
func (s *Simulator) Client() *http.Client { return &http.Client{Transport: s.Transport()} }

type transport struct{ sim *Simulator }

// RoundTrip answers a request.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if !t.sim.answersFor(r) {
		if r.Header.Get("Authorization") != "" {
			t.sim.log.violate(0, "a token was sent to the host %s", r.URL.Host)
		}
		return nil, &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), IsNotFound: true}
	}
	x := t.sim.arrive(r)
	traced := trace(x)
	rep := x.run()
	x.leave(rep)
	switch {
	case rep.cut == OnDial:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case rep.cut == BeforeBody:
		return nil, errBroken
	case rep.err != nil:
		return nil, rep.err
	case rep.cut == BeforeWork || rep.cut == AfterWork:
		return nil, io.ErrUnexpectedEOF
	}
	if traced.GotFirstResponseByte != nil {
		traced.GotFirstResponseByte()
	}
	return t.sim.response(r, rep)
}

// errBroken is the error of a write to a connection that the server closed.
var errBroken error = &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}

// trace calls the hooks of the client until the request is written, and returns
// them.
func trace(x *exchange) *httptrace.ClientTrace {
	hooks := httptrace.ContextClientTrace(x.r.Context())
	if hooks == nil {
		return &httptrace.ClientTrace{}
	}
	if hooks.GetConn != nil {
		hooks.GetConn(x.r.URL.Host)
	}
	if x.fault.Cut == OnDial {
		return hooks
	}
	if hooks.GotConn != nil {
		hooks.GotConn(httptrace.GotConnInfo{})
	}
	if hooks.WroteHeaders != nil {
		hooks.WroteHeaders()
	}
	err := x.err
	if x.fault.Cut == BeforeBody {
		err = errBroken
	}
	if hooks.WroteRequest != nil {
		hooks.WroteRequest(httptrace.WroteRequestInfo{Err: err})
	}
	return hooks
}

// withDate returns a copy of a header with canonical names and a Date, unless a
// Fault or Shape has set that.
func (s *Simulator) withDate(header http.Header) http.Header {
	whole := http.Header{"Date": {s.frontTime().UTC().Format(http.TimeFormat)}}
	for name, values := range header {
		whole[http.CanonicalHeaderKey(name)] = values
	}
	return whole
}

func (s *Simulator) response(r *http.Request, rep *reply) (*http.Response, error) {
	res := &http.Response{
		Status:     strconv.Itoa(rep.status) + " " + http.StatusText(rep.status),
		StatusCode: rep.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: s.withDate(rep.header), ContentLength: int64(len(rep.body)), Request: r,
	}
	var body io.Reader = bytes.NewReader(rep.body)
	if rep.cut == InAnswer {
		body = io.MultiReader(bytes.NewReader(rep.body[:rep.sent]), broken{})
	}
	// net/http decompresses an answer if the request did not ask for compression.
	if res.Header.Get("Content-Encoding") == "gzip" && r.Header.Get("Accept-Encoding") == "" {
		plain, err := gzip.NewReader(body)
		if err != nil {
			return nil, errors.Join(errors.New("webextest: the answer is not gzip"), err)
		}
		body = plain
		res.Header.Del("Content-Encoding")
		res.ContentLength, res.Uncompressed = -1, true
	}
	res.Body = io.NopCloser(body)
	return res, nil
}

// broken is a reader that fails like a connection that was cut.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
