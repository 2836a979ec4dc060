package strictjson

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

// Decode returns the same values as encoding/json, and Append writes them.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-2.5e+3,"x",true,false,null,{}],"b":{"c":"\u0062\"\\\/é"}}`, ` [ ] `, `"\ud800"`, `12345678901234567890`, "\"\u2028<&>\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := Decode(text)
		if err != nil {
			return
		}
		if want, again := unmarshal(t, text), unmarshal(t, Append(nil, got)); !reflect.DeepEqual(again, want) {
			t.Errorf("%q became %s", text, Append(nil, got))
		}
	})
}

func unmarshal(t *testing.T, text []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q is no JSON: %v", text, err)
	}
	return v
}
