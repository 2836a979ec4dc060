package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/webexscim/bulk/internal/bulkref"
)

// Validate checks the operation by itself, as it will be checked before it is
// sent: its method, path and bulkId, that Data is there just when the method
// needs it and is one JSON object in UTF-8, and that a PATCH has changes. What
// stands in the object is for the service to judge. The error wraps ErrInvalid
// and says what was expected; it holds no data.
func (o Operation) Validate() error {
	_, _, err := o.check()
	return err
}

// check is Validate. It returns what it had to make for it: the data as it
// travels, and the references in it.
func (o Operation) check() (json.RawMessage, []bulkref.Reference, error) {
	data, err := o.marshaled()
	if err != nil {
		return nil, nil, fmt.Errorf("%w: data cannot be written as JSON", ErrInvalid)
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

// checkData also holds data to UTF-8 (RFC 8259 section 8.1), which
// encoding/json does not: a service can fail to read the whole request.
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

// hasChanges reports whether the data of a PATCH may hold any. Only null stands
// for none that were made: it is no list of changes, and can cost the whole
// request where types are strict. An empty list is for the service to judge.
func hasChanges(data []byte) bool {
	var body struct{ Operations json.RawMessage }
	return json.Unmarshal(data, &body) != nil || string(body.Operations) != "null"
}

// checkPath expects a type for a POST, one resource of a type otherwise. A
// path that a server could read as another one is refused: it could name
// another organization's endpoint.
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

// isPathID reports whether a segment can be an id, escapes and all.
func isPathID(segment string) bool {
	plain, err := url.PathUnescape(segment)
	return err == nil && isID(plain) && !strings.ContainsAny(plain, `/\`) && !strings.ContainsAny(segment, "?# ")
}
