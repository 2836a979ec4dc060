package facts

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/webexscim/bulk/internal/bulkref"
	"github.com/webexscim/bulk/internal/engine"
	"github.com/webexscim/bulk/internal/location"
)

// ErrInvalid: the operation breaks a rule of the contract.
var ErrInvalid = errors.New("invalid operation")

const post, patch, del = "POST", "PATCH", "DELETE"

func methodOf(text string) engine.Method {
	switch text {
	case patch:
		return engine.Patch
	case del:
		return engine.Delete
	}
	return engine.Post
}

// checkTarget checks what an operation does to which resource.
func checkTarget(in Given) error {
	switch in.Method {
	case post, patch, del:
	case "":
		return fmt.Errorf("%w: no method, expected POST, PATCH or DELETE", ErrInvalid)
	default:
		return fmt.Errorf("%w: method %.20q, expected POST, PATCH or DELETE", ErrInvalid, in.Method)
	}
	if !utf8.ValidString(in.Path) || !utf8.ValidString(in.BulkID) {
		return fmt.Errorf("%w: path or bulkId is not UTF-8", ErrInvalid)
	}
	if hasPath(in) {
		return nil
	}
	expected := `expected a resource such as "/Users/<id>"`
	if in.Method == post {
		expected = `expected a type such as "/Users"`
	}
	return fmt.Errorf("%w: path of a %s, %s", ErrInvalid, in.Method, expected)
}

// hasPath reports whether the path of a POST is a type, and that of another
// method one resource of a type. A path that a server could normalize to
// another one is refused: it could name another organization's endpoint.
func hasPath(in Given) bool {
	rest, ok := strings.CutPrefix(in.Path, "/")
	kind, id, deep := strings.Cut(rest, "/")
	if !ok || kind == "" || strings.ContainsFunc(kind, func(r rune) bool { return r|0x20 < 'a' || r|0x20 > 'z' }) {
		return false
	}
	if in.Method == post {
		return !deep
	}
	isReference := len(bulkref.ScanPath(id)) == 1
	return deep && !strings.Contains(id, "/") && (isReference || isPathID(id))
}

// isPathID reports whether a segment of a path can be an escaped id.
func isPathID(segment string) bool {
	plain, err := url.PathUnescape(segment)
	return err == nil && location.IsID(plain) && !strings.ContainsAny(segment, "?# ")
}
