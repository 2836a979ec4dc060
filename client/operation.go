package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/webexscim/bulk/internal/facts"
	"github.com/webexscim/bulk/internal/rawjson"
)

// The methods that Webex accepts in a Bulk request; it has no PUT
// (developer.webex.com/docs/api/v1/scim2-bulk).
const (
	MethodPost   = "POST"
	MethodPatch  = "PATCH"
	MethodDelete = "DELETE"
)

// Operation is one change of one resource, the equivalent of a single SCIM
// request. The zero value is not valid: a Method and a Path are needed.
//
// It prints and logs its method, path and bulkId, but never its Data, with any
// verb of package fmt and inside of other values too. Two ways around that
// remain: package fmt cannot call the methods of a value in an unexported
// field, and encoding/json writes all fields.
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
	// operation is read from its source, before the source continues: a copy is
	// sent, and later changes of maps, slices and pointers in Data have no effect.
	// Do reads all operations before it returns. A json.RawMessage or []byte is
	// sent byte for byte.
	Data any
	// Refused keeps an operation from being sent, where it is not nil: the result
	// is Failed, with this error. It is for a source that checks an operation when
	// its turn comes, and finds that it must not be done any more.
	Refused error `json:"-"`
}

// Ref returns the text that stands for the resource created under bulkID:
// as a value anywhere in Data, or as the last segment of a Path.
func Ref(bulkID string) string { return "bulkId:" + bulkID }

// String returns method, path and bulkId.
func (o Operation) String() string {
	if o.Method == "" && o.Path == "" {
		return "empty operation"
	}
	text := printable(o.Method) + " " + printable(o.Path)
	if o.BulkID != "" {
		text += fmt.Sprintf(" (bulkId %q)", o.BulkID)
	}
	return text
}

// Format implements fmt.Formatter: every verb prints String.
func (o Operation) Format(s fmt.State, verb rune) { printString(s, verb, o.String()) }

// LogValue implements slog.LogValuer with method, path and bulkId.
func (o Operation) LogValue() slog.Value { return slog.GroupValue(o.logAttrs()...) }

func (o Operation) logAttrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("method", o.Method), slog.String("path", o.Path)}
	if o.BulkID != "" {
		attrs = append(attrs, slog.String("bulkId", o.BulkID))
	}
	return attrs
}

// printString prints text for all verbs, since the default of a verb that a
// type does not handle prints its fields. Width and flags such as %-30v hold.
func printString(s fmt.State, verb rune, text string) {
	directive := fmt.FormatString(s, 's')
	if verb == 'q' {
		directive = fmt.FormatString(s, 'q')
	}
	fmt.Fprintf(s, directive, text)
}

// printable escapes control characters and marks that change the direction of
// text, which a terminal could obey.
func printable(s string) string {
	quoted := strconv.Quote(s)
	return quoted[1 : len(quoted)-1]
}

// marshaler writes data as JSON. Its buffers serve one operation after the
// other. The zero value is ready for use.
type marshaler struct {
	buf bytes.Buffer
	enc *json.Encoder

	facts facts.Reader
}

// data returns a copy of an operation's Data as the bytes that are sent, nil
// when there is none.
func (m *marshaler) data(o Operation) (json.RawMessage, error) {
	switch d := o.Data.(type) {
	case nil:
		return nil, nil
	case json.RawMessage:
		return append(json.RawMessage(nil), d...), nil
	case []byte:
		return append(json.RawMessage(nil), d...), nil
	}
	if m.enc == nil {
		m.enc = rawjson.NewEncoder(&m.buf)
	}
	m.buf.Reset()
	if err := m.enc.Encode(o.Data); err != nil {
		return nil, err
	}
	return bytes.Clone(bytes.TrimSuffix(m.buf.Bytes(), []byte("\n"))), nil
}
