package rawjson

import (
	"encoding/json"
	"fmt"
	"testing"
)

func TestCanonicalHasOneFormForWhatMeansTheSame(t *testing.T) {
	forms := []string{
		`{"b":[1.0,{"y":null,"x":"a\/\u0041\u2028"}],"a":"\u00e9\n"}`,
		` { "a" : "é\n", "\u0062": [1.0, {"x":"a/A` + "\u2028" + `","y":null } ] }`,
	}
	var c Canonical
	want := `{"a":"é\n","b":[1.0,{"x":"a/A` + "\u2028" + `","y":null,},],}`
	for _, form := range forms {
		if !json.Valid([]byte(form)) {
			t.Fatalf("%s is not JSON", form)
		}
		if got := string(c.Append(nil, []byte(form))); got != want {
			t.Errorf("%s: %s, want %s", form, got, want)
		}
	}
	for _, other := range []string{`1`, `1.0`, `"1"`, `[1]`, `[[1]]`, `{"1":1}`, `{}`, `[]`, `null`, `"null"`} {
		for _, another := range []string{`1`, `1.0`, `"1"`, `[1]`, `[[1]]`, `{"1":1}`, `{}`, `[]`, `null`, `"null"`} {
			same := string(c.Append(nil, []byte(other))) == string(c.Append(nil, []byte(another)))
			if same != (other == another) {
				t.Errorf("%s and %s: same %v", other, another, same)
			}
		}
	}
}

func TestCanonicalAsksInTheOrderOfItsOutput(t *testing.T) {
	data := []byte(`{"b":["x",2],"a":"x"}`)
	n := 0
	c := Canonical{Replace: func(dst []byte, at int) ([]byte, bool) {
		if data[at] != '"' {
			return dst, false
		}
		n++
		return fmt.Appendf(dst, "<%d>", n), true
	}}
	if got := string(c.Append(nil, data)); got != `{"a":<1>,"b":[<2>,2,],}` {
		t.Error(got)
	}
}
