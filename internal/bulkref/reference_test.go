package bulkref_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/webexscim/bulk/internal/bulkref"
	"github.com/webexscim/bulk/internal/rawjson"
)

// want is a reference without its place.
type want struct {
	name     string
	required bool
}

func wants(refs []bulkref.Reference) []want {
	var out []want
	for _, r := range refs {
		out = append(out, want{r.Name, r.Required})
	}
	return out
}

var scanCases = []struct {
	what, data string
	want       []want
}{
	{"no reference", `{"userName":"a@example.com","active":true,"n":null}`, nil},
	{"a member", `{"members":[{"value":"bulkId:u1"}]}`, []want{{"u1", true}}},
	{"u1 beside u10", `[{"value":"bulkId:u10"},{"value":"bulkId:u1"}]`, []want{{"u10", true}, {"u1", true}}},
	{"a name twice", `[{"value":"bulkId:u"},{"value":"bulkId:u"}]`, []want{{"u", true}, {"u", true}}},
	{"a display name", `{"displayName":"bulkId:hello"}`, []want{{"hello", false}}},
	{"manager of the enterprise extension",
		`{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"bulkId:boss"}}}`,
		[]want{{"boss", true}}},
	{"manager as a string", `{"manager":"bulkId:boss"}`, []want{{"boss", false}}},
	{"PATCH value, list", `{"Operations":[{"op":"add","path":"members","value":[{"value":"bulkId:u1"}]}]}`,
		[]want{{"u1", true}}},
	{"PATCH value, text", `{"Operations":[{"op":"replace","path":"displayName","value":"bulkId:hello"}]}`,
		[]want{{"hello", true}}},
	{"PATCH value, object", `{"op":"add","value":{"manager":"bulkId:a","title":"x"}}`, []want{{"a", false}}},
	{"PATCH path filter", `{"op":"remove","path":"members[value eq \"bulkId:u1\"]"}`, nil},
	{"list of texts under value", `{"value":["bulkId:a",["bulkId:b"],{"x":"bulkId:c"}]}`,
		[]want{{"a", true}, {"b", true}, {"c", false}}},
	{"required ends with its value", `{"value":[],"x":"bulkId:a","value":{},"y":["bulkId:b"]}`,
		[]want{{"a", false}, {"b", false}}},
	{"$ref", `{"$ref":"bulkId:a","$REF":"bulkId:b"}`, []want{{"a", true}, {"b", true}}},
	{"$ref as a url", `[{"$ref":"../Users/bulkId:a"},{"$ref":"https://example.com/Users/bulkId:b"}]`, nil},
	{"keys in any case", `{"Value":"bulkId:a","VALUE":"bulkId:b","$Ref":"bulkId:c"}`,
		[]want{{"a", true}, {"b", true}, {"c", true}}},
	{"escaped keys", `{"\u0076alue":"bulkId:a","v\u0041lue":"bulkId:b","\u0024ref":"bulkId:c","\u0004ref":"bulkId:d"}`,
		[]want{{"a", true}, {"b", true}, {"c", true}, {"d", false}}},
	{"keys that only look alike", `{"values":"bulkId:a","val":"bulkId:b","ref":"bulkId:c","$refs":"bulkId:d","":"bulkId:e"}`,
		[]want{{"a", false}, {"b", false}, {"c", false}, {"d", false}, {"e", false}}},
	{"a key is no reference", `{"bulkId:a":1,"bulkId":"b"}`, nil},
	{"the whole value", ` "bulkId:a" `, []want{{"a", false}}},
	{"characters of html", `["\u0062ulkId:&00000","bulkId:<\u003e"]`, []want{{"&00000", false}, {"<>", false}}},
	{"empty name", `{"value":"bulkId:"}`, nil},
	{"prefix in another case", `["bulkid:a","BulkId:b","bulkID:c"]`, nil},
	{"prefix not at the start", `[" bulkId:a","xbulkId:b","\\u0062ulkId:c"]`, nil},
	{"prefix cut short", `["bulkId","bul","b",""]`, nil},
	{"colons and spaces in a name", `["bulkId:a:b","bulkId: ","bulkId:bulkId:c"]`,
		[]want{{"a:b", false}, {" ", false}, {"bulkId:c", false}}},
	{"escaped prefix", `["\u0062ulkId:a","bulkId\u003ab","bulk\u0049d:c","\u0062\u0075\u006c\u006B\u0049\u0064\u003A\u0064"]`,
		[]want{{"a", false}, {"b", false}, {"c", false}, {"d", false}}},
	{"escape other than a letter's", `["\bulkId:a","\u1062ulkId:b","\u0162ulkId:c"]`, nil},
	{"escaped name", `["bulkId:\u0061\n","bulkId:\/","bulkId:\""]`, []want{{"a\n", false}, {"/", false}, {`"`, false}}},
	{"regexp, slashes, quotes", `["bulkId:.*(a|b)$1\\d+","bulkId:a/b","bulkId:it's"]`,
		[]want{{`.*(a|b)$1\d+`, false}, {"a/b", false}, {"it's", false}}},
	{"other scripts", `["bulkId:ñ木😀","bulkId:\u00f1\u6728\ud83d\ude00"]`, []want{{"ñ木😀", false}, {"ñ木😀", false}}},
	{"lone surrogates", `["bulkId:\ud800","bulkId:\udc00\ud800x"]`, []want{{"\ufffd", false}, {"\ufffd\ufffdx", false}}},
	{"broken UTF-8", "[\"bulkId:\xff\xfe\",\"bulkId:a\xe2\x82\"]",
		[]want{{"\ufffd\ufffd", false}, {"a\ufffd\ufffd", false}}},
	{"a duplicate key", `{"value":"bulkId:a","value":"bulkId:b"}`, []want{{"a", true}, {"b", true}}},
	{"long plain text", `{"t":"` + strings.Repeat("bulkId:", 9) + `","value":"bulkId:` + strings.Repeat("n", 99) + `"}`,
		[]want{{strings.Repeat("bulkId:", 8), false}, {strings.Repeat("n", 99), true}}},
}

func TestScanFindsReferences(t *testing.T) {
	for _, c := range scanCases {
		t.Run(c.what, func(t *testing.T) {
			refs, err := bulkref.Scan(nil, []byte(c.data))
			if err != nil {
				t.Fatal(err)
			}
			if got := wants(refs); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if oracle := decoderWants(t, []byte(c.data)); !slices.Equal(oracle, c.want) {
				t.Errorf("a plain decoder finds %v, want %v", oracle, c.want)
			}
		})
	}
}

var invalid = []struct {
	data   string
	offset int
}{
	{``, 0}, {` `, 1}, {"\xef\xbb\xbf{}", 0}, {`{`, 1}, {`{"a"`, 4}, {`{"a":`, 5}, {`{"a":1`, 6}, {`{"a":1,}`, 7},
	{`{a:1}`, 1}, {`{"a" 1}`, 5}, {`[`, 1}, {`[1,]`, 3}, {`[1 2]`, 3}, {`[}`, 1}, {`]`, 0}, {`{} {}`, 3}, {`1,`, 1},
	{`tru`, 3}, {`nulL`, 3}, {`truex`, 4}, {`-`, 1}, {`01`, 1}, {`1.`, 2}, {`.5`, 0}, {`+1`, 0}, {`1e`, 2}, {`1e+`, 3},
	{`1.e3`, 2}, {`"abc`, 4}, {"\"a\nb\"", 2}, {"\"a\x00\"", 2}, {`"\x"`, 2}, {`"\u12"`, 5}, {`"\u12G4"`, 5}, {`"\`, 2},
	{`'a'`, 0}, {"\v1", 0}, {"\u00a01", 0}, {"1\x00", 1}, {"\x001", 0}, {`{"secret-name":nope}`, 16},
	{strings.Repeat("[", 10001) + strings.Repeat("]", 10001), 10000},
	{strings.Repeat(`{"value":`, 10001) + "1" + strings.Repeat("}", 10001), 90000},
	{strings.Repeat("[", 1_000_000), 10000},
}

// Bad data is refused at the place of the fault, the references asked for so
// far stay, and the message holds nothing of the data.
func TestScanRefusesWhatIsNotJSON(t *testing.T) {
	before := []bulkref.Reference{{Name: "kept"}}
	for _, c := range invalid {
		data := []byte(c.data)
		if json.Valid(data) {
			t.Fatalf("%.40q is valid", c.data)
		}
		refs, err := bulkref.Scan(before, data)
		syntax, ok := errors.AsType[*rawjson.SyntaxError](err)
		if !ok {
			t.Errorf("%.40q: error is %v", c.data, err)
			continue
		}
		if syntax.Offset != c.offset || syntax.Expected == "" {
			t.Errorf("%.40q: %v, want offset %d", c.data, err, c.offset)
		}
		if strings.Contains(err.Error(), "secret") || !slices.Equal(refs, before) {
			t.Errorf("%.40q: message %q, refs %v", c.data, err, refs)
		}
	}
}

// Every byte, at the start of a value, in a string, after a backslash, in each
// place of a word of eight bytes.
func TestScanJudgesEveryByteLikeEncodingJSON(t *testing.T) {
	for c := range 256 {
		b := string([]byte{byte(c)})
		for _, data := range []string{b, b + "1", "1" + b, "[1" + b + "2]", `"` + b + `"`, `"\` + b + `"`, `"\u00` + b + `0"`} {
			checkScan(t, []byte(data))
		}
		for at := range 20 {
			checkScan(t, []byte(`"`+strings.Repeat("x", at)+b+strings.Repeat("y", 19-at)+`"`))
		}
	}
}

// A fault after a reference takes back what was found in this data.
func TestScanKeepsNothingOfBadData(t *testing.T) {
	for _, data := range []string{`[{"value":"bulkId:a"}`, `"bulkId:a" x`} {
		if refs, err := bulkref.Scan(nil, []byte(data)); err == nil || len(refs) != 0 {
			t.Errorf("%s: %v, %v", data, refs, err)
		}
	}
}

func TestScanNestsAsDeepAsEncodingJSON(t *testing.T) {
	for _, c := range []struct{ open, close string }{{"[", "]"}, {`{"value":`, "}"}} {
		data := []byte(strings.Repeat(c.open, 10000) + `"bulkId:deep"` + strings.Repeat(c.close, 10000))
		if !json.Valid(data) {
			t.Fatal("encoding/json changed its limit")
		}
		if refs, err := bulkref.Scan(nil, data); err != nil || len(refs) != 1 {
			t.Errorf("%s: %v, %v", c.open, refs, err)
		}
	}
}

func TestScanAppends(t *testing.T) {
	refs, err := bulkref.Scan(make([]bulkref.Reference, 1, 9), []byte(`"bulkId:a"`))
	if want := []bulkref.Reference{{}, {Name: "a", End: 10}}; err != nil || !slices.Equal(refs, want) {
		t.Errorf("got %v, %v", refs, err)
	}
}

// TestMember: the white space around a key and a value is part of neither.
func TestMember(t *testing.T) {
	const data = ` { "manager" : { "value" : "bulkId:m" } , "value" : [ "bulkId:v" ] } `
	var members []string
	var refs []bulkref.Reference
	r := rawjson.New([]byte(data))
	for r.Enter('{'); r.More('}'); {
		var key, value []byte
		key, value, refs = bulkref.Member(refs, &r)
		members = append(members, string(key), string(value))
	}
	if want := []string{`"manager"`, `{ "value" : "bulkId:m" }`, `"value"`, `[ "bulkId:v" ]`}; !slices.Equal(members, want) {
		t.Errorf("got %q", members)
	}
	if len(refs) != 2 || data[refs[0].Start:refs[0].End] != `"bulkId:m"` || refs[1].Name != "v" || !refs[1].Required {
		t.Errorf("got %v", refs)
	}
}

func TestScanAllocatesOnlyNames(t *testing.T) {
	plain := []byte(`{"value":[1,-2.5e9,true,null,"bulkId"],"title":"text \" with \\ escapes","x":{"displayName":"ñ"}}`)
	named := []byte(`[{"value":"bulkId:u1"},{"value":"bulkId:u2"}]`)
	refs := make([]bulkref.Reference, 0, 8)
	if n := testing.AllocsPerRun(100, func() { refs, _ = bulkref.Scan(refs[:0], plain) }); n != 0 {
		t.Errorf("%v allocations without references", n)
	}
	if n := testing.AllocsPerRun(100, func() { refs, _ = bulkref.Scan(refs[:0], named) }); n > 2 {
		t.Errorf("%v allocations for two names", n)
	}
}

func known(ids map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { id, ok := ids[name]; return id, ok }
}

func TestReplace(t *testing.T) {
	ids := known(map[string]string{"u1": "ID-1", "ñ": "ID-2", "odd": "a\"\\\n<ü>", "html": "<&>", "empty": "", "bad": "\xff"})
	for _, c := range []struct{ what, data, want string }{
		{"nothing known", `{"value": "bulkId:zz"}`, `{"value": "bulkId:zz"}`},
		{"u1 is not u10", `["bulkId:u10","bulkId:u1","bulkId:u"]`, `["bulkId:u10","ID-1","bulkId:u"]`},
		{"escaped", `["\u0062ulkId:u1","bulkId:\u00f1","bulkId:ñ"]`, `["ID-1","ID-2","ID-2"]`},
		{"digits, order, escapes, space stay",
			"\t{\"z\":9007199254740993, \"a\":1.10E+0 ,\"value\":\"bulkId:u1\",\"a\":-0,\"t\":\"\\u003c<&>\\/\xff\",\"n\":null }\r\n",
			"\t{\"z\":9007199254740993, \"a\":1.10E+0 ,\"value\":\"ID-1\",\"a\":-0,\"t\":\"\\u003c<&>\\/\xff\",\"n\":null }\r\n"},
		{"keys stay", `{"bulkId:u1":"bulkId:u1"}`, `{"bulkId:u1":"ID-1"}`},
		{"the whole value", `"bulkId:u1"`, `"ID-1"`},
		{"an id is escaped", `["bulkId:odd","bulkId:html","bulkId:empty","bulkId:bad"]`,
			`["a\"\\\n<ü>","<&>","",` + "\"\ufffd\"]"},
	} {
		t.Run(c.what, func(t *testing.T) {
			refs, err := bulkref.Scan(nil, []byte(c.data))
			if err != nil {
				t.Fatal(err)
			}
			data := []byte(c.data)
			got := bulkref.Replace([]byte("before"), data, refs, ids)
			if string(got) != "before"+c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if !bytes.Equal(data, []byte(c.data)) {
				t.Error("the input changed")
			}
		})
	}
}

// An id reads as encoding/json would have written it, whatever bytes it holds.
func TestReplaceWritesAnyID(t *testing.T) {
	data := []byte(`"bulkId:a"`)
	refs, _ := bulkref.Scan(nil, data)
	ids := []string{"", "2819c223-7f76", "ü", "\u2028", "\xe2"}
	for c := range 256 {
		ids = append(ids, "a"+string([]byte{byte(c)})+"b")
	}
	for _, id := range ids {
		var text string
		got := bulkref.Replace(nil, data, refs, func(string) (string, bool) { return id, true })
		if err := json.Unmarshal(got, &text); err != nil || text != strings.ToValidUTF8(id, "\ufffd") {
			t.Errorf("%q: got %s, %v", id, got, err)
		}
	}
}

func TestText(t *testing.T) {
	if got := bulkref.Text("u1"); got != "bulkId:u1" {
		t.Error(got)
	}
}
