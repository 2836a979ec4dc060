package records

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/apiid"
	"github.com/webexscim/bulk/internal/cell"
	"github.com/webexscim/bulk/internal/textfile"
)

// doubt is a kind of operation that is sent as written, though a service may
// refuse it.
type doubt int

const (
	nameless    doubt = iota // RFC 7643 requires the name of a user or group
	unchanging               // RFC 7644 section 3.5.2 requires one change or more
	oddID                    // Webex makes the ids
	oddLanguage              // RFC 7643 section 4.1.1
	untyped                  // Webex requires the type of a member, user or group
	unseen
	doubts
)

var doubtNames = [doubts]string{
	nameless:    "in which a new user has no userName, or a new group no displayName",
	unchanging:  "in which a PATCH has no changes",
	oddID:       "in which the id is not a UUID, as an id of Webex is",
	oddLanguage: "in which a language is not a code, such as en_US",
	untyped:     "in which a member has no type, user or group",
	unseen:      "in which a text has invisible characters",
}

// Doubts returns the Notes about operations that a service may refuse.
func (r *Reader) Doubts() (notes []string) {
	for d, places := range r.doubtful {
		if places.Count > 0 {
			notes = append(notes, places.SentAsWritten("operation", doubtNames[d]))
		}
	}
	return notes
}

// doubt notes an operation that a service may refuse.
func (r *Reader) doubt(row Row) {
	for d, is := range doubtsOf(row.Operation) {
		if is {
			r.doubtful[d].Add(row.Line)
		}
	}
}

// doubtSet is the set of doubts about an operation.
type doubtSet [doubts]bool

func doubtsOf(op client.Operation) (set doubtSet) {
	data, _ := op.Data.(json.RawMessage)
	kind, id, hasID := strings.Cut(strings.TrimPrefix(op.Path, "/"), "/")
	set[oddID] = hasID && !strings.HasPrefix(id, client.Ref("")) && !apiid.IsUUID(id)
	set[unseen] = holdsUnseen(data)
	switch op.Method {
	case client.MethodPost:
		set[nameless] = true // until the name is found
		set.checkAll(kind, data)
	case client.MethodPatch:
		var patch struct{ Operations []change }
		err := json.Unmarshal(data, &patch)
		set[unchanging] = err == nil && len(patch.Operations) == 0
		for _, c := range patch.Operations {
			attribute := c.attribute()
			switch {
			case strings.EqualFold(c.Op, "remove"):
			case attribute == "":
				set.checkAll(kind, c.Value)
			default:
				set.check(kind, []byte(attribute), c.Value)
			}
		}
	}
	return set
}

// change is one change of a PATCH.
type change struct {
	Op, Path string
	Value    json.RawMessage
}

// attribute returns the path without the core schema, which may stand before
// the name of an attribute (RFC 7644 section 3.10).
func (c change) attribute() string {
	if rest, ok := textfile.CutFold(c.Path, "urn:ietf:params:scim:schemas:core:2.0:"); ok {
		_, attribute, _ := strings.Cut(rest, ":")
		return attribute
	}
	return c.Path
}

// checkAll checks the attributes of an object. Other data has none.
func (s *doubtSet) checkAll(kind string, object json.RawMessage) {
	if len(object) == 0 || object[0] != '{' {
		return
	}
	for key, value := range members(object) {
		name, _ := unquoted(key)
		s.check(kind, name, value)
	}
}

// check checks the value that an operation gives an attribute of a user or
// group.
func (s *doubtSet) check(kind string, attribute []byte, value json.RawMessage) {
	is := func(name string) bool { return strings.EqualFold(string(attribute), name) }
	switch {
	case kind == "Users" && is("userName"), kind == "Groups" && is("displayName"):
		s[nameless] = s[nameless] && !isText(value)
	case kind == "Users" && (is("preferredLanguage") || is("locale")):
		text, _ := unquoted(value)
		s[oddLanguage] = s[oddLanguage] || isText(value) && !languageCode.Match(text)
	case kind == "Groups" && is("members"):
		s[untyped] = s[untyped] || isUntyped(value)
	}
}

// isText reports whether a value is a text that is not blank.
func isText(value json.RawMessage) bool {
	text, ok := unquoted(value)
	return ok && len(bytes.TrimSpace(text)) > 0
}

// languageCode is the form of a language, with a hyphen in RFC 7643 and an
// underscore in Webex.
var languageCode = regexp.MustCompile(`^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*$`)

// isUntyped reports whether a list of members has one without a type, or
// whether a single member has none.
func isUntyped(members json.RawMessage) bool {
	type member struct{ Type *string }
	var list []member
	if json.Unmarshal(members, &list) != nil {
		var one member
		if len(members) == 0 || members[0] != '{' || json.Unmarshal(members, &one) != nil {
			return false
		}
		list = []member{one}
	}
	for _, m := range list {
		if m.Type == nil || *m.Type == "" {
			return true
		}
	}
	return false
}

// holdsUnseen reports whether JSON contains an invisible character, escaped or
// not.
func holdsUnseen(data []byte) bool {
	if bytes.Contains(data, []byte(`\u`)) {
		var value any
		if json.Unmarshal(data, &value) == nil {
			data, _ = json.Marshal(value)
		}
	}
	return bytes.ContainsFunc(data, func(r rune) bool { return r >= utf8.RuneSelf }) && cell.HoldsUnseen(string(data))
}
