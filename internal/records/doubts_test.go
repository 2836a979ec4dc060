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
func TestMembersWithoutType(t *testing.T) {
	patch := func(step string) string {
		return fmt.Sprintf(`{"method":"PATCH","path":"/Groups/g1","data":{"Operations":[{"op":"replace","path":"displayName","value":"x"},%s]}}`, step)
	}
	create := func(members string) string {
		return fmt.Sprintf(`{"method":"POST","path":"/Groups","data":{"displayName":"G"%s}}`, members)
	}
	for operation, doubted := range map[string]bool{
		create(""):                false,
		create(`,"members":[]`):   false,
		create(`,"members":null`): false,
		create(`,"members":[{"value":"bulkId:a","type":"user"}]`):                                         false,
		create(`,"members":[{"value":"a","type":"user"},{"value":"b"}]`):                                  true,
		create(`,"members":[{"value":"a","type":""}]`):                                                    true,
		create(`,"Members":[{"value":"a","type":null}]`):                                                  true,
		create(`,"members":{"value":"a"}`):                                                                true,
		create(`,"members":["a"]`):                                                                        false, // wrong in another way
		patch(`{"op":"add","path":"members","value":[{"value":"a"}]}`):                                    true,
		patch(`{"op":"Replace","path":"members","value":[{"value":"a"}]}`):                                true,
		patch(`{"op":"add","path":"members","value":{"value":"a"}}`):                                      true,
		patch(`{"op":"add","value":{"members":[{"value":"a"}]}}`):                                         true,
		patch(`{"op":"add","path":"` + groupSchema + `members","value":[{"value":"a"}]}`):                 true,
		patch(`{"op":"add","path":"members","value":[{"value":"a","Type":"user"}]}`):                      false,
		patch(`{"op":"remove","path":"members","value":[{"value":"a"}]}`):                                 false,
		patch(`{"op":"remove","path":"members[value eq \"a\"]"}`):                                         false,
		`{"method":"POST","path":"/Users","data":{"userName":"a@example.com","members":[{"value":"a"}]}}`: false,
		`{"method":"DELETE","path":"/Groups/g1"}`:                                                         false,
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
	if notes := r.Notes(); len(notes) != 1 || !strings.HasSuffix(notes[0], "line 10; and 2 more)") || !strings.Contains(notes[0], "12 operations") {
		t.Errorf("%q", notes)
	}
}

// Characters that do not show are doubted in any text, as they are or escaped;
// letters of any script are not.
func TestUnseenCharacters(t *testing.T) {
	for text, doubted := range map[string]bool{
		"b@example.com": false, "b\u200b@example.com": true, `b\u200b@example.com`: true, `b\u202e`: true, `M\u00fcller`: false, "Müller 山田": false,
	} {
		r := New(&textfile.File{Name: "x", In: strings.NewReader(`{"method":"POST","path":"/Users","data":{"userName":"` + text + `"}}` + "\n")}, Lines)
		for _, err := range r.Rows() {
			if err != nil {
				t.Fatal(err)
			}
		}
		if notes := r.Notes(); len(notes) == 1 != doubted {
			t.Errorf("%q: %q", text, notes)
		}
	}
}
