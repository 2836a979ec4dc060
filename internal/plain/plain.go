// Package plain words errors for the people who run a job: without the terms of
// the network, the operating system and Go's libraries.
//
//	fmt.Fprintln(os.Stderr, plain.Text(err)) // nothing answers at 127.0.0.1:1 (connection refused)
package plain

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/terminal"
)

// Text is the text of an error for a terminal.
func Text(err error) terminal.Text {
	return terminal.Text(worded(err, string(terminal.ErrorText(err))))
}

// TextOfCodes is Text for places that others may read, such as a log: of a
// refusal it gives only the status, codes and tracking id.
func TextOfCodes(err error) terminal.Text {
	return terminal.Text(worded(err, withoutWords(err, string(terminal.ErrorText(err)))))
}

// Raw is the text of an error as it is, nothing escaped, with the words of the
// service.
func Raw(err error) string { return worded(err, err.Error()) }

// RawOfCodes is Raw for machines, pages and files that others may read.
func RawOfCodes(err error) string { return worded(err, withoutWords(err, err.Error())) }

const (
	interrupted = "interrupted"
	timeIsOver  = "the time allowed is over"
	noAnswer    = "the service does not answer"
	cut         = "the connection was cut"
	notHTTP     = "what answers does not speak http"
)

// worded is text, the text of err, in plain words.
func worded(err error, text string) string {
	text = inWords(err, text)
	if e := Refusal(err); e != nil && errors.Is(err, client.ErrEndpoint) {
		text = strings.Replace(text, client.ErrEndpoint.Error(), endpointWords(e.Status), 1)
	}
	for _, between := range []string{": ", "; ", ", "} {
		for twice := interrupted + between + interrupted; strings.Contains(text, twice); {
			text = strings.ReplaceAll(text, twice, interrupted)
		}
	}
	return repeated.Replace(strings.TrimPrefix(text, "client: "))
}

// repeated removes texts that wrapped errors repeat or that their packages add.
var repeated = strings.NewReplacer("journal: journal ", "journal ", ": client: ", ": ", "\nclient: ", "\n",
	"net/http: HTTP/1.x transport connection broken: ", "",
	": BEGIN EXCLUSIVE: database or disk is full (13)", "", ": database or disk is full (13)", "")

// endpointWords says why a status means that there is no endpoint.
func endpointWords(status int) string {
	switch {
	case status/100 == 3:
		return "redirected elsewhere, which is not followed"
	case slices.Contains(notTaken, status):
		return "the request is not taken, by the service or something in between"
	}
	return client.ErrEndpoint.Error()
}

// notTaken are statuses about the form or the target of a request (RFC 9110
// section 15).
var notTaken = []int{402, 406, 407, 411, 414, 415, 421, 426, 428, 431, 451, 501}

// inWords replaces the texts of known errors in err by plain words. The texts
// of wrapped errors stand at the end.
func inWords(err error, text string) string {
	if words := wordsFor(err); words != "" {
		return replaceLast(replaceLast(text, err.Error(), words), terminal.Escape(err.Error()), terminal.Escape(words))
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return inWords(inner, text)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range slices.Backward(e.Unwrap()) { // from the end of the text
			text = inWords(inner, text)
		}
		return text
	}
	if inner := hiddenCause(err); inner != nil {
		return inWords(inner, text)
	}
	return replaceLast(text, err.Error(), leafWords(err))
}

// hiddenCause returns the cause of an error that errors.As can find but Unwrap
// does not return, so that its url is not printed; nil if there is none.
func hiddenCause(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return e
	}
	return nil
}

func replaceLast(text, old, new string) string {
	i := strings.LastIndex(text, old)
	if i < 0 || old == new {
		return text
	}
	return text[:i] + new + text[i+len(old):]
}

// wordsFor says what an error of a known type means, "" for others.
func wordsFor(err error) string {
	switch e := err.(type) {
	case *net.OpError:
		return networkWords(e)
	case *net.DNSError:
		if e.IsNotFound {
			return "there is no host named " + e.Name
		}
		return "the name server does not say where " + e.Name + " is"
	case *tls.CertificateVerificationError:
		return certificateWords(e.Err)
	case x509.UnknownAuthorityError, x509.HostnameError, x509.CertificateInvalidError, x509.SystemRootsError:
		return certificateWords(err)
	case *fs.PathError:
		if e.Op == "stat" || e.Op == "lstat" {
			return e.Path + ": " + e.Err.Error()
		}
	}
	return ""
}

// leafWords is the text of an error that wraps none, in plain words.
func leafWords(err error) string {
	text := err.Error()
	for _, known := range leafTexts {
		if before, _, ok := strings.Cut(text, known.text); ok {
			return before + known.words
		}
	}
	if e, ok := err.(net.Error); ok && e.Timeout() {
		return noAnswer
	}
	if before, ok := strings.CutSuffix(text, "EOF"); ok {
		return before + cut
	}
	return strings.Replace(text, "tls: ", "the encryption: ", 1)
}

// leafTexts are errors of context, net and net/http without an exported type,
// or with more text after the known one. That text is left out.
var leafTexts = [...]struct{ text, words string }{
	{"context canceled", interrupted},
	{"operation was canceled", interrupted},
	{"context deadline exceeded", timeIsOver},
	{"net/http: request canceled", interrupted},
	{"unexpected EOF", cut},
	{"http: server closed idle connection", cut},
	{"http2: client conn", cut},
	{"http2: Transport received", cut},
	{"http2: server sent GOAWAY", cut},
	{"http: server gave HTTP response to HTTPS client", "there is http, not https, at this address"},
	{"malformed HTTP ", notHTTP},
}

// networkWords says what failed on the way to the service.
func networkWords(e *net.OpError) string {
	reason := e.Err
	if system, ok := errors.AsType[*os.SyscallError](e.Err); ok {
		reason = system.Err
	}
	switch e.Op {
	case "dial":
		return dialWords(e, reason)
	case "proxyconnect", "socks connect":
		return "the proxy: " + inWords(e.Err, e.Err.Error())
	case "listen":
		if errors.Is(reason, syscall.EADDRINUSE) {
			return fmt.Sprintf("%v is in use already", e.Addr)
		}
		return fmt.Sprintf("%v: %v", e.Addr, reason)
	case "remote error", "local error":
		return "the encryption: " + strings.TrimPrefix(reason.Error(), "tls: ")
	}
	switch {
	case errors.Is(reason, context.Canceled):
		return interrupted
	case e.Timeout():
		return noAnswer
	}
	return cut
}

// dialWords says why there is no connection.
func dialWords(e *net.OpError, reason error) string {
	_, unnamed := errors.AsType[*net.DNSError](reason)
	switch {
	case unnamed, errors.Is(reason, context.Canceled), e.Addr == nil:
		return inWords(reason, reason.Error())
	case errors.Is(reason, syscall.ECONNREFUSED):
		return fmt.Sprintf("nothing answers at %v (connection refused)", e.Addr)
	case e.Timeout():
		return fmt.Sprintf("%v does not answer", e.Addr)
	}
	return fmt.Sprintf("%v is not reached (%v)", e.Addr, reason)
}

// certificateWords says why the service's certificate is not accepted.
func certificateWords(err error) string {
	text := strings.TrimPrefix(err.Error(), "x509: ")
	switch e := err.(type) {
	case x509.UnknownAuthorityError:
		return "its certificate is of an authority that this computer does not trust"
	case x509.HostnameError:
		if names, host, ok := strings.Cut(text, ", not "); ok {
			return strings.Replace(names, "certificate is valid for ", "its certificate is for ", 1) + ", not for " + host
		}
	case x509.CertificateInvalidError:
		if e.Reason == x509.Expired {
			return "its certificate is not valid at this time: " + e.Detail
		}
	}
	if strings.HasPrefix(text, "certificate ") {
		return "its " + text
	}
	return "its certificate: " + text
}
