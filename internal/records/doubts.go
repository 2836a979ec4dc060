package records

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/cell"
	"github.com/webexscim/bulk/internal/textfile"
)

// doubt is a kind of operation that is sent as written, though a service may
// refuse it.
type doubt int

const (
	untyped doubt = iota // Webex requires the type of a member, user or group
	unseen
	doubts
)

var doubtNames = [doubts]string{
	untyped: "in which a member has no type, user or group",
	unseen:  "in which a text has invisible characters",
}

// doubt notes an operation of one of these kinds.
func (r *Reader) doubt(row Row) {
	if hasUntypedMembers(row.Operation) {
		r.doubtful[untyped].Add(row.Line)
	}
	if data, _ := row.Operation.Data.(json.RawMessage); holdsUnseen(data) {
		r.doubtful[unseen].Add(row.Line)
	}
}

// doubtNotes returns the notes about doubtful operations.
func (r *Reader) doubtNotes() (notes []string) {
	for d, places := range r.doubtful {
		switch places.Count {
		case 0:
			continue
		case 1:
			notes = append(notes, fmt.Sprintf("sent as written, though a service may refuse it: 1 operation %s (%s)", doubtNames[d], places))
		default:
			notes = append(notes, fmt.Sprintf("sent as written, though a service may refuse it: %d operations %s (%s)", places.Count, doubtNames[d], places))
		}
	}
	return notes
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

// groupSchema may stand before the name of an attribute in a path (RFC 7644
// section 3.10).
const groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group:"

// hasUntypedMembers reports whether a create or PATCH of a group adds a member
// without a type. Data of another form has no members.
func hasUntypedMembers(op client.Operation) bool {
	if op.Path != "/Groups" && !strings.HasPrefix(op.Path, "/Groups/") {
		return false
	}
	data, _ := op.Data.(json.RawMessage)
	switch op.Method {
	case client.MethodPost:
		return isUntypedIn(data)
	case client.MethodPatch:
		var patch struct {
			Operations []struct {
				Op, Path string
				Value    json.RawMessage
			}
		}
		if json.Unmarshal(data, &patch) != nil {
			return false
		}
		for _, step := range patch.Operations {
			path := step.Path
			if rest, ok := textfile.CutFold(path, groupSchema); ok {
				path = rest
			}
			switch {
			case strings.EqualFold(step.Op, "remove"):
			case path == "" && isUntypedIn(step.Value), strings.EqualFold(path, "members") && isUntyped(step.Value):
				return true
			}
		}
	}
	return false
}

// isUntypedIn is isUntyped for the members of a group.
func isUntypedIn(group json.RawMessage) bool {
	var named struct{ Members json.RawMessage }
	return json.Unmarshal(group, &named) == nil && isUntyped(named.Members)
}

// isUntyped reports whether one of these members, or this single one, has no
// type.
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
