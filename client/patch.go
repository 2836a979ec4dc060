package client

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/webexscim/bulk/internal/facts"
	"github.com/webexscim/bulk/internal/models"
	"github.com/webexscim/bulk/internal/rawjson"
)

// Change is one step of a PATCH (RFC 7644 section 3.5.2). Add, Replace and
// Remove make one; the zero value is not valid.
//
// A Value of package gen, such as gen.User{Title: "Chair"} or gen.PersonName, a
// pointer to one, or a slice of them such as []gen.Email, is sent with the
// attributes that are set and no others; attributes that only the service may
// write are left out. An attribute that is not set cannot be told from an empty
// text or a zero, so neither can be sent this way: Remove removes an attribute.
// Members of a group (gen.GroupMember) without a Type are sent as users; other
// members need their Type ("group", "machine"). A value of any other type, such
// as a json.RawMessage or a map, is sent as it is.
//
// Refused before anything is sent, see [Operation.Validate]: an add or replace
// without a value (nil), and a value of package gen in which nothing is set, or
// in which a list is empty but not nil.
type Change struct {
	// Op is add, replace or remove.
	Op string `json:"op"`
	// Path names the attribute, such as `emails[type eq "work"].value`; empty
	// means that Value is an object of attributes.
	Path string `json:"path,omitempty"`
	// Value is added, or replaces the present value. A remove has none: a filter
	// in Path selects the values to remove, where a service may ignore a list here
	// and remove all.
	Value any `json:"value,omitempty"`
}

// Add adds a value to the attribute at path.
func Add(path string, value any) Change { return Change{Op: "add", Path: path, Value: value} }

// Replace replaces the attribute at path by value.
func Replace(path string, value any) Change { return Change{Op: "replace", Path: path, Value: value} }

// Remove removes the attribute at path: of a list all values, or those that a
// filter selects, as in `members[value eq "<id>"]`.
func Remove(path string) Change { return Change{Op: "remove", Path: path} }

func patch(root, id string, changes []Change) Operation {
	if len(changes) == 0 {
		changes = nil // null, which Validate refuses
	}
	return Operation{Method: MethodPatch, Path: root + facts.Segment(id), Data: struct {
		Schemas    []string `json:"schemas"`
		Operations []Change `json:"Operations"`
	}{[]string{SchemaPatchOp}, changes}}
}

// MarshalJSON writes the change as it is sent. The error wraps ErrInvalid if
// Value is one of those that are refused, see Change.
func (c Change) MarshalJSON() ([]byte, error) {
	type plain Change // without this method
	out := plain(c)
	switch {
	case !isNothing(c.Value):
		var err error
		if out.Value, err = models.Set(c.Value); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	case strings.EqualFold(c.Op, "remove"):
		out.Value = nil
	default:
		return nil, fmt.Errorf("%w: no value in a change, expected one in an add or replace (Remove removes an attribute)", ErrInvalid)
	}
	return rawjson.Marshal(out)
}

// isNothing reports whether a value is nil, or a pointer that leads to nil.
func isNothing(value any) bool {
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	return !v.IsValid() || (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.IsNil()
}
