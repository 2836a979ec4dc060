package bulkapi

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptrace"
	"sync/atomic"
)

// progress follows a request through the transport, to tell afterwards whether
// it can have reached the service.
type progress struct {
	seen atomic.Bool // the transport reports at all
	left atomic.Bool // a header was written: from here on the service may act
}

// trace hears the reports of the transport, from several goroutines. A request
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
	return is[*net.DNSError](err) || is[*tls.CertificateVerificationError](err) || is[tls.RecordHeaderError](err) ||
		is[x509.UnknownAuthorityError](err) || is[x509.HostnameError](err) || is[x509.CertificateInvalidError](err)
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
