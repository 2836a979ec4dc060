// Package models prepares the generated models for sending: a whole resource,
// or the attributes that are set in a part of one.
//
//	models.Normalize(&user)                          // clears id, meta and the like
//	set, err := models.Set(gen.User{Title: "Chair"}) // map[title:Chair]
package models

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/webexscim/bulk/gen"
)

// Normalize clears the attributes of a model that only the service may write,
// and fills in the type of members, which the service needs. The caller passes
// a copy of a model. Copies share their list of members, so it is copied here.
func Normalize(model any) {
	switch m := model.(type) {
	case *gen.User:
		m.ID, m.Groups, m.Meta = "", nil, gen.Meta{}
		Normalize(&m.Enterprise)
		Normalize(&m.Webex)
	case *gen.EnterpriseUser:
		Normalize(&m.Manager)
	case *gen.Manager:
		m.DisplayName = ""
	case *gen.WebexUser:
		m.Meta, m.ProvisionSource = gen.WebexMeta{}, ""
	case *gen.Group:
		m.ID, m.Meta = "", gen.Meta{}
		Normalize(&m.Webex)
		m.Members = slices.Clone(m.Members)
		for i := range m.Members {
			Normalize(&m.Members[i])
		}
	case *gen.WebexGroup:
		m.Meta, m.ProvisionSource = gen.WebexMeta{}, ""
	case *gen.GroupMember:
		m.Display, m.Type = "", cmp.Or(m.Type, "user")
	}
}

// Set returns the attributes that are set in a value: in a model, a pointer to
// one, or a slice of these, by their JSON names. Its own encoding would also
// write required attributes that are not set: they are required in a resource,
// not in a change of one. Another value is returned as it is. Set refuses a
// model in which nothing is set, and one with a list that is empty but not nil.
func Set(value any) (any, error) {
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case !v.IsValid():
		return nil, nil
	case isModel(v.Type()):
		return attributes(v)
	case isModelList(v.Type()):
		return elements(v)
	}
	return value, nil
}

var modelPath = reflect.TypeFor[gen.User]().PkgPath()

func isModel(t reflect.Type) bool { return t.Kind() == reflect.Struct && t.PkgPath() == modelPath }

func isModelList(t reflect.Type) bool {
	if t.Kind() != reflect.Slice {
		return false
	}
	t = t.Elem()
	return isModel(t) || t.Kind() == reflect.Pointer && isModel(t.Elem())
}

func attributes(model reflect.Value) (set map[string]any, err error) {
	t := model.Type()
	if !model.IsZero() {
		model = normalized(model)
	}
	if model.IsZero() {
		return nil, fmt.Errorf("nothing is set in a %v, expected an attribute to change (Remove removes one)", t)
	}
	set = map[string]any{}
	for i := range t.NumField() {
		field := model.Field(i)
		if field.IsZero() {
			continue
		}
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if field.Kind() == reflect.Slice && field.Len() == 0 {
			return nil, fmt.Errorf("%q is an empty list in a %v, expected values (Remove removes all)", name, t)
		}
		if set[name], err = Set(field.Interface()); err != nil {
			return nil, err
		}
	}
	return set, nil
}

func elements(list reflect.Value) (set []any, err error) {
	set = make([]any, list.Len())
	for i := range set {
		if set[i], err = Set(list.Index(i).Interface()); err != nil {
			return nil, err
		}
		if set[i] == nil {
			return nil, fmt.Errorf("no value in a %v, expected one in each element", list.Type())
		}
	}
	return set, nil
}

// normalized returns a copy of a model after Normalize.
func normalized(model reflect.Value) reflect.Value {
	ptr := reflect.New(model.Type())
	ptr.Elem().Set(model)
	Normalize(ptr.Interface())
	return ptr.Elem()
}
