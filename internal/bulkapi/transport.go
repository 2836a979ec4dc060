package bulkapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"github.com/webexscim/bulk/internal/redact"
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
	switch {
	case p.left.Load():
		return NoResponse
	case p.seen.Load(), unsent(err):
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

// transportError says why there is no answer. It has a text of its own, which
// can be cleaned. The text of its cause may quote an answer, so errors.Is and
// errors.As find the cause, but Unwrap does not return it.
type transportError struct {
	text  string
	cause error
}

func (e *transportError) Error() string        { return e.text }
func (e *transportError) Is(target error) bool { return errors.Is(e.cause, target) }
func (e *transportError) As(target any) bool   { return errors.As(e.cause, target) }

// withoutURL returns an error of the transport without the url of the request.
// Its text is not cleaned.
func (x *Client) withoutURL(ctx, limited context.Context, err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	text := err.Error()
	if limited.Err() != nil && ctx.Err() == nil {
		text = fmt.Sprintf("no answer within %s", x.cfg.Timeout)
	}
	return &transportError{text: text, cause: err}
}

// cleaned returns err with a text from which everything that was sent is
// removed.
func cleaned(err error, red *redact.Redactor) error {
	if t, ok := errors.AsType[*transportError](err); ok {
		return &transportError{text: red.Clean(t.text), cause: t.cause}
	}
	return err
}
