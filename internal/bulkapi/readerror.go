package bulkapi

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/webexscim/bulk/wire"
)

// maxInner bounds JSON in a string, in bytes: its values were not counted when the answer was read.
const maxInner = 64 << 10

// fault has the members of all forms of error that services use. Each may be missing, or of another type: texts come as lists
// and objects too.
type fault struct {
	Schemas     []wire.Text     `json:"schemas"`           // RFC 7644 section 3.12
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

// readError reads an error, or a text in one, in any of its forms: an object, JSON in a string, plain text, a list of these.
// What it does not understand, HTML for one, leaves the error empty.
func readError(raw []byte, depth int) *Error {
	e := new(Error)
	raw = trim(raw)
	if len(raw) == 0 || depth > 3 {
		return e
	}
	switch raw[0] {
	case '{':
		var f fault
		_ = json.Unmarshal(raw, &f) // a member of another type costs only itself
		e.take(&f, depth)
	case '"':
		var text string
		if json.Unmarshal(raw, &text) != nil {
			break
		}
		inner := trim([]byte(text))
		if len(inner) > 0 && len(inner) <= maxInner && strings.IndexByte(`{["`, inner[0]) >= 0 && json.Valid(inner) {
			return readError(inner, depth+1)
		}
		e.say(text)
	case '[':
		var list []json.RawMessage
		_ = json.Unmarshal(raw, &list)
		for _, entry := range list[:min(len(list), maxDetails)] {
			e.merge(readError(entry, depth+1))
		}
	default:
		if depth > 0 && strings.IndexByte("-0123456789", raw[0]) >= 0 {
			e.say(string(raw))
		}
	}
	return e
}

// take fills what is still empty from f, the more special forms first.
func (e *Error) take(f *fault, depth int) {
	if x := f.Extension; x != nil {
		x.Extension = nil
		e.take(x, depth)
	}
	e.merge(&Error{
		spoke: f.isService(), Status: int(f.Status), ScimType: line(string(f.ScimType)), ErrorCode: line(string(f.ErrorCode)),
		TrackingID: word(string(f.TrackingID)),
	})
	for i, member := range []json.RawMessage{f.Details, f.Detail, f.Message, f.Errors, f.Description, f.OAuthText} {
		said := readError(member, depth+1)
		said.spoke = i < 2 && len(said.Details) > 0
		e.merge(said)
	}
	var code string
	if json.Unmarshal(f.OAuth, &code) == nil {
		e.merge(&Error{ErrorCode: line(code)})
	} else {
		e.merge(readError(f.OAuth, depth+1))
	}
}

// isService reports whether f is in a form of SCIM, Webex or OAuth, as it also is if it has a detail. A message or a status alone is not: gateways and
// firewalls have these too.
func (f *fault) isService() bool {
	var oauth string
	_ = json.Unmarshal(f.OAuth, &oauth)
	isCode := oauth != "" && strings.Trim(oauth, "abcdefghijklmnopqrstuvwxyz_") == "" // such as invalid_token
	isError := func(schema wire.Text) bool { return strings.HasSuffix(string(schema), ":Error") }
	return slices.ContainsFunc(f.Schemas, isError) || f.Extension != nil || f.ScimType != "" ||
		f.TrackingID != "" || f.ErrorCode != "" || isCode
}

// merge fills what is still empty from other, and adds what it says.
func (e *Error) merge(other *Error) {
	e.spoke = e.spoke || other.spoke
	if e.Status == 0 {
		e.Status = other.Status
	}
	e.ScimType = firstOf(e.ScimType, other.ScimType)
	e.ErrorCode = firstOf(e.ErrorCode, other.ErrorCode)
	e.TrackingID = firstOf(e.TrackingID, other.TrackingID)
	for _, text := range other.Details {
		e.say(text)
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

// word is s without white space and all else that a name does not hold.
func word(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}

// line is s on one line.
func line(s string) string { return oneLine(strings.TrimSpace(s)) }

// oneLine has spaces in place of line breaks and control characters, which a terminal might obey.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// shorten cuts s to at most n bytes and the mark of what is left out.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + hidden
}
