package records

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/webexscim/bulk/internal/textfile"
)

// Members that are added without a type are doubted, wherever they stand; those
// that are removed, or of no group, are not.
func TestMembersWithoutTypeAreDoubted(t *testing.T) {
	patch := func(step string) string {
		return fmt.Sprintf(`{"method":"PATCH","path":"/Groups/7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001","data":{"Operations":[{"op":"replace","path":"displayName","value":"x"},%s]}}`, step)
	}
	create := func(members string) string {
		return fmt.Sprintf(`{"method":"POST","path":"/Groups","data":{"displayName":"G"%s}}`, members)
	}
	for operation, doubted := range map[string]bool{
		create(""):                false,
		create(`,"members":[]`):   false,
		create(`,"members":null`): false,
		create(`,"members":[{"value":"bulkId:a","type":"user"}]`):                                                  false,
		create(`,"members":[{"value":"a","type":"user"},{"value":"b"}]`):                                           true,
		create(`,"members":[{"value":"a","type":""}]`):                                                             true,
		create(`,"Members":[{"value":"a","type":null}]`):                                                           true,
		create(`,"members":{"value":"a"}`):                                                                         true,
		create(`,"members":["a"]`):                                                                                 false, // wrong in another way
		patch(`{"op":"add","path":"members","value":[{"value":"a"}]}`):                                             true,
		patch(`{"op":"Replace","path":"members","value":[{"value":"a"}]}`):                                         true,
		patch(`{"op":"add","path":"members","value":{"value":"a"}}`):                                               true,
		patch(`{"op":"add","value":{"members":[{"value":"a"}]}}`):                                                  true,
		patch(`{"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:Group:members","value":[{"value":"a"}]}`): true,
		patch(`{"op":"add","path":"members","value":[{"value":"a","Type":"user"}]}`):                               false,
		patch(`{"op":"remove","path":"members","value":[{"value":"a"}]}`):                                          false,
		patch(`{"op":"remove","path":"members[value eq \"a\"]"}`):                                                  false,
		`{"method":"POST","path":"/Users","data":{"userName":"a@example.com","members":[{"value":"a"}]}}`:          false,
		`{"method":"DELETE","path":"/Groups/7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001"}`:                                false,
	} {
		r := New(&textfile.File{Name: "x", In: strings.NewReader(operation + "\n")}, Lines)
		for range 2 { // to read again changes nothing
			for _, err := range r.Rows() {
				if err != nil {
					t.Fatalf("%s: %v", operation, err)
				}
			}
		}
		want := "sent as written, though a service may refuse it: 1 operation in which a member has no type, user or group (line 1)"
		if notes := strings.Join(r.Notes(), "\n"); doubted && notes != want || !doubted && notes != "" {
			t.Errorf("%s: %q", operation, notes)
		}
	}
	many := bytes.Repeat([]byte(create(`,"members":[{"value":"a"}]`)+"\n"), 12)
	r := New(&textfile.File{Name: "x", In: bytes.NewReader(many)}, Lines)
	for range r.Rows() {
	}
	if notes := r.Notes(); len(notes) != 1 || !strings.HasSuffix(notes[0], "line 10; and 2 more)") ||
		!strings.Contains(notes[0], "12 operations") {
		t.Errorf("%q", notes)
	}
}

// notesOf are the notes about the operations of a file.
func notesOf(t *testing.T, operations ...string) string {
	t.Helper()
	text := strings.Join(operations, "\n")
	r := New(&textfile.File{Name: "x", In: strings.NewReader(text)}, Lines)
	for _, err := range r.Rows() {
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return strings.Join(r.Notes(), "\n")
}

// Operations that a service is likely to refuse are doubted, each with its
// line; operations of another form that is right are not.
func TestLikelyRefusedOperationsAreDoubted(t *testing.T) {
	const id = "7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001"
	patch := func(steps string) string {
		return `{"method":"PATCH","path":"/Users/` + id + `","data":{"Operations":` + steps + `}}`
	}
	create := func(kind, data string) string {
		return `{"method":"POST","path":"/` + kind + `","data":` + data + `}`
	}
	for _, c := range []struct {
		doubt             string
		doubted, accepted []string
	}{
		{
			"no userName, or a new group no displayName",
			[]string{
				create("Users", `{}`), create("Users", `{"displayName":"Ann"}`), create("Users", `{"userName":" "}`),
				create("Groups", `{"members":[]}`), create("Groups", `{"displayName":null}`),
			},
			[]string{
				create("Users", `{"USERNAME":"a@example.com"}`), create("Users", `{"\u0075serName":"a@example.com"}`),
				create("Groups", `{"displayName":"Sales"}`), patch(`[{"op":"add","path":"title","value":"x"}]`),
			},
		}, {
			"a PATCH has no changes",
			[]string{patch(`[]`), `{"method":"PATCH","path":"/Groups/bulkId:g","data":{}}`},
			[]string{patch(`[{"op":"remove","path":"title"}]`), patch(`{}`)},
		}, {
			"the id is not a UUID",
			[]string{
				`{"method":"DELETE","path":"/Users/xx"}`,
				`{"method":"PATCH","path":"/Groups/1","data":{"Operations":[{"op":"remove","path":"members"}]}}`,
			},
			[]string{
				`{"method":"DELETE","path":"/Users/` + strings.ToUpper(id) + `"}`,
				`{"method":"PATCH","path":"/Groups/bulkId:1","data":{"Operations":[{"op":"remove","path":"members"}]}}`,
			},
		}, {
			"a language is not a code",
			[]string{
				create("Users", `{"userName":"a@example.com","preferredLanguage":"english"}`),
				create("Users", `{"userName":"a@example.com","Locale":"German (Germany)"}`),
				patch(`[{"op":"Replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:locale","value":"deutsch"}]`),
				patch(`[{"op":"add","value":{"preferredLanguage":"fran\u00e7ais"}}]`),
			},
			[]string{
				create("Users", `{"userName":"a@example.com","preferredLanguage":"en_US","locale":"de"}`),
				create("Users", `{"userName":"a@example.com","preferredLanguage":"zh-Hant-TW","locale":""}`),
				patch(`[{"op":"remove","path":"locale","value":"deutsch"}]`), patch(`[{"op":"add","path":"title","value":"english"}]`),
			},
		},
	} {
		for _, operation := range c.doubted {
			notes := notesOf(t, operation, create("Users", `{"userName":"b@example.com"}`))
			if !strings.Contains(notes, "1 operation in which") || !strings.Contains(notes, c.doubt) ||
				!strings.Contains(notes, "(line 1)") {
				t.Errorf("%s: %q, want a doubt that %s", operation, notes, c.doubt)
			}
		}
		for _, operation := range c.accepted {
			if notes := notesOf(t, operation); notes != "" {
				t.Errorf("%s: %q", operation, notes)
			}
		}
	}
}

// Characters that do not show are doubted in any text, as they are or escaped;
// letters of any script are not.
func TestInvisibleCharactersAreDoubted(t *testing.T) {
	for text, doubted := range map[string]bool{
		"b@example.com": false, "b\u200b@example.com": true, `b\u200b@example.com`: true, `b\u202e`: true, `M\u00fcller`: false, "Müller 山田": false,
	} {
		notes := notesOf(t, `{"method":"POST","path":"/Users","data":{"userName":"`+text+`"}}`)
		if strings.Contains(notes, "invisible characters") != doubted {
			t.Errorf("%q: %q", text, notes)
		}
	}
}
