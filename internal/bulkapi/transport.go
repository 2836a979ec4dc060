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

// progress follows a request through the transport, to tell afterwards whether
// it can have reached the service.
type progress struct {
	seen atomic.Bool // the transport reports at all
	left atomic.Bool // a header was written: from here on the service may act
}

// trace gets the reports of the transport, from several goroutines. A request
// that has left stays so: when net/http turns to another connection because a
// kept one is dead, it has reported a header that went no further than its
// buffer, but a transport that repeats a request by itself reports the same.
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

// kind is that of a request which ended with err of the transport. If the
// transport reports nothing, it is NotSent only for errors that cannot occur
// later.
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

// transportError says why there is no answer. Its text is kept apart from its
// cause so that it can be cleaned. The text of the cause may quote an answer,
// so the cause is open to errors.Is and errors.As, but not to Unwrap.
type transportError struct {
	text  string
	cause error
}

func (e *transportError) Error() string        { return e.text }
func (e *transportError) Is(target error) bool { return errors.Is(e.cause, target) }
func (e *transportError) As(target any) bool   { return errors.As(e.cause, target) }

// withoutURL is err, that of the transport, without the url of the request. Its
// text is not yet clean.
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

// cleaned is err with nothing in its text that was sent.
func cleaned(err error, red *redact.Redactor) error {
	if t, ok := errors.AsType[*transportError](err); ok {
		return &transportError{text: red.Clean(t.text), cause: t.cause}
	}
	return err
}
