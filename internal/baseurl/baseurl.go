// Package baseurl holds the rule for the address of a service: scheme and host,
// and no unencrypted traffic with another machine.
//
//	base, err := baseurl.Parse("https://webexapis.com/")
//	base.String() // https://webexapis.com
package baseurl

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// Parse returns the url of a service, its host in lower case and without a
// slash at the end. The error says what was expected: nothing but scheme and
// host, and https unless the host is this machine, since tokens and data go
// there.
func Parse(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New(`expected a url such as "https://webexapis.com"`)
	case strings.Trim(u.Path, "/") != "":
		return nil, errors.New("expected scheme and host only; the client adds /identity/scim/{org}/v2")
	case u.Scheme != "https" && (u.Scheme != "http" || !IsLoopback(u.Hostname())):
		return nil, errors.New("expected https, or http to this machine (127.0.0.1, ::1, localhost)")
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}, nil
}

// IsLoopback reports whether a host, a name or an address without a port, is
// this machine.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
