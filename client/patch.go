package client

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/facts"
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
	var err error
	if c.Value, err = c.sentValue(); err != nil {
		return nil, err
	}
	type plain Change // without this method
	return rawjson.Marshal(plain(c))
}

// sentValue returns Value, or the attributes that are set in it where it is of
// package gen.
func (c Change) sentValue() (any, error) {
	v := reflect.ValueOf(c.Value)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if !v.IsValid() || (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.IsNil() {
		if strings.EqualFold(c.Op, "remove") {
			return nil, nil
		}
		return nil, fmt.Errorf("%w: no value in a change, expected one in an add or replace (Remove removes an attribute)", ErrInvalid)
	}
	switch {
	case isModel(v.Type()):
		return attributes(v)
	case isModelList(v.Type()):
		return elements(v)
	}
	return c.Value, nil
}

var models = reflect.TypeFor[gen.User]().PkgPath()

func isModel(t reflect.Type) bool { return t.Kind() == reflect.Struct && t.PkgPath() == models }

func isModelList(t reflect.Type) bool {
	if t.Kind() != reflect.Slice {
		return false
	}
	t = t.Elem()
	return isModel(t) || t.Kind() == reflect.Pointer && isModel(t.Elem())
}

// attributes returns the fields of a model that are set, by their JSON names.
// Its own encoding would also write required attributes that are not set: they
// are required in a resource, not in a change of one.
func attributes(model reflect.Value) (map[string]any, error) {
	t := model.Type()
	if !model.IsZero() {
		model = normalized(model)
	}
	if model.IsZero() {
		return nil, fmt.Errorf("%w: nothing is set in a %v, expected an attribute to change (Remove removes one)", ErrInvalid, t)
	}
	set := map[string]any{}
	for i := range t.NumField() {
		field := model.Field(i)
		if field.IsZero() {
			continue
		}
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if field.Kind() == reflect.Slice && field.Len() == 0 {
			return nil, fmt.Errorf("%w: %q is an empty list in a %v, expected values (Remove removes all)", ErrInvalid, name, t)
		}
		var err error
		switch {
		case isModel(field.Type()):
			set[name], err = attributes(field)
		case isModelList(field.Type()):
			set[name], err = elements(field)
		default:
			set[name] = field.Interface()
		}
		if err != nil {
			return nil, err
		}
	}
	return set, nil
}

func elements(list reflect.Value) ([]map[string]any, error) {
	set := make([]map[string]any, list.Len())
	for i := range set {
		model := reflect.Indirect(list.Index(i))
		if !model.IsValid() {
			return nil, fmt.Errorf("%w: no value in a %v, expected one in each element", ErrInvalid, list.Type())
		}
		var err error
		if set[i], err = attributes(model); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// normalized returns a copy of a model after normalize.
func normalized(model reflect.Value) reflect.Value {
	ptr := reflect.New(model.Type())
	ptr.Elem().Set(model)
	normalize(ptr.Interface())
	return ptr.Elem()
}
