package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/webexscim/bulk/internal/bulkref"
	"github.com/webexscim/bulk/internal/location"
)

// Validate checks the operation by itself, as every job does before it sends
// it: its method, path and bulkId, that a POST or PATCH has Data and a DELETE
// has none, that Data is one JSON object in UTF-8, and that a PATCH has changes
// (see [Change] for those that are refused). The service checks the content of
// the object. The error wraps ErrInvalid and says what was expected; it holds
// no data. If Refused is set, that error is returned.
func (o Operation) Validate() error {
	_, err := o.read(&marshaler{})
	return err
}

// read checks an operation and returns the content of its data.
func (o Operation) read(m *marshaler) (content, error) {
	if o.Refused != nil {
		return content{}, o.Refused
	}
	data, err := m.data(o)
	if err != nil {
		return content{}, marshalError(err)
	}
	if err := o.checkTarget(); err != nil {
		return content{}, err
	}
	return o.readData(data)
}

// marshalError is the error of a Change that cannot be sent. Other errors of
// encoding/json can quote data, and are replaced.
func marshalError(err error) error {
	if m, ok := errors.AsType[*json.MarshalerError](err); ok && errors.Is(m.Err, ErrInvalid) {
		return m.Err
	}
	return fmt.Errorf("%w: data cannot be written as JSON", ErrInvalid)
}

func (o Operation) checkTarget() error {
	switch o.Method {
	case MethodPost, MethodPatch, MethodDelete:
	case "":
		return fmt.Errorf("%w: no method, expected POST, PATCH or DELETE", ErrInvalid)
	default:
		return fmt.Errorf("%w: method %.20q, expected POST, PATCH or DELETE", ErrInvalid, o.Method)
	}
	if !utf8.ValidString(o.Path) || !utf8.ValidString(o.BulkID) {
		return fmt.Errorf("%w: path or bulkId is not UTF-8", ErrInvalid)
	}
	if o.hasPath() {
		return nil
	}
	expected := `expected a resource such as "/Users/<id>"`
	if o.Method == MethodPost {
		expected = `expected a type such as "/Users"`
	}
	return fmt.Errorf("%w: path of a %s, %s", ErrInvalid, o.Method, expected)
}

// hasPath reports whether the path of a POST is a type, and that of another
// method one resource of a type. A path that a server could normalize to
// another one is refused: it could name another organization's endpoint.
func (o Operation) hasPath() bool {
	rest, ok := strings.CutPrefix(o.Path, "/")
	kind, id, deep := strings.Cut(rest, "/")
	if !ok || kind == "" || strings.ContainsFunc(kind, func(r rune) bool { return r|0x20 < 'a' || r|0x20 > 'z' }) {
		return false
	}
	if o.Method == MethodPost {
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
