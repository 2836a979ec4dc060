package transport

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/internal/redact"
	"github.com/webexscim/bulk/wire"
)

// Error is an error of the service about a request, or about a part of it that
// has a status of its own. Its text has the words of the service only after
// Clean.
type Error struct {
	// Status is the HTTP status of the request, or of the part.
	Status int
	// ErrorCode is the service's own code, digits or a word, or "".
	ErrorCode string
	// ScimType is RFC 7644's word for the error (section 3.12), or "".
	ScimType string
	// TrackingID is the service's name for the request, to be quoted to its
	// support, or "".
	TrackingID string
	// Details are the texts of the service, as they came, except for the token and
	// their length. They may quote personal data: Error does not.
	Details []string

	note  string // our own remark on the answer
	cause error  // why it could not be read
	safe  string // Details without the data of the request
	spoke bool   // it has a form in which SCIM or Webex services speak of errors
}

// Error is one line: the status, the codes, the texts without the data that was
// sent, and the tracking id.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("status ")
	b.WriteString(strconv.Itoa(e.Status))
	if e.ErrorCode != "" {
		b.WriteString(", error code " + e.ErrorCode)
	}
	if e.ScimType != "" {
		b.WriteString(", " + e.ScimType)
	}
	if e.note != "" {
		b.WriteString(", " + e.note)
	}
	if e.safe != "" {
		b.WriteString(": " + e.safe)
	}
	if e.TrackingID != "" {
		b.WriteString(" (tracking id " + e.TrackingID + ")")
	}
	return b.String()
}

// Unwrap returns why an answer could not be read to its end, nil if it could.
func (e *Error) Unwrap() error { return e.cause }

// Bounds of an error, in bytes and texts.
const (
	maxDetail  = 4 << 10
	maxDetails = 16
	maxShown   = 600
)

// Clean makes the text of the error, without the token and the values that red
// knows. Texts are cut only when the token is out of them: a part of it would
// not be found. Codes are also shown where texts are not: one that may hold a
// value is hidden whole.
func (e *Error) Clean(red *redact.Redactor) {
	for i, text := range e.Details {
		e.Details[i] = shorten(red.Token.Mask(text), maxDetail)
	}
	codes := map[*string]int{&e.ErrorCode: redact.Shortest, &e.ScimType: redact.Shortest, &e.TrackingID: redact.Certain}
	for code, least := range codes {
		if *code != "" && (!codeForm.MatchString(*code) || red.Reveals(*code, least)) {
			*code = redact.Hidden
		}
	}
	e.safe = shorten(red.Clean(strings.Join(e.Details, "; ")), maxShown)
}

// codeForm is the form of a code or a tracking id: one word, of few characters.
var codeForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}$`)

// fault has the members of all forms of error that services use. Each may be
// missing, or of another type: texts come as lists and objects too.
type fault struct {
	Schemas     wire.Texts      `json:"schemas"`           // RFC 7644 section 3.12
	Status      wire.Status     `json:"status"`            // likewise
	ScimType    wire.Text       `json:"scimType"`          // likewise
	Detail      json.RawMessage `json:"detail"`            // likewise
	Details     json.RawMessage `json:"details"`           // the Webex extension
	ErrorCode   wire.Text       `json:"errorCode"`         // the extension, and general Webex errors
	TrackingID  wire.Text       `json:"trackingId"`        // likewise
	Message     json.RawMessage `json:"message"`           // general Webex errors
	Errors      json.RawMessage `json:"errors"`            // likewise
	Description json.RawMessage `json:"description"`       // of one of these
	OAuth       json.RawMessage `json:"error"`             // RFC 6749 section 5.2
	OAuthText   json.RawMessage `json:"error_description"` // likewise

	Extension *fault `json:"urn:scim:schemas:extension:cisco:webexidentity:api:messages:2.0:Error"`
}

// Bounds of an error within an error, and of JSON in a string, in bytes: its
// values were not counted when the answer was read.
const (
	deepestError = 3
	maxInner     = 64 << 10
)

// ReadError reads an error in any of its forms: an object, JSON in a string,
// plain text, a list of these. Anything else, such as HTML, leaves the error
// empty.
func ReadError(raw []byte) *Error {
	e := new(Error)
	e.add(trim(raw), 0)
	return e
}

// add fills the empty members of the error from raw, and adds its texts.
func (e *Error) add(raw []byte, depth int) {
	if len(raw) == 0 || depth > deepestError {
		return
	}
	switch c := raw[0]; {
	case c == '{':
		var f fault
		_ = json.Unmarshal(raw, &f) // a member of another type costs only itself
		e.addFault(&f, depth)
	case c == '[':
		var list []json.RawMessage
		_ = json.Unmarshal(raw, &list)
		for _, entry := range list[:min(len(list), maxDetails)] {
			e.add(entry, depth+1)
		}
	case c == '"':
		var text string
		_ = json.Unmarshal(raw, &text)
		if inner := trim([]byte(text)); len(inner) <= maxInner && json.Valid(inner) {
			e.add(inner, depth+1)
		} else {
			e.say(text)
		}
	case depth > 0 && strings.IndexByte("-0123456789", c) >= 0:
		e.say(string(raw))
	}
}

// addFault adds an object, the more special forms first. The service speaks in
// the forms of SCIM, Webex and OAuth; a message or a status alone does not show
// that, since gateways and firewalls have these too.
func (e *Error) addFault(f *fault, depth int) {
	if f.Extension != nil {
		e.addFault(f.Extension, depth)
	}
	e.Status = cmp.Or(e.Status, int(f.Status))
	e.ScimType = cmp.Or(e.ScimType, string(f.ScimType))
	e.ErrorCode = cmp.Or(e.ErrorCode, string(f.ErrorCode))
	e.TrackingID = cmp.Or(e.TrackingID, string(f.TrackingID))
	said := len(e.Details)
	e.add(f.Details, depth+1)
	e.add(f.Detail, depth+1)
	spoke := e.spoke || f.ScimType+f.ErrorCode+f.TrackingID != "" || len(e.Details) > said ||
		slices.ContainsFunc(f.Schemas, func(schema string) bool { return strings.HasSuffix(schema, ":Error") })
	for _, member := range []json.RawMessage{f.Message, f.Errors, f.Description, f.OAuthText} {
		e.add(member, depth+1)
	}
	e.spoke = spoke
	var code string
	if json.Unmarshal(f.OAuth, &code) != nil {
		e.add(f.OAuth, depth+1)
		return
	}
	e.ErrorCode = cmp.Or(e.ErrorCode, code)
	if code != "" && strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") == "" { // such as invalid_token
		e.spoke = true
	}
}

// say adds a text, once, and not too many. Markup is not for people.
func (e *Error) say(text string) {
	text = strings.TrimSpace(text)
	if text == "" || text[0] == '<' || len(e.Details) == maxDetails {
		return
	}
	if !slices.Contains(e.Details, text) {
		e.Details = append(e.Details, text)
	}
}

// shorten cuts s to at most n bytes, and marks the cut.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + redact.Hidden
}
