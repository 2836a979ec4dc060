package transport

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"sync/atomic"
)

// progress follows a request through the transport, and tells whether it can
// have reached the service.
type progress struct {
	seen atomic.Bool // the transport reports at all
	left atomic.Bool // a header was written: from here on the service may act
}

// trace returns hooks for the reports of the transport, which come from several
// goroutines. Once a header is reported as written, the request counts as sent.
// Even if net/http only wrote it to the buffer of a dead connection, and then
// takes another one, the report is the same as that of a transport which
// repeats a request by itself.
func (p *progress) trace() *httptrace.ClientTrace {
	seen := func() { p.seen.Store(true) }
	left := func() { p.left.Store(true) }
	return &httptrace.ClientTrace{
		GetConn:              func(string) { seen() },
		GotConn:              func(httptrace.GotConnInfo) { seen() },
		WroteHeaders:         left,
		WroteRequest:         func(httptrace.WroteRequestInfo) { left() },
		GotFirstResponseByte: left,
	}
}

// kind returns the kind of a request that ended with an error of the transport.
// If the transport reports nothing, it is NotSent only for errors that cannot
// occur after the request has left.
func (p *progress) kind(err error) Kind {
	if !p.left.Load() && (p.seen.Load() || unsent(err)) {
		return NotSent
	}
	return NoResponse
}

// unsent reports whether err arose before there was a connection.
func unsent(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	return is[*net.DNSError](err) || is[*tls.CertificateVerificationError](err)
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// failure says why there is no answer, or no whole one. It has a text of its
// own, from which everything that was sent is removed. The text of its cause
// may quote an answer, so errors.Is and errors.As find the cause, but Unwrap
// does not return it.
type failure struct {
	text  string
	cause error
}

func (e *failure) Error() string        { return e.text }
func (e *failure) Is(target error) bool { return errors.Is(e.cause, target) }
func (e *failure) As(target any) bool   { return errors.As(e.cause, target) }
