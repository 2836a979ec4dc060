package records

import (
	"strings"
	"testing"
)

// The members of a valid object are found as they are written, whatever stands
// in them.
func TestMembersAreAsWritten(t *testing.T) {
	const object = " { \"a\" : \"x\\\\\" , \"b\\\"\":-1.5e3,\"c\":[{\"]\":\"}\\\"\"},[]],\"d\":{}  ,\n\"e\": null}"
	var got strings.Builder
	for key, value := range members([]byte(object)) {
		got.Write(append(append(append(key[:len(key):len(key)], '='), value...), '|'))
	}
	if want := `"a"="x\\"|"b\""=-1.5e3|"c"=[{"]":"}\""},[]]|"d"={}|"e"=null|`; got.String() != want {
		t.Errorf("members %s, want %s", got.String(), want)
	}
	for key := range members([]byte("{}")) {
		t.Errorf("of none: %s", key)
	}
	for value, want := range map[string]string{`"é"`: "é", `"\u00e9\n"`: "é\n", `""`: ""} {
		if text, ok := unquoted([]byte(value)); !ok || string(text) != want {
			t.Errorf("unquoted(%s) = %q, %v", value, text, ok)
		}
	}
	for _, value := range []string{"1", "null", "[]", `{"a":"b"}`} {
		if _, ok := unquoted([]byte(value)); ok {
			t.Errorf("%s is no string", value)
		}
	}
}
