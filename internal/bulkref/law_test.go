package bulkref_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/internal/bulkref"
	"github.com/webexscim/bulk/internal/rawjson"
)

// frame is an object or array that decoderWants is inside of.
type frame struct {
	object, required, atKey bool
}

// decoderWants finds references the slow, obvious way: all tokens through
// encoding/json.
func decoderWants(t interface{ Fatal(...any) }, data []byte) []want {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var out []want
	stack := []frame{{}}
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		top := &stack[len(stack)-1]
		if token == json.Delim('}') || token == json.Delim(']') {
			stack = stack[:len(stack)-1]
			continue
		}
		if top.object && top.atKey {
			top.required = strings.EqualFold(token.(string), "value") || strings.EqualFold(token.(string), "$ref")
			top.atKey = false
			continue
		}
		top.atKey = top.object
		switch token := token.(type) {
		case json.Delim:
			object := token == '{'
			stack = append(stack, frame{object: object, atKey: object, required: !object && top.required})
		case string:
			if name, ok := strings.CutPrefix(token, "bulkId:"); ok && name != "" {
				out = append(out, want{name, top.required})
			}
		}
	}
}

// decodeReplaced decodes data and replaces references in the result; without
// ids it only decodes.
func decodeReplaced(t interface{ Fatal(...any) }, data []byte, id func(string) (string, bool)) any {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	var walk func(any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case string:
			if name, ok := strings.CutPrefix(v, "bulkId:"); ok && name != "" {
				if text, ok := id(name); ok {
					return text
				}
			}
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
		case map[string]any:
			for key := range v {
				v[key] = walk(v[key])
			}
		}
		return v
	}
	return walk(v)
}

// checkScan holds Scan against encoding/json: the same verdict, the same
// references in the same order.
func checkScan(t interface{ Fatal(...any) }, data []byte) []bulkref.Reference {
	refs, err := bulkref.Scan(nil, data)
	if valid := json.Valid(data); valid != (err == nil) {
		t.Fatal(fmt.Sprintf("%q: valid is %v, error is %v", data, valid, err))
	}
	if err != nil {
		return nil
	}
	if got, oracle := wants(refs), decoderWants(t, data); !slices.Equal(got, oracle) {
		t.Fatal(fmt.Sprintf("%q: got %v, a plain decoder finds %v", data, got, oracle))
	}
	return refs
}

// checkReplace holds Replace against decoding: it means the same as replacing
// in the decoded value, and around the strings replaced it is data byte for
// byte.
func checkReplace(t interface{ Fatal(...any) }, data []byte, refs []bulkref.Reference, id func(string) (string, bool)) {
	out := bulkref.Replace(nil, data, refs, id)
	same := func(string) (string, bool) { return "", false }
	if got, oracle := decodeReplaced(t, out, same), decodeReplaced(t, data, id); !reflect.DeepEqual(got, oracle) {
		t.Fatal(fmt.Sprintf("%q gave %q", data, out))
	}
	done := 0
	for _, r := range refs {
		between := data[done:r.Start]
		if !bytes.HasPrefix(out, between) {
			t.Fatal(fmt.Sprintf("%q: changed before byte %d", data, r.Start))
		}
		out = out[len(between):]
		token := data[r.Start:r.End]
		if text, ok := id(r.Name); ok {
			token = rawjson.AppendText(nil, text)
		}
		if !bytes.HasPrefix(out, token) {
			t.Fatal(fmt.Sprintf("%q: wrong text for %q", data, r.Name))
		}
		out = out[len(token):]
		done = r.End
	}
	if !bytes.Equal(out, data[done:]) {
		t.Fatal(fmt.Sprintf("%q: changed after byte %d", data, done))
	}
}

// someIDs knows the names of even length; the ids are the names again, so that
// any text is tried as an id too.
func someIDs(name string) (string, bool) { return name, len(name)%2 == 0 }

// jsonString writes text as a JSON string, each character escaped or not.
func jsonString(t *rapid.T, text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r < 0x10000 && rapid.IntRange(0, 5).Draw(t, "escape") == 0:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			quoted, _ := json.Marshal(string(r))
			b.Write(quoted[1 : len(quoted)-1])
		}
	}
	b.WriteByte('"')
	return b.String()
}

// document draws a JSON value as text, rich in references, odd spacing and
// duplicate keys.
func document(t *rapid.T, depth int) string {
	space := rapid.SampledFrom([]string{"", "", " ", "\n\t"})
	text := rapid.OneOf(
		rapid.SampledFrom([]string{"bulkId:", "bulkid:a", "bulkId:u1", "bulkId:u10", "../Users/bulkId:u1", ""}),
		rapid.Map(rapid.StringN(1, 9, -1), bulkref.Text), rapid.StringN(0, 12, -1))
	keys := rapid.OneOf(rapid.SampledFrom([]string{"value", "Value", "$ref", "$REF", "values", "manager", "bulkId:u1"}),
		rapid.StringN(0, 7, -1))
	kinds := 6
	if depth == 0 {
		kinds = 4
	}
	value := ""
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		value = rapid.SampledFrom([]string{"0", "-0.50", "9007199254740993", "1E+2", "true", "false", "null"}).Draw(t, "atom")
	case 1, 2, 3:
		value = jsonString(t, text.Draw(t, "text"))
	case 4:
		var items []string
		for range rapid.IntRange(0, 4).Draw(t, "items") {
			items = append(items, document(t, depth-1))
		}
		value = "[" + strings.Join(items, ",") + space.Draw(t, "space") + "]"
	case 5:
		var members []string
		for range rapid.IntRange(0, 4).Draw(t, "members") {
			members = append(members, jsonString(t, keys.Draw(t, "key"))+space.Draw(t, "space")+":"+document(t, depth-1))
		}
		value = "{" + strings.Join(members, ","+space.Draw(t, "space")) + "}"
	}
	return space.Draw(t, "space") + value + space.Draw(t, "space")
}

func TestScanAndReplaceAgreeWithDecoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := []byte(document(t, 4))
		checkReplace(t, data, checkScan(t, data), someIDs)
	})
}

// One byte changed, added or taken away gives the verdict of json.Valid.
func TestScanJudgesDamageLikeEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := []byte(document(t, 3))
		at := rapid.IntRange(0, len(data)).Draw(t, "at")
		until := min(at+rapid.IntRange(0, 1).Draw(t, "cut"), len(data))
		put := rapid.SliceOfN(rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte(`{}[]",:\u-.e0 `))), 0, 1).Draw(t, "put")
		checkScan(t, slices.Replace(data, at, until, put...))
	})
}

func seed(f *testing.F) {
	for _, c := range scanCases {
		f.Add([]byte(c.data))
	}
	for _, c := range invalid {
		if len(c.data) < 100 {
			f.Add([]byte(c.data))
		}
	}
}

func FuzzScan(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) { checkScan(t, data) })
}

func FuzzReplace(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		refs := checkScan(t, data)
		if refs == nil {
			return
		}
		checkReplace(t, data, refs, someIDs)
		checkReplace(t, data, refs, func(name string) (string, bool) { return name, true })
		checkReplace(t, data, refs, func(name string) (string, bool) { return bulkref.Text(name), true })
	})
}
