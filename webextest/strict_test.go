package webextest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

const schemasPart = `"schemas":["` + scim.BulkRequest + `"]`

func message1(operation string) string {
	return `{` + schemasPart + `,"operations":[` + operation + `]}`
}

func TestInvalidBodiesAreRefusedAndRecorded(t *testing.T) {
	const good = `{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a@x.org"}}`
	for _, c := range []struct {
		body   string
		status int
	}{
		{"", 400},
		{"{", 400},
		{"null", 400},
		{"[]", 400},
		{"\ufeff" + message1(good), 400},
		{message1(good) + "x", 400},
		{"{\"operations\":[\"\xff\"]}", 400},
		{`{"operations":[` + good + `]}`, 400},
		{`{"schemas":[],"operations":[` + good + `]}`, 400},
		{`{"schemas":"` + scim.BulkRequest + `","operations":[` + good + `]}`, 400},
		{`{` + schemasPart + `,"Operations":[` + good + `]}`, 400},
		{`{` + schemasPart + `,"operations":[` + good + `],"operations":[]}`, 400},
		{`{` + schemasPart + `,"operations":[` + good + `],"extra":1}`, 400},
		{`{` + schemasPart + `}`, 400},
		{`{` + schemasPart + `,"operations":null}`, 400},
		{`{` + schemasPart + `,"operations":{}}`, 400},
		{message1(""), 400},
		{message1("1"), 400},
		{`{` + schemasPart + `,"failOnErrors":0,"operations":[` + good + `]}`, 400},
		{`{` + schemasPart + `,"failOnErrors":101,"operations":[` + good + `]}`, 400},
		{`{` + schemasPart + `,"failOnErrors":"1","operations":[` + good + `]}`, 400},
		{`{` + schemasPart + `,"failOnErrors":1.5,"operations":[` + good + `]}`, 400},
		{`{` + schemasPart + `,"failOnErrors":1.0,"operations":[` + good + `]}`, 200},
		{`{` + schemasPart + `,"failOnErrors":null,"operations":[` + good + `]}`, 400},
		{message1(strings.Replace(good, "POST", "post", 1)), 400},
		{message1(strings.Replace(good, "POST", "PUT", 1)), 400},
		{message1(strings.Replace(good, `"POST"`, "1", 1)), 400},
		{message1(strings.Replace(good, `"bulkId":"a",`, "", 1)), 400},
		{message1(strings.Replace(good, `"bulkId":"a"`, `"bulkId":""`, 1)), 400},
		{message1(strings.Replace(good, `"bulkId"`, `"bulkID"`, 1)), 400},
		{message1(good + "," + good), 400},
		{message1(good + `,{"method":"DELETE","path":"/Users/1","bulkId":"a"}`), 400},
		{message1(strings.Replace(good, "/Users", "Users", 1)), 400},
		{message1(strings.Replace(good, "/Users", "/users", 1)), 400},
		{message1(strings.Replace(good, "/Users", "/Devices", 1)), 400},
		{message1(strings.Replace(good, "/Users", "/Users/1", 1)), 400},
		{message1(strings.Replace(good, "/Users", "/Users/", 1)), 400},
		{message1(`{"method":"POST","path":"/Users","bulkId":"a"}`), 400},
		{message1(`{"method":"POST","path":"/Users","bulkId":"a","data":null}`), 400},
		{message1(`{"method":"POST","path":"/Users","bulkId":"a","data":"{}"}`), 400},
		{message1(`{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a","userName":"b"}}`), 400},
		{message1(`{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a"},"version":"1"}`), 400},
		{message1(`{"method":"PATCH","path":"/Users/1"}`), 400},
		{message1(`{"method":"PATCH","path":"/Users","data":{}}`), 400},
		{message1(`{"method":"DELETE","path":"/Users"}`), 400},
		{message1(`{"method":"DELETE","path":"/Users/"}`), 400},
		{message1(`{"method":"DELETE","path":"/Users/bulkId:"}`), 400},
		{message1(`{"method":"DELETE","path":"/Users/1/2"}`), 400},
		{message1(`{"method":"DELETE","path":"/Users/1:2"}`), 400},
		{message1(strings.Repeat(`{"method":"DELETE","path":"/Users/1"},`, 100) + good), 413},
		{message1(good), 200},
		{" " + strings.ReplaceAll(message1(good), ",", "\n,\t") + "\r\n", 200},
	} {
		s := New(Config{})
		res, body := call(t, s.Client(), "POST", bulkURL, c.body)
		if res.StatusCode != c.status {
			t.Errorf("%.200s\n got %d, want %d: %s", c.body, res.StatusCode, c.status, body)
		}
		if noted := len(s.Violations()) == 1; noted != (c.status != 200) {
			t.Errorf("%.200s\n violations: %v", c.body, s.Violations())
		}
		if users, _ := s.Count(); (users > 0) != (c.status == 200) {
			t.Errorf("%.200s\n leaves %d users", c.body, users)
		}
		if c.status != 200 {
			wantError(t, res, body, c.status)
		}
	}
}

// wantError checks that an error has the members of both known forms of Webex.
func wantError(t *testing.T, res *http.Response, body string, status int) {
	t.Helper()
	id := res.Header.Get("trackingId")
	for _, part := range []string{
		fmt.Sprintf(`"status":"%d"`, status), `"detail":"`, `"message":"`, `"trackingId":"` + id + `"`,
		`"` + ErrorExtension + `":{"details":"`, scim.ErrorMessage,
	} {
		if id == "" || !strings.Contains(body, part) {
			t.Errorf("tracking id %q, the answer has no %s: %s", id, part, body)
		}
	}
}

func TestRefusalsNameInvisibleCauses(t *testing.T) {
	good := bulkRequest(0, user("a", "a@x.org"))
	for _, c := range []struct{ body, encoding, want string }{
		{"\ufeff" + good, "", "byte order mark"},
		{good, "gzip", "Content-Encoding"},
	} {
		s := New(Config{})
		req, err := http.NewRequestWithContext(t.Context(), "POST", bulkURL, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+DefaultToken)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Content-Encoding", c.encoding)
		res, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if res.Body.Close(); err != nil || !strings.Contains(string(body), c.want) {
			t.Errorf("%q: %v %s", c.want, err, body)
		}
	}
}

func TestInvalidRequestsAreRefusedAndRecorded(t *testing.T) {
	body := bulkRequest(0, user("a", "a@x.org"))
	for _, c := range []struct {
		name, method, target string
		change               func(*http.Request)
		status, violations   int
	}{
		{"fine", "POST", bulkURL, func(r *http.Request) {}, 200, 0},
		{"charset", "POST", bulkURL, func(r *http.Request) { r.Header.Set("Content-Type", "application/json; charset=utf-8") }, 200, 0},
		{"upper case organization", "POST", strings.Replace(bulkURL, DefaultOrgID, strings.ToUpper(DefaultOrgID), 1), func(r *http.Request) {}, 200, 0},
		{"text", "POST", bulkURL, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415, 1},
		{"no type", "POST", bulkURL, func(r *http.Request) { r.Header.Del("Content-Type") }, 415, 1},
		{"compressed", "POST", bulkURL, func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 415, 1},
		{"no token", "POST", bulkURL, func(r *http.Request) { r.Header.Del("Authorization") }, 401, 1},
		{"basic", "POST", bulkURL, func(r *http.Request) { r.SetBasicAuth("a", "b") }, 401, 1},
		{"scheme in lower case", "POST", bulkURL, func(r *http.Request) { r.Header.Set("Authorization", "bearer "+DefaultToken) }, 200, 0},
		{"two spaces after the scheme", "POST", bulkURL, func(r *http.Request) { r.Header.Set("Authorization", "Bearer  "+DefaultToken) }, 200, 0},
		{"no scheme", "POST", bulkURL, func(r *http.Request) { r.Header.Set("Authorization", DefaultToken) }, 401, 1},
		{"empty token", "POST", bulkURL, func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }, 401, 1},
		{"wrong token", "POST", bulkURL, func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, 401, 0},
		{"wrong method", "PUT", bulkURL, func(r *http.Request) {}, 405, 1},
		{"wrong path", "POST", strings.Replace(bulkURL, "/v2/", "/v1/", 1), func(r *http.Request) {}, 404, 1},
		{"with /v1", "POST", strings.Replace(bulkURL, "/identity", "/v1/identity", 1), func(r *http.Request) {}, 404, 1},
		{"slash at the end", "POST", bulkURL + "/", func(r *http.Request) {}, 404, 1},
		{"other organization", "POST", strings.Replace(bulkURL, "3f1d2c8a", "00000000", 1), func(r *http.Request) {}, 403, 0},
		{"no organization", "POST", strings.Replace(bulkURL, DefaultOrgID, "", 1), func(r *http.Request) {}, 404, 1},
		{"base64 organization", "POST", strings.Replace(bulkURL, DefaultOrgID, "Y2lzY29zcGFyazov", 1), func(r *http.Request) {}, 404, 1},
		{"write to a user", "DELETE", strings.Replace(bulkURL, "Bulk", "Users/"+DefaultOrgID, 1), func(r *http.Request) {}, 405, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(Config{})
			req, err := http.NewRequest(c.method, c.target, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+DefaultToken)
			req.Header.Set("Content-Type", "application/json")
			c.change(req)
			res, err := s.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != c.status || len(s.Violations()) != c.violations {
				t.Errorf("status %d, violations %v", res.StatusCode, s.Violations())
			}
			if c.status == 405 && res.Header.Get("Allow") == "" {
				t.Error("405 without Allow")
			}
			if users, _ := s.Count(); (users == 1) != (c.status == 200) {
				t.Errorf("%d users", users)
			}
		})
	}
}

func TestMaxPayloadRefusesLongBodies(t *testing.T) {
	body := bulkRequest(0, user("a", "a@x.org"))
	for limit, status := range map[int]int{len(body): 200, len(body) - 1: 413} {
		s := New(Config{MaxPayload: limit})
		res, answer := call(t, s.Client(), "POST", bulkURL, body)
		if res.StatusCode != status {
			t.Errorf("limit %d of %d: %d %s", limit, len(body), res.StatusCode, answer)
		}
		if status == 413 && !strings.Contains(answer, fmt.Sprintf("maxPayloadSize (%d)", limit)) {
			t.Errorf("the limit is not named: %s", answer)
		}
	}
}

func TestInvalidDataFailsOneOperation(t *testing.T) {
	for data, want := range map[string]string{
		`{}`:                              "400",
		`{"userName":""}`:                 "400",
		`{"userName":1}`:                  "400",
		`{"USERNAME":"a@x"}`:              "201",
		`{"userName":"a","username":"b"}`: "400",
		`{"userName":"` + strings.Repeat("é", 254+1) + `"}`:                  "400",
		`{"userName":"` + strings.Repeat("é", 254) + `"}`:                    "201",
		`{"userName":"a","schemas":["urn:other"]}`:                           "400",
		`{"userName":"a","schemas":["urn:other","` + scim.UserSchema + `"]}`: "201",
		`{"userName":"a","ID":"2","meta":{},"groups":[]}`:                    "201",
		`{"userName":"a","` + scim.EnterpriseUser + `":{"manager":"x"}}`:     "400",
		`{"userName":"a","` + scim.EnterpriseUser + `":{"manager":null}}`:    "201",
		`{"userName":"a","` + scim.EnterpriseUser + `":null}`:                "201",
	} {
		s := New(Config{})
		_, body := call(t, s.Client(), "POST", bulkURL, message1(`{"method":"POST","path":"/Users","bulkId":"a","data":`+data+`}`))
		if !strings.Contains(body, `"status":"`+want+`"`) {
			t.Errorf("%.80s is answered %s, want %s", data, body, want)
		}
		if want == "201" {
			checkSound(t, s)
		}
	}
	for data, want := range map[string]string{
		`{"displayName":"G"}`:                                                            "201",
		`{"displayName":"G","members":null}`:                                             "201",
		`{"displayName":"G","members":{}}`:                                               "400",
		`{"displayName":"G","members":["x"]}`:                                            "400",
		`{"displayName":"G","members":[{"type":"user"}]}`:                                "400",
		`{"displayName":"G","members":[{"value":"` + DefaultOrgID + `","type":"user"}]}`: "400",
		`{"displayName":"` + strings.Repeat("x", 512+1) + `"}`:                           "400",
	} {
		s := New(Config{})
		_, body := call(t, s.Client(), "POST", bulkURL, message1(`{"method":"POST","path":"/Groups","bulkId":"a","data":`+data+`}`))
		if !strings.Contains(body, `"status":"`+want+`"`) {
			t.Errorf("%.80s is answered %s, want %s", data, body, want)
		}
	}
	s := New(Config{RequireSchemas: true})
	_, body := call(t, s.Client(), "POST", bulkURL, message1(`{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a"}}`))
	if !strings.Contains(body, `"status":"400"`) {
		t.Errorf("no schemas: %s", body)
	}
}
