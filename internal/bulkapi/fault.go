package bulkapi

import (
	"regexp"
	"strconv"
	"strings"
)

// Error is what the service said about a request, or about one operation of it.
type Error struct {
	// Status is the HTTP status of the request, or the operation's own.
	Status int
	// ErrorCode is the service's own code, digits or a word, or "".
	ErrorCode string
	// ScimType is RFC 7644's word for what is wrong (section 3.12), or "".
	ScimType string
	// TrackingID is the service's name for the request, to be quoted to its support, or "".
	TrackingID string
	// Details is what the service says, as it came, except for the token and its length. It may quote personal data: Error
	// does not.
	Details []string

	note  string // what we found wrong with the answer
	cause error  // why it could not be read
	safe  string // Details without what the operations say
	spoke bool   // it has a form in which SCIM or Webex services speak of errors
}

// Error is one line: the status, the codes, what the service said without the data that was sent, and the tracking id.
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

// clean makes the text of the error: from here on neither the token nor a value that red knows is in it.
// Texts are cut only once the token is out of them: of one that is cut the rest would not be known.
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

// isCode reports whether text has the form of a code or a tracking id: one word, of the characters that these are made of.
func isCode(text string) bool { return codeForm.MatchString(text) }

var codeForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.:-]*$`)

// limit finds the numbers in texts such as RFC 7644's "exceeds the maxPayloadSize (1048576)".
var limit = regexp.MustCompile(`(?i)\bmax[ _]?(payload[ _]?size|operations)\D{0,24}(\d{1,18})\b`)

// limits are the bytes and operations that a 413 says a request may have, 0 where it names none.
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
