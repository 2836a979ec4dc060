package client

import (
	"bytes"
	"encoding/json"
)

// The methods that Webex takes in a Bulk request; it has no PUT
// (developer.webex.com/docs/api/v1/scim2-bulk).
const (
	MethodPost   = "POST"
	MethodPatch  = "PATCH"
	MethodDelete = "DELETE"
)

// Operation is one change of one resource: what a single SCIM request would
// be. The zero value is not valid: a Method and a Path are needed.
type Operation struct {
	// Method is POST, PATCH or DELETE, in upper case.
	Method string
	// Path is relative to the SCIM root: "/Users" or "/Groups" for a POST, a
	// resource such as "/Groups/<id>" or "/Groups/bulkId:<name>" otherwise.
	Path string
	// BulkID names the resource that a POST creates, for references from other
	// operations of the job (RFC 7644 section 3.7.2). It is unique in a job.
	// Empty: one is assigned when the operation is sent.
	BulkID string
	// Data is the body of a POST or PATCH. It is marshaled once, when the
	// operation is planned; a json.RawMessage travels byte for byte.
	Data any
}

// Ref returns the text that stands for the resource created under bulkID:
// as a value anywhere in Data, or as the last segment of a Path.
func Ref(bulkID string) string { return "bulkId:" + bulkID }

// marshaled returns Data as the bytes that travel, nil when there is none.
func (o Operation) marshaled() (json.RawMessage, error) {
	switch d := o.Data.(type) {
	case nil:
		return nil, nil
	case json.RawMessage:
		return append(json.RawMessage(nil), d...), nil
	case []byte:
		return append(json.RawMessage(nil), d...), nil
	}
	return marshalPlain(o.Data)
}

// marshalPlain is json.Marshal without its escapes for HTML, so that text
// travels as its owner wrote it.
func marshalPlain(v any) (json.RawMessage, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
