package webextest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// Errors of faults and of the service have the members of their form only.
func TestErrorFormsHaveTheirMembersOnly(t *testing.T) {
	want := map[ErrorForm]string{
		AllForms:      "detail message schemas status trackingId " + ErrorExtension,
		SCIMForm:      "detail schemas status",
		ExtensionForm: "schemas status " + ErrorExtension,
		WebexForm:     "errors message trackingId",
		OAuthForm:     "error error_description",
	}
	for _, form := range append(ErrorForms(), AllForms) {
		faulty, own := New(Config{}), New(Config{ErrorForm: form, Token: "another"})
		faulty.Script(RefuseAs(401, "", form))
		for _, s := range []*Simulator{faulty, own} {
			res, body := call(t, s.Client(), "POST", bulkURL, bulkRequest(0, user("a", "a@x.org")))
			if res.StatusCode != 401 || res.Header.Get("trackingId") == "" {
				t.Errorf("%q: %d %v", form, res.StatusCode, res.Header)
			}
			var object map[string]any
			isObject := json.Unmarshal([]byte(body), &object) == nil
			if got := strings.Join(slices.Sorted(maps.Keys(object)), " "); got != want[form] {
				t.Errorf("%q: %s, want %s", form, got, want[form])
			}
			contentType := res.Header.Get("Content-Type")
			switch form {
			case HTMLForm:
				isObject = strings.HasPrefix(contentType, "text/html") && strings.HasPrefix(body, "<!DOCTYPE html>")
			case TextForm:
				isObject = strings.HasPrefix(contentType, "text/plain") && body != ""
			case EmptyForm:
				isObject = contentType == "" && body == ""
			default:
				isObject = isObject && contentType == jsonType
			}
			if !isObject {
				t.Errorf("%q: %s %q", form, contentType, body)
			}
		}
	}
	if got := fmt.Sprint(ErrorForms()); strings.Count(got, " ") != 6 {
		t.Errorf("%s", got)
	}
}
