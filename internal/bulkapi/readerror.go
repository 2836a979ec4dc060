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

// fault has the members of all forms of error that services use. Each may be missing, or of another type.
type fault struct {
	Schemas    []wire.Text     `json:"schemas"`           // RFC 7644 section 3.12
	Status     wire.Status     `json:"status"`            // likewise
	ScimType   wire.Text       `json:"scimType"`          // likewise
	Detail     texts           `json:"detail"`            // likewise
	Details    texts           `json:"details"`           // the Webex extension
	ErrorCode  wire.Text       `json:"errorCode"`         // the extension, and general Webex errors
	TrackingID wire.Text       `json:"trackingId"`        // likewise
	Message    texts           `json:"message"`           // general Webex errors
	Errors     texts           `json:"errors"`            // likewise
	OAuth      json.RawMessage `json:"error"`             // RFC 6749 section 5.2
	OAuthText  texts           `json:"error_description"` // likewise

	Extension *fault `json:"urn:scim:schemas:extension:cisco:webexidentity:api:messages:2.0:Error"`
}

// readError reads an error in any of its forms: an object, JSON in a string, plain text, a list of these. What it does not
// understand, HTML for one, leaves the error empty.
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
	for _, t := range []texts{f.Details, f.Detail, f.Message, f.Errors, f.OAuthText} {
		for _, text := range t.list {
			e.say(text)
		}
		e.merge(&Error{ErrorCode: line(t.code)})
	}
	var code string
	if json.Unmarshal(f.OAuth, &code) == nil {
		e.merge(&Error{ErrorCode: line(code)})
	} else {
		e.merge(readError(f.OAuth, depth+1))
	}
}

// isService reports whether f is in a form of SCIM, Webex or OAuth. A message or a status alone is not: gateways and
// firewalls have these too.
func (f *fault) isService() bool {
	var oauth string
	_ = json.Unmarshal(f.OAuth, &oauth)
	isCode := oauth != "" && strings.Trim(oauth, "abcdefghijklmnopqrstuvwxyz_") == "" // such as invalid_token
	isError := func(schema wire.Text) bool { return strings.HasSuffix(string(schema), ":Error") }
	return slices.ContainsFunc(f.Schemas, isError) || f.Extension != nil || f.ScimType != "" || len(f.Detail.list) > 0 ||
		len(f.Details.list) > 0 || f.TrackingID != "" || f.ErrorCode != "" || isCode
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

// texts is what a service says: a text, a number, an object that has one, or a list of these.
type texts struct {
	list []string
	code string // the first errorCode beside a text
}

// UnmarshalJSON never returns an error.
func (t *texts) UnmarshalJSON(raw []byte) error {
	*t = texts{}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		list = []json.RawMessage{raw}
	}
	for _, entry := range list[:min(len(list), maxDetails)] {
		var text wire.Text
		_ = text.UnmarshalJSON(entry)
		var said struct {
			Description, Message, Detail, ErrorCode wire.Text
		}
		if text == "" && json.Unmarshal(entry, &said) == nil {
			text = wire.Text(firstOf(string(said.Description), string(said.Message), string(said.Detail)))
			t.code = firstOf(t.code, string(said.ErrorCode))
		}
		if text != "" {
			t.list = append(t.list, string(text))
		}
	}
	return nil
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
