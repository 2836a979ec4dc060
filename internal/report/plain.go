package report

import (
	"regexp"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/terminal"
)

// Plain is the text of an error for a person who runs a job. It replaces the
// terms of the network, the operating system and Go's libraries by plain words.
func Plain(err error) terminal.Text { return terminal.Text(plain(string(terminal.ErrorText(err)))) }

// PlainCodes is Plain with nothing of what a service says but status, codes and
// tracking id: where others may read it, as in a log.
func PlainCodes(err error) terminal.Text {
	return terminal.Text(plain(withoutWords(err, string(terminal.ErrorText(err)))))
}

func plain(text string) string {
	if !slices.ContainsFunc(signs, func(sign string) bool { return strings.Contains(text, sign) }) {
		return text // as nearly all that a service says
	}
	for _, p := range phrases {
		text = p.jargon.ReplaceAllString(text, p.words)
	}
	return text
}

// signs are what a text has that one of the phrases is in: to look for them all
// takes a third of a millisecond.
var signs = []string{
	"canceled", "deadline", "tcp", "socks", "lookup ", "http", "HTTP", "EOF", "tls: ", "x509: ", "status 3", "endpoint: status ",
	"interrupted", "journal: journal", "is full", "stat ", "client: ", "exchange: ", "access: ",
}

// phrases are what net, net/http, crypto/tls, crypto/x509 and context say, and
// what it means. What is longer comes first.
var phrases = []struct {
	jargon *regexp.Regexp
	words  string
}{
	// Interruption.
	{regexp.MustCompile(`\b(net/http: request canceled|operation was canceled|context canceled)( while waiting for connection| \(Client[^)]*\))?`), "interrupted"},
	{regexp.MustCompile(`\bcontext deadline exceeded( \(Client[^)]*\))?`), "the time allowed is over"},
	// Reaching the service.
	{regexp.MustCompile(`\bproxyconnect tcp: `), "the proxy: "},
	{regexp.MustCompile(`\bsocks connect \S+: `), "the proxy: "},
	{regexp.MustCompile(`\b(?:dial tcp: )?lookup (\S+?)(?: on \S+)?: no such host`), "there is no host named $1"},
	{regexp.MustCompile(`\b(?:dial tcp: )?lookup (\S+?)(?: on \S+)?: (?:.*: )?(?:i/o timeout|server misbehaving|connection refused|Temporary failure in name resolution|network is unreachable)`), "the name server does not say where $1 is"},
	{regexp.MustCompile(`\bdial tcp ([^\s>]+): connect: connection refused`), "nothing answers at $1 (connection refused)"},
	{regexp.MustCompile(`\bdial tcp ([^\s>]+): (?:connect: )?(?:i/o timeout|connection timed out|operation timed out)`), "$1 does not answer"},
	{regexp.MustCompile(`\bdial tcp ([^\s>]+): connect: ([^:;]+)`), "$1 is not reached ($2)"},
	{regexp.MustCompile(`\b(?:read|write) tcp \S+: (?:i/o timeout|(?:read|write): connection timed out)`), "the service does not answer"},
	{regexp.MustCompile(`\bnet/http: (?:TLS handshake timeout|timeout awaiting response headers)`), "the service does not answer"},
	{regexp.MustCompile(`\b(?:read|write) tcp \S+: (?:(?:read|write): )?(?:connection reset by peer|broken pipe|use of closed network connection|wsarecv: .*)`), "the connection was cut"},
	{regexp.MustCompile(`\b(?:http: server closed idle connection|http2: [^;:]*connection[^;:]*|unexpected EOF|EOF)`), "the connection was cut"},
	{regexp.MustCompile(`\blisten tcp (\S+): bind: address already in use`), "$1 is in use already"},
	{regexp.MustCompile(`\blisten tcp (\S+): bind: `), "$1: "},
	// The identity of the service.
	{regexp.MustCompile(`\bhttp: server gave HTTP response to HTTPS client`), "there is http, not https, at this address"},
	{regexp.MustCompile(`(?:\btls: failed to verify certificate: )?\bx509: certificate signed by unknown authority(?: \(.*?"\))?`), "its certificate is of an authority that this computer does not trust"},
	{regexp.MustCompile(`(?:\btls: failed to verify certificate: )?\bx509: certificate is valid for (.+?), not ([^\s,;]+)`), "its certificate is for $1, not for $2"},
	{regexp.MustCompile(`(?:\btls: failed to verify certificate: )?\bx509: certificate has expired or is not yet valid: `), "its certificate is not valid at this time: "},
	{regexp.MustCompile(`(?:\btls: failed to verify certificate: )?\bx509: `), "its certificate: "},
	{regexp.MustCompile(`\b(?:remote error: )?tls: `), "the encryption: "},
	{regexp.MustCompile(`\bmalformed HTTP (?:response|status code|version) (?:"(?:[^"\\]|\\.)*")?`), "what answers does not speak http"},
	{regexp.MustCompile(`\bno such organization or endpoint: status (3\d\d)\b`), "redirected elsewhere, which is not followed: status $1"},
	{regexp.MustCompile(`\bno such organization or endpoint: status (40[267]|41[145]|42[168]|431|451|501)\b`), "the request is not taken, by the service or something in between: status $1"},
	{regexp.MustCompile(`\bnet/http: HTTP/1\.x transport connection broken: malformed .*`), "what answers does not speak http"},
	// Repetitions from wrapped errors.
	{regexp.MustCompile(`\binterrupted(?:[;:,\s]+interrupted\b)+`), "interrupted"},
	{regexp.MustCompile(`\bjournal: journal\b`), "journal"},
	{regexp.MustCompile(`: (?:BEGIN EXCLUSIVE: )?database or disk is full \(13\)`), ""},
	{regexp.MustCompile(`\bl?stat ([^\s:]+: )`), "$1"},
	{regexp.MustCompile(`\b(?:client|exchange|access): `), ""},
}
