package bulkapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/webexscim/bulk/internal/location"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/internal/transport"
	"github.com/webexscim/bulk/internal/transporttest"
)

// TestLimitsOf413: what a 413 names.
func TestLimitsOf413(t *testing.T) {
	for text, want := range map[string][2]int{
		"The size of the bulk operation exceeds the maxPayloadSize (1048576).": {1048576, 0},
		"exceeds the maxOperations (100)":                                      {0, 100},
		"max payload size of 2048 bytes exceeded; maxOperations: 50":           {2048, 50},
		"too large": {},
		"maxPayloadSize (99999999999999999999999)":                              {},
		"maxPayloadSize is what it is, and much more could be said about it: 1": {},
	} {
		a := reading(t, 413, `{"status":"413","detail":"`+text+`"}`, mixed(), 0)
		bytes, operations := a.Limits()
		if got := [2]int{bytes, operations}; got != want || a.Kind != transport.Rejected {
			t.Errorf("%s: %v %v, want %v", text, a.Kind, got, want)
		}
	}
}

// TestManyEntries: a list has a bound of its own.
func TestManyEntries(t *testing.T) {
	list := strings.TrimSuffix(strings.Repeat(`{"bulkId":"u1","status":"201"},`, transport.MaxEntries), ",")
	if a := reading(t, 200, `{"operations":[`+list+`]}`, mixed(), 0); a.Kind != transport.Answered || a.Items[0].Status != 201 {
		t.Errorf("%v %v", a.Kind, a.Err)
	}
	if a := reading(t, 200, `{"operations":[null,`+list+`]}`, mixed(), 0); a.Kind != transport.NoResponse {
		t.Errorf("%v", a.Kind)
	}
}

// TestBoundOfCompressedAnswers: an answer that is small on the way ends at a
// bound, whatever it is made of, before it takes much memory.
func TestBoundOfCompressedAnswers(t *testing.T) {
	statuses := []int{200, 400}[:raced.Fewer(1, 2)]
	for name, body := range transporttest.Bombs(t) {
		for _, status := range statuses {
			b := transporttest.New(t, "https://webex.example", transporttest.Through(func(*http.Request) (*http.Response, error) {
				return transporttest.Answer(status, body, "Content-Encoding", "x-gzip"), nil
			}))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			a := send(t.Context(), b, mixed(), 0)
			runtime.ReadMemStats(&after)
			if n := (after.TotalAlloc - before.TotalAlloc) >> 20; n > 60 {
				t.Errorf("%s, %d: %d MiB", name, status, n)
			}
			small := name == "entries" || name == "a text"
			if status == 200 && a.Kind != transport.NoResponse && !small || status == 400 && a.Kind == transport.Answered {
				t.Errorf("%s, %d: %v %v", name, status, a.Kind, a.Err)
			}
		}
	}
}

// TestErrorsShowNoData: an error shows no data of any operation of its request,
// in no form in which services quote it.
func TestErrorsShowNoData(t *testing.T) {
	ops := append(mixed(), Operation{Method: "POST", Path: "/Users", BulkID: "u2", Data: []byte(
		`{"userName":"bob@example.com","displayName":"王伟","name":{"givenName":"Bo","familyName":"Jos\u00e9 Ōe"},"nickName":"Ju/<Li>","title":"李","preferredLanguage":"Zoë","employeeNumber":20071234567890123}`)})
	for _, text := range []string{
		"conflicts with bob@example.com", "conflicts with BOB@EXAMPLE.COM", "see https://h/v2/Users?filter=userName%20eq%20%22bob%40example.com%22",
		"see https%3A%2F%2Fh%2Fv2%2FUsers%3Ffilter%3DuserName%2520eq%2520%2522bob%2540example.com%2522 there", "/v2/Users?filter=bob%40example.com", "bob%2540example.com",
		"%62%6f%62%40example%2ecom", `bob\u0040example.com`, "bob&#64;example.com", "bob&#x40;example.com",
		"王伟已存在", "%E7%8E%8B%E4%BC%9F", `\u738b\u4f1f`, "(李)", "to Bo: no", "Bo", "bo%20x",
		"José Ōe", "Jose\u0301 O\u0304e", "JOS%C3%89+%C5%8CE", "Jos\u00e9  Ōe and josé ōe", "Ju/&lt;Li&gt;", `ju\/<li>`, "Ju%2F%3CLi%3E", `"Ju/\u003cLi\u003e"`, "Zo%EB", "number 20071234567890123",
	} {
		said := transporttest.Quoted(text)
		answers := []Answer{
			reading(t, 200, `{"operations":[{"bulkId":"u1","status":"409","response":{"detail":`+said+`}}]}`, ops, 0),
			reading(t, 400, `{"detail":`+said+`}`, ops, 0),
		}
		for _, shown := range []string{answers[0].Items[0].Err.Error(), answers[1].Err.Error()} {
			for _, decode := range []func(string) string{func(s string) string { return s }, location.Unescape, func(s string) string { q, _ := url.QueryUnescape(s); return q }} {
				low := folded(decode(decode(shown)))
				for _, value := range []string{"bob", "example", "王", "伟", "李", "jos", "ōe", "/<li", "7%8e", "738b", "lt;li", "zo", "2007"} {
					if strings.Contains(low, value) {
						t.Errorf("%s: %q is in %s", text, value, shown)
					}
				}
				if strings.Contains(" "+low, " bo") {
					t.Errorf("%s: %s", text, shown)
				}
			}
		}
	}
	// What merely holds the letters stays.
	for _, text := range []string{"Bob is about to be box, turbo, Bo7", "100% of all & more; a+b \\ %zz &none; \\u12", "status 400", "the user's work phone"} {
		a := reading(t, 400, `{"detail":`+transporttest.Quoted(text)+`}`, ops[4:], 0)
		if want := "status 400: " + text; a.Err.Error() != want {
			t.Errorf("%s, want %s", a.Err, want)
		}
	}
}

// TestTokenIsEchoed holds that the token is removed from an answer that repeats
// it in any member or header, in any form.
func TestTokenIsEchoed(t *testing.T) {
	tokens := []string{testToken, "a+b/c=d%2Fe~f-0123456789", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.c2lnbmF0dXJl"}
	if raced.On {
		tokens = tokens[1:2]
	}
	for _, token := range tokens {
		for name, echo := range transporttest.Echoes(token) {
			e, _ := json.Marshal(echo)
			said := fmt.Sprintf(`"schemas":[%[1]s],"status":"400","scimType":%[1]s,"detail":%[1]s,"details":[%[1]s,{"message":%[1]s,"errorCode":%[1]s}],
				"errorCode":%[1]s,"trackingId":%[1]s,"message":%[1]s,"error":%[1]s,"error_description":%[1]s,%[1]s:1`, e)
			said = "{" + said + `,` + transporttest.URN + ":{" + said + "}}"
			list := fmt.Sprintf(`{"schemas":[%[1]s],"trackingId":%[1]s,"operations":[
				{"bulkId":"u1","method":%[1]s,"location":%[2]s,"version":%[1]s,"status":"201","response":%[1]s,%[1]s:%[1]s},
				{"bulkId":"g1","location":%[1]s,"version":%[1]s,"status":"400","response":%[3]s},
				{"bulkId":%[1]s,"location":%[1]s,"status":%[1]s},{"bulkId":"d1","status":"404","response":%[1]s}]}`, e, transporttest.Quoted("https://h/v2/Users/"+echo), said)
			if !json.Valid([]byte(said)) || !json.Valid([]byte(list)) {
				t.Fatal("no JSON: ", said, list)
			}
			for _, said := range []struct {
				status int
				body   string
			}{{200, list}, {400, list}, {400, said}, {401, said}, {403, ""}, {429, string(e)}, {500, said}, {200, "{"}} {
				text := everything(t, token, echo, said.status, said.body)
				if transporttest.Leaks(text, token) {
					t.Errorf("%s, %d: %s", name, said.status, text[:min(len(text), 2000)])
				}
			}
		}
	}
}

// everything is all that is kept, and logged, of an answer whose headers say
// what its body says.
func everything(t *testing.T, token, echo string, status int, body string) string {
	b := transporttest.New(t, "https://webex.example", func(c *transport.Config) {
		c.Token = func(context.Context, string) (string, error) { return token, nil }
		c.HTTP = &http.Client{Transport: transporttest.RoundTripper(func(*http.Request) (*http.Response, error) {
			return transporttest.Answer(status, body, "Trackingid", echo, "Retry-After", "0", "Location", echo, "WWW-Authenticate", echo), nil
		})}
	})
	a := send(t.Context(), b, mixed(), 0)
	text := fmt.Sprintf("%+v", a)
	for _, it := range a.Items {
		text += fmt.Sprintf(" %+v %#v", it, it.Err)
	}
	for err := a.Err; err != nil; err = errors.Unwrap(err) {
		text += fmt.Sprintf(" %v %#v", err, err)
	}
	return text + b.Logs.String()
}
