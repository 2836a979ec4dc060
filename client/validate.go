package client

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/webexscim/bulk/internal/reference"
)

// Validate checks the operation by itself, as it will be checked before it is
// sent: its method, path and bulkId, and that Data is there just when the
// method needs it. The error wraps ErrInvalid and says what was expected; it
// holds no data.
func (o Operation) Validate() error {
	data, err := o.marshalled()
	if err != nil {
		return fmt.Errorf("%w: data cannot be written as JSON", ErrInvalid)
	}
	return o.validate(data)
}

func (o Operation) validate(data []byte) error {
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
	if err := o.validatePath(); err != nil {
		return err
	}
	if o.Method == MethodDelete {
		if data != nil {
			return fmt.Errorf("%w: data in a DELETE, expected none", ErrInvalid)
		}
		return nil
	}
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return fmt.Errorf("%w: no data, expected a JSON object in a %s", ErrInvalid, o.Method)
	}
	if data[0] != '{' {
		return fmt.Errorf("%w: data is not a JSON object, as a %s needs", ErrInvalid, o.Method)
	}
	return nil
}

// validatePath expects a type for a POST, one resource of a type otherwise. A
// path that a server could read as another one is refused: it could name
// another organisation's endpoint.
func (o Operation) validatePath() error {
	expected := `expected a resource such as "/Users/<id>"`
	if o.Method == MethodPost {
		expected = `expected a type such as "/Users"`
	}
	wrong := fmt.Errorf("%w: path of a %s, %s", ErrInvalid, o.Method, expected)
	rest, ok := strings.CutPrefix(o.Path, "/")
	if !ok {
		return wrong
	}
	kind, id, deep := strings.Cut(rest, "/")
	if kind == "" || strings.Trim(kind, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" {
		return wrong
	}
	if o.Method == MethodPost {
		if deep {
			return wrong
		}
		return nil
	}
	isReference := len(reference.ScanPath(id)) == 1
	if !deep || strings.Contains(id, "/") || !isReference && !isPathID(id) {
		return wrong
	}
	return nil
}

// isPathID reports whether a segment can be an id, escapes and all.
func isPathID(segment string) bool {
	plain, err := url.PathUnescape(segment)
	return err == nil && isID(plain) && !strings.ContainsAny(plain, `/\`) && !strings.ContainsAny(segment, "?# ")
}
