package records

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/textfile"
)

// doubt notes an operation that is sent as it is written, though a service may refuse it: one that adds members to a group
// without saying whether they are users or groups, which Webex wants to be told.
func (r *Reader) doubt(row Row) {
	if hasUntypedMembers(row.Operation) {
		r.untyped.Add(row.Line)
	}
}

// doubted are the notes about all this.
func (r *Reader) doubted() []string {
	switch r.untyped.Count {
	case 0:
		return nil
	case 1:
		return []string{fmt.Sprintf("sent as written, though a service may refuse it: 1 operation in which a member has no type, user or group (%s)", r.untyped)}
	}
	return []string{fmt.Sprintf("sent as written, though a service may refuse it: %d operations in which a member has no type, user or group (%s)",
		r.untyped.Count, r.untyped)}
}

// groupSchema may stand before the name of an attribute in a path (RFC 7644 section 3.10).
const groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group:"

// hasUntypedMembers reports whether a create of a group, or a PATCH of one, adds a member without a type. What cannot be
// read so is for others to judge.
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

// isUntyped reports whether one of these members, or this single one, has no type.
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
