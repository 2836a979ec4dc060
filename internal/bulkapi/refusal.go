package bulkapi

import (
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/webexscim/bulk/wire"
)

// Error is what the service said about a request, or about one operation of it.
type Error struct {
	// Status is the HTTP status of the request, or the operation's own.
	Status int
	// ErrorCode is the service's own code, digits or a word, or "".
	ErrorCode string
	// ScimType is RFC 7644's word for what is wrong (section 3.12), or "".
	ScimType string
	// TrackingID is the service's name for the request, to be quoted to its
	// support, or "".
	TrackingID string
	// Details is what the service says, as it came, except for the token and its
	// length. It may quote personal data: Error does not.
	Details []string

	note  string // what we found wrong with the answer
	cause error  // why it could not be read
	safe  string // Details without what the operations say
	spoke bool   // it has a form in which SCIM or Webex services speak of errors
}

// Error is one line: the status, the codes, what the service said without the
// data that was sent, and the tracking id.
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

// Bounds of what is kept of an error, in bytes and texts.
const (
	maxDetail  = 4 << 10
	maxDetails = 16
	maxCode    = 128
	maxShown   = 600
)

// clean makes the text of the error: from here on neither the token nor a value
// that red knows is in it. Texts are cut only once the token is out of them: of
// one that is cut the rest would not be known.
func (e *Error) clean(red *redactor) {
	for i, text := range e.Details {
		e.Details[i] = shorten(red.token.mask(text), maxDetail)
	}
	e.TrackingID = shorten(red.token.without(e.TrackingID), maxCode)
	if e.TrackingID != "" && (!isCode(e.TrackingID) || red.reveals(e.TrackingID)) {
		e.TrackingID = hidden
	}
	for _, code := range []*string{&e.ErrorCode, &e.ScimType} {
		*code = shorten(red.clean(shorten(red.token.mask(*code), maxDetail)), maxCode)
		if *code != "" && (!isCode(*code) || red.reveals(*code)) {
			*code = hidden // others read codes, who must not read the service's words
		}
	}
	e.safe = shorten(red.clean(strings.Join(e.Details, "; ")), maxShown)
}

// isCode reports whether text has the form of a code or a tracking id: one
// word, of the characters that these are made of.
func isCode(text string) bool { return codeForm.MatchString(text) }

var codeForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.:-]*$`)

// limit finds the numbers in texts such as RFC 7644's "exceeds the
// maxPayloadSize (1048576)".
var limit = regexp.MustCompile(`(?i)\bmax[ _]?(payload[ _]?size|operations)\D{0,24}(\d{1,18})\b`)

// limits are the bytes and operations that a 413 says a request may have, 0
// where it names none.
func (e *Error) limits() (payload, operations int) {
	for _, text := range e.Details {
		for _, m := range limit.FindAllStringSubmatch(text, -1) {
			n, _ := strconv.Atoi(m[2])
			if strings.EqualFold(m[1], "operations") {
				operations = n
			} else {
				payload = n
			}
		}
	}
	return payload, operations
}

// Why an answer is not the service's, or what its status means here.
const (
	foreignAnswer = "the answer is not the service's: a proxy, gateway or firewall in between gave it"
	longURL       = "the url of the request is too long for the service or something in between"
	longHeader    = "the headers of the request, the token among them, are too long for the service or something in between"
)

// refusal reads an answer that holds no results: what it says, what it means,
// and whether the service itself says it. note is what was found wrong with it,
// or "". isResults tells that it holds a list of results all the same.
func (r response) refusal(note string, isResults bool, red *redactor) (e *Error, kind Kind, alive bool) {
	e = readError(r.body, 0)
	spoke := e.spoke || isResults
	foreign := !spoke && len(trim(r.body)) > 0
	unread := note == breaksOff || r.broken != nil && brokenNote(trim(r.body), r.broken) != noJSON
	kind = r.kind
	switch {
	case r.kind == Answered:
		kind = NoResponse
	case r.kind == Rejected && r.status != http.StatusRequestEntityTooLarge && unread:
		kind = NoResponse // it may have been a list of results
	default:
		note = ""
		if foreign && !unread && isFirewalls(r.status) {
			kind = Rejected
		}
		switch {
		case r.status == http.StatusRequestURITooLong:
			note = longURL
		case r.status == http.StatusRequestHeaderFieldsTooLarge:
			note = longHeader
		case foreign:
			note = foreignAnswer
		}
	}
	e.Status, e.TrackingID = r.status, cmp.Or(r.headerID(), e.TrackingID)
	e.note, e.cause = note, cleaned(r.broken, red)
	e.clean(red)
	return e, kind, r.alive(spoke)
}

// isFirewalls reports whether firewalls refuse with this status what they find
// in the text of one operation. Then it says nothing about the token or the
// organization, and a part of the request may pass.
func isFirewalls(status int) bool {
	switch status {
	case http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusNotImplemented,
		http.StatusUnavailableForLegalReasons:
		return true
	}
	return false
}

// alive reports whether the answer is a sign of life of the service. spoke
// tells that its body is in the service's language.
func (r response) alive(spoke bool) bool {
	switch {
	case r.status == http.StatusBadGateway, r.status == http.StatusGatewayTimeout, r.status == http.StatusNetworkAuthenticationRequired:
		return false
	case r.kind == Waiting: // asks for patience, as a page in place of the service does not
		return spoke || len(trim(r.body)) == 0 || r.header.Get("Retry-After") != ""
	}
	return spoke
}

// maxInner bounds JSON in a string, in bytes: its values were not counted when
// the answer was read.
const maxInner = 64 << 10

// fault has the members of all forms of error that services use. Each may be
// missing, or of another type: texts come as lists and objects too.
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

// readError reads an error, or a text in one, in any of its forms: an object,
// JSON in a string, plain text, a list of these. What it does not understand,
// HTML for one, leaves the error empty.
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

// isService reports whether f is in a form of SCIM, Webex or OAuth, as it also
// is if it has a detail. A message or a status alone is not: gateways and
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
	e.ScimType = cmp.Or(e.ScimType, other.ScimType)
	e.ErrorCode = cmp.Or(e.ErrorCode, other.ErrorCode)
	e.TrackingID = cmp.Or(e.TrackingID, other.TrackingID)
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

// oneLine has spaces in place of line breaks and control characters, which a
// terminal might obey.
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
