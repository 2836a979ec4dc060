package transport

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/internal/fold"
	"github.com/webexscim/bulk/internal/redact"
)

const (
	testToken = "tok-NEVER-shown-1"
	urn       = `"urn:scim:schemas:extension:cisco:webexidentity:api:messages:2.0:Error"`
)

// redactorOf hides a token and the data of a request.
func redactorOf(token redact.Token, data ...string) *redact.Redactor {
	return &redact.Redactor{Token: token, Data: func(yield func(json.RawMessage) bool) {
		for _, d := range data {
			if !yield(json.RawMessage(d)) {
				return
			}
		}
	}}
}

func folded(s string) string { return strings.Map(fold.Rune, s) }

// errorForms has every form in which services say what is wrong.
var errorForms = []struct {
	name, raw string
	want      Error
}{
	{"webex extension", `{"schemas":["x"],"status":"409",` + urn + `:{"trackingId":"T1","errorCode":400081,"details":["exists","twice"]}}`,
		Error{Status: 409, ErrorCode: "400081", TrackingID: "T1", Details: []string{"exists", "twice"}}},
	{"extension in another case", `{` + strings.ToUpper(urn) + `:{"TRACKINGID":"T1","ERRORCODE":"E-7","DETAILS":"one text"}}`,
		Error{ErrorCode: "E-7", TrackingID: "T1", Details: []string{"one text"}}},
	{"extension and RFC 7644", `{"status":400,"scimType":"invalidPath","detail":"same","trackingId":"outer",` + urn + `:{"details":["same"],"trackingId":"inner"}}`,
		Error{Status: 400, ScimType: "invalidPath", TrackingID: "inner", Details: []string{"same"}}},
	{"extension of another type", `{"detail":"d",` + urn + `:"text"}`, Error{Details: []string{"d"}}},
	{"RFC 7644", `{"status":{"code":"412"},"scimType":"mutability","detail":"no"}`, Error{Status: 412, ScimType: "mutability", Details: []string{"no"}}},
	{"general webex", `{"message":"m","errors":[{"description":"d1","errorCode":7},{"description":"d2"},"d3",4],"trackingId":"ROUTER_1"}`,
		Error{ErrorCode: "7", TrackingID: "ROUTER_1", Details: []string{"m", "d1", "d2", "d3", "4"}}},
	{"OAuth", `{"error":"invalid_token","error_description":"expired"}`, Error{ErrorCode: "invalid_token", Details: []string{"expired"}}},
	{"error as an object", `{"error":{"errorCode":"5","message":"inner"}}`, Error{ErrorCode: "5", Details: []string{"inner"}}},
	{"JSON in a string", `"{\"status\":\"403\",\"detail\":\"inner\"}"`, Error{Status: 403, Details: []string{"inner"}}},
	{"plain text", `" just text\n"`, Error{Details: []string{"just text"}}},
	{"text in brackets", `"[E7] no"`, Error{Details: []string{"[E7] no"}}},
	{"white space and a byte order mark", "\ufeff \n" + `{"detail":"a"} `, Error{Details: []string{"a"}}},
	{"list", `[{"detail":"a"},null,"b",{"detail":"a","scimType":"tooMany"}]`, Error{ScimType: "tooMany", Details: []string{"a", "b"}}},
	{"null", `null`, Error{}},
	{"absent", ``, Error{}},
	{"number", `17`, Error{}},
	{"HTML", `<html>detail</html>`, Error{}},
	{"HTML in a string", `"<html>detail</html>"`, Error{}},
	{"members of other types", `{"status":[],"scimType":{},"detail":{"a":1},"errorCode":[1],"trackingId":null,"errors":{"description":"d"}}`, Error{Details: []string{"d"}}},
	{"strings in strings without end", `"\"\\\"\\\\\\\"\\\\\\\\\\\\\\\"deep\\\\\\\\\\\\\\\"\\\\\\\"\\\"\""`, Error{}},
}

// TestReadErrorForms: every form is read.
func TestReadErrorForms(t *testing.T) {
	for _, tt := range errorForms {
		t.Run(tt.name, func(t *testing.T) {
			got := ReadError([]byte(tt.raw))
			if got.Status != tt.want.Status || got.ErrorCode != tt.want.ErrorCode || got.ScimType != tt.want.ScimType ||
				got.TrackingID != tt.want.TrackingID || !slices.Equal(got.Details, tt.want.Details) {
				t.Errorf("got  %+v\nwant %+v", got, &tt.want)
			}
		})
	}
}

// TestErrorText: one line, whatever the service puts in, and of bounded length.
func TestErrorText(t *testing.T) {
	e := ReadError([]byte(`{"scimType":"uniqueness","detail":"user\n\u001b[31mADA.secret@Example.com\u2028exists","errorCode":7,"trackingId":"T1"}`))
	e.Status = 409
	e.Clean(redactorOf(redact.NewToken(testToken), `{"userName":"ada.secret@example.com"}`))
	if got, want := e.Error(), "status 409, error code 7, uniqueness: user [31m… exists (tracking id T1)"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	long := ReadError([]byte(`{"detail":"x` + strings.Repeat("ä", 1<<20) + `","errorCode":"` + strings.Repeat("c", 1000) + `","trackingId":"` + strings.Repeat("t", 1000) + `"}`))
	long.Clean(redactorOf(nil))
	if n := len(long.Error()); n > 1200 {
		t.Errorf("text of %d bytes", n)
	}
	if n := len(long.Details[0]); n > maxDetail+len(redact.Hidden) || !utf8.ValidString(long.Details[0]) {
		t.Errorf("detail of %d bytes kept, cut within a character", n)
	}
	if many := ReadError([]byte(`[[1,2,3,4,5,6,7,8],[9,10,11,12,13,14,15,16],[17]]`)); len(many.Details) != maxDetails {
		t.Errorf("%d texts kept", len(many.Details))
	}
}

// TestProtocolWordsStayReadable: the words of the protocol stay readable, also
// where data uses them.
func TestProtocolWordsStayReadable(t *testing.T) {
	e := &Error{Status: 400, Details: []string{`the user's work phone at path "title" cannot replace members[value eq "2819c223"]`}}
	e.Clean(redactorOf(nil, `{"userType":"user","phoneNumbers":[{"type":"work"}],"Operations":[{"op":"replace","path":"title"},{"path":"members[value eq \"2819c223\"]"}]}`))
	if got, want := e.Error(), `status 400: the user's work phone at path "title" cannot replace members[value eq "…"]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestNoValueIsShown: no value of three characters or more is left in a text,
// in whatever case it is quoted, nor the token; the raw details keep everything
// but the token.
func TestNoValueIsShown(t *testing.T) {
	value := rapid.StringOfN(rapid.RuneFrom([]rune("aAbKſsßÅ@. 1")), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(value, 0, 5).Draw(t, "values")
		text := strings.Join(rapid.SliceOfN(rapid.OneOf(value, rapid.SampledFrom(append(values, "-", testToken))), 0, 12).Draw(t, "text"), "")
		if rapid.Bool().Draw(t, "upper") {
			text = strings.ToUpper(text)
		}
		data, _ := json.Marshal(values)
		e := &Error{Details: []string{text}, ErrorCode: text, ScimType: text}
		e.Clean(redactorOf(redact.NewToken(testToken), string(data)))
		shown := folded(e.Error())
		for _, v := range append(values, testToken) {
			if v = strings.TrimSpace(v); len([]rune(v)) >= redact.Shortest && strings.Contains(shown, folded(v)) {
				t.Fatalf("%q is in %q", v, e.Error())
			}
		}
		if had := strings.Contains(folded(text), folded(testToken)); had == (e.Details[0] == text) || had && redact.NewToken(testToken).In(e.Details[0]) {
			t.Fatalf("details changed from %q to %q", text, e.Details[0])
		}
	})
}

// Codes and tracking ids are shown to others than the user: what is about a
// person there, or has the form of words, is left out.
func TestCodesShowNoData(t *testing.T) {
	const address = "bo.k@example.com"
	red := redactorOf(redact.NewToken("s3cr3t-t0ken"), `{"userName":"`+address+`","displayName":"Bo Klein","title":"Dr","nickName":"carla.k@example.com","displayName":"@bo"}`)
	for text, shown := range map[string]bool{
		address: false, strings.ToUpper(address): false, "T-" + address: false, "bo.k": false, "T-carla.k": false, "BO.K": false, "Klein, Bo": false, "two words": false, "a\x1b[2Jb": false,
		base64.RawURLEncoding.EncodeToString([]byte(address)): false, base64.StdEncoding.EncodeToString([]byte(address)): false, hex.EncodeToString([]byte(address)): false,
		"uniqueness": true, "990409": true, "invalid_token": true, "ROUTER_5FBB2C4E-01BB-0B3C-0061-0A2B00A70061": true, "SIM.3-0": true, "SDR.3-0": true, "urn:x:y": true,
	} {
		e := &Error{ErrorCode: text, ScimType: text, TrackingID: text}
		e.Clean(red)
		for _, got := range []string{e.ErrorCode, e.ScimType, e.TrackingID} {
			if shown != (got == text) || !shown && got != redact.Hidden {
				t.Errorf("%q became %q", text, got)
			}
		}
	}
}

// FuzzReadError: whatever stands where an error should be, reading ends within
// bounds.
func FuzzReadError(f *testing.F) {
	for _, tt := range errorForms {
		f.Add(tt.raw)
	}
	f.Add(`{` + urn + `:{"trackingId":"T","errorCode":"400081","details":["a"]},"error":{"error":{"error":"x"}},"errors":[{"description":"d"}]}`)
	f.Add(`"\"{\\\"detail\\\":\\\"x\\\"}\""`)
	f.Fuzz(func(t *testing.T, raw string) {
		e := ReadError([]byte(raw))
		e.Clean(redactorOf(nil, `{"userName":"ada.secret@example.com"}`))
		if len(e.Details) > maxDetails || len(e.Error()) > 1500 || strings.ContainsAny(e.Error(), "\n\r\x1b") {
			t.Fatalf("%d details, %q", len(e.Details), e.Error())
		}
	})
}
