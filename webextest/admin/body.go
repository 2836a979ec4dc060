package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/webexscim/bulk/webextest"
)

const maxBody = 8 << 20 // bytes of a POST

// seed adds users and groups: all, or none if one is refused.
func (s *server) seed(w http.ResponseWriter, r *http.Request) {
	lists, ok := body(w, r, "users", "groups")
	if !ok {
		return
	}
	var resources []webextest.Operation
	for _, user := range lists["users"] {
		resources = append(resources, webextest.Operation{Path: "/Users", Data: user})
	}
	for _, group := range lists["groups"] {
		resources = append(resources, webextest.Operation{Path: "/Groups", Data: group})
	}
	ids, err := s.sim.AddAll(resources...)
	users := len(lists["users"])
	if refused, ok := errors.AsType[*webextest.AddError](err); ok {
		place := fmt.Sprintf("users[%d]", refused.Index)
		if refused.Index >= users {
			place = fmt.Sprintf("groups[%d]", refused.Index-users)
		}
		refuse(w, refused.Status, place+": "+refused.Reason)
		return
	}
	ids = append([]string{}, ids...) // not null
	answer(w, http.StatusCreated, map[string][]string{"users": ids[:users], "groups": ids[users:]})
}

// body reads a JSON object with the known members, which are lists. For any
// other body it answers the request and returns false.
func body(w http.ResponseWriter, r *http.Request, known ...string) (lists map[string][]json.RawMessage, ok bool) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", maxBody))
		return nil, false
	}
	object, err := members(text)
	lists = make(map[string][]json.RawMessage)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(known, name) {
			err = fmt.Errorf("%q is unknown; known are %s", name, strings.Join(known, ", "))
			break
		}
		var list []json.RawMessage
		if json.Unmarshal(object[name], &list) != nil || list == nil {
			err = fmt.Errorf("%s must be a list", name)
			break
		}
		lists[name] = list
	}
	if err == nil && len(lists) == 0 {
		err = errors.New("expected a list of " + strings.Join(known, " or "))
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return nil, false
	}
	return lists, true
}

// members decodes an object. In contrast to encoding/json, duplicate members
// are an error, and case matters in names.
func members(text []byte) (map[string]json.RawMessage, error) {
	errObject := errors.New("expected a JSON object")
	d := json.NewDecoder(bytes.NewReader(text))
	if start, err := d.Token(); err != nil || start != json.Delim('{') || !json.Valid(text) {
		return nil, errObject
	}
	object := make(map[string]json.RawMessage)
	for d.More() {
		name, _ := d.Token() // the text is valid
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, errObject
		}
		if _, twice := object[name.(string)]; twice {
			return nil, fmt.Errorf("%q appears twice", name)
		}
		object[name.(string)] = value
	}
	return object, nil
}
