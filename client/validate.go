package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/webexscim/bulk/internal/bulkref"
)

// Validate checks the operation by itself, as every job does before it sends it:
// its method, path and bulkId, that a POST or PATCH has Data and a DELETE has
// none, that Data is one JSON object in UTF-8, and that a PATCH has changes (see
// [Change] for those that are refused). The service checks the content of the
// object. The error wraps ErrInvalid and says what was expected; it holds no data.
// That of an operation which is Refused is its own.
func (o Operation) Validate() error {
	_, _, err := o.check()
	return err
}

// check is Validate; it also returns the data as it is sent, and the references
// in it.
func (o Operation) check() (json.RawMessage, []bulkref.Reference, error) {
	if o.Refused != nil {
		return nil, nil, o.Refused
	}
	data, err := o.marshaled()
	if err != nil {
		return nil, nil, marshalError(err)
	}
	if err := o.checkTarget(); err != nil {
		return nil, nil, err
	}
	refs, err := o.checkData(data)
	if err != nil {
		return nil, nil, err
	}
	return data, refs, nil
}

// marshalError is the error of a Change that says what is wrong with it; other
// errors of encoding/json can quote data.
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
	return o.checkPath()
}

// checkData also requires UTF-8 (RFC 8259 section 8.1), which encoding/json does
// not: a service could fail to read the whole request.
func (o Operation) checkData(data json.RawMessage) ([]bulkref.Reference, error) {
	if o.Method == MethodDelete {
		if data != nil {
			return nil, fmt.Errorf("%w: data in a DELETE, expected none", ErrInvalid)
		}
		return nil, nil
	}
	switch start := bytes.TrimSpace(data); {
	case len(start) == 0:
		return nil, fmt.Errorf("%w: no data, expected a JSON object in a %s", ErrInvalid, o.Method)
	case start[0] != '{':
		return nil, fmt.Errorf("%w: data is not a JSON object, as a %s needs", ErrInvalid, o.Method)
	case !utf8.Valid(data):
		return nil, fmt.Errorf("%w: data is not UTF-8", ErrInvalid)
	}
	refs, err := bulkref.Scan(nil, data)
	if err != nil {
		return nil, fmt.Errorf("%w: data: %w", ErrInvalid, err)
	}
	if o.Method == MethodPatch && !hasChanges(data) {
		return nil, fmt.Errorf("%w: no changes in a PATCH, expected one or more in Operations", ErrInvalid)
	}
	return refs, nil
}

// hasChanges reports whether the data of a PATCH may hold changes. Only null,
// which a service could refuse with the whole request, counts as none; an empty
// list is left to the service.
func hasChanges(data []byte) bool {
	var body struct{ Operations json.RawMessage }
	return json.Unmarshal(data, &body) != nil || string(body.Operations) != "null"
}

// checkPath expects a type for a POST, one resource of a type otherwise. A path
// that a server could normalize to another one is refused: it could name another
// organization's endpoint.
func (o Operation) checkPath() error {
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
	isReference := len(bulkref.ScanPath(id)) == 1
	if !deep || strings.Contains(id, "/") || !isReference && !isPathID(id) {
		return wrong
	}
	return nil
}

// isPathID reports whether a segment of a path can be an escaped id.
func isPathID(segment string) bool {
	plain, err := url.PathUnescape(segment)
	return err == nil && isID(plain) && !strings.ContainsAny(segment, "?# ")
}
