package webextest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

const patchPart = `"schemas":["` + scim.PatchOp + `"]`

func TestPatchesBeyondTheContractAreDoneAndRecorded(t *testing.T) {
	for data, want := range map[string]string{
		`{` + patchPart + `,"Operations":[{"op":"replace","path":"title","value":"x"}]}`:                      "200 kept",
		`{` + patchPart + `,"Operations":[{"op":"remove"}]}`:                                                  "400 broken",
		`{` + patchPart + `,"Operations":[{"op":"replace","path":"title"}],"more":1}`:                         "400 broken",
		`{` + patchPart + `,"Operations":[{"op":"Replace","path":"title","value":"x"}]}`:                      "200 broken",
		`{"Operations":[{"op":"replace","path":"title","value":"x"}]}`:                                        "400 broken",
		`{"schemas":["` + scim.PatchOp + `","x"],"Operations":[{"op":"replace","path":"title","value":"x"}]}`: "200 broken",
		`{"schemas":["x"],"Operations":[{"op":"replace","path":"title","value":"x"}]}`:                        "400 broken",
		`{"schemas":[{}],"Operations":[{"op":"replace","path":"title","value":"x"}]}`:                         "400 broken",
		`{` + patchPart + `,"Operations":[{"op":"replace","path":"","value":{"title":"x"}}]}`:                 "200 broken",
		`{` + patchPart + `,"Operations":[{"op":"replace","path":null,"value":{"title":"x"}}]}`:               "400 broken",
		`{` + patchPart + `,"Operations":[{"op":"replace","path":"title","value":null}]}`:                     "400 broken",
		`{` + patchPart + `,"Operations":[{"op":"move","path":"title","value":"x"}]}`:                         "400 broken",
		`{` + patchPart + `,"Operations":[{"path":"title","value":"x"}]}`:                                     "400 broken",
		`{` + patchPart + `,"Operations":[{"op":"add","path":"title","value":"x"},1]}`:                        "400 broken",
		`{` + patchPart + `,"Operations":{"op":"add","path":"title","value":"x"}}`:                            "400 broken",
		`{` + patchPart + `,"Operations":null}`:                                                               "400 broken",
		`{` + patchPart + `,"Operations":[]}`:                                                                 "400 broken",
		`{` + patchPart + `,"operations":[{"op":"add","path":"title","value":"x"}]}`:                          "400 broken",
		`{` + patchPart + `}`: "400 broken",
		`{"title":"x"}`:       "400 broken",
		`{}`:                  "400 broken",
	} {
		s := New(Config{})
		id, err := s.Add("/Users", obj{"userName": "a@x.org"})
		if err != nil {
			t.Fatal(err)
		}
		_, body := call(t, s.Client(), "POST", bulkURL, message1(`{"method":"PATCH","path":"/Users/`+id+`","data":`+data+`}`))
		status, noting, _ := strings.Cut(want, " ")
		if !strings.Contains(body, `"status":"`+status+`"`) {
			t.Errorf("%s is answered %s, want %s", data, body, status)
		}
		if noted := len(s.Violations()); (noted == 1) != (noting == "broken") || noted > 1 {
			t.Errorf("%s: violations %v", data, s.Violations())
		}
	}
}

// A violation is recorded once, also after a wrong token, a fault, a limit of any
// kind, or an earlier error.
func TestViolationsInBodiesAreRecordedWhateverTheAnswer(t *testing.T) {
	change := func(step string) string {
		return `{"method":"PATCH","path":"/Users/1","data":{` + patchPart + `,"Operations":[` + step + `]}}`
	}
	create := func(members string) string {
		return `{"method":"POST","path":"/Users","bulkId":"a","data":{"schemas":["` + scim.UserSchema + `"],"userName":"a@x.org",` + members + `}}`
	}
	covers := map[string]func() *Simulator{
		"token": func() *Simulator { return New(Config{Token: "another", RequireSchemas: true}) },
		"fault": func() *Simulator { s := New(Config{RequireSchemas: true}); s.Script(Refuse(503, "")); return s },
		"cut":   func() *Simulator { s := New(Config{RequireSchemas: true}); s.Script(Intercept(502)); return s },
		"org": func() *Simulator {
			return New(Config{OrgID: "11111111-1111-4111-8111-111111111111", RequireSchemas: true})
		},
		"rate": func() *Simulator {
			s := New(Config{Rate: RateLimit{Requests: 1}, RequireSchemas: true})
			search(t, s, "Users", "")
			return s
		},
		"stop": func() *Simulator { return New(Config{RequireSchemas: true}) },
	}
	for _, operation := range []string{
		`{"method":"PATCH","path":"/Users/1","data":{"title":"x"}}`,
		change(`{"op":"Replace","path":"title","value":"x"}`),
		change(`{"op":"replace","path":"title","value":null}`),
		change(`{"op":"replace","path":"title","value":5}`),
		change(`{"op":"replace","path":"title"}`),
		change(`{"op":"remove"}`),
		change(`{"op":"replace","path":"emails[type eq work].value","value":"a@x.org"}`),
		change(`{"op":"add","path":"nonesuch","value":"x"}`),
		change(`{"op":"add","value":{"nonesuch":"x"}}`),
		change(`{"op":"add","path":"emails","value":[{"type":"work"}]}`),
		change(`{"op":"add","path":"emails[type eq \"work\"].value","value":{}}`),
		change(`{"op":"add","path":"emails","value":[{"value":"a","primary":true},{"value":"b","primary":true}]}`),
		change(`{"op":"replace","path":"title","value":"` + strings.Repeat("x", 513) + `"}`),
		create(`"title":5`), create(`"active":"False"`), create(`"emails":{"value":"a@x.org"}`), create(`"emails":["a@x.org"]`),
		create(`"emails":[{"type":"work"}]`), create(`"emails":[{"value":"a","primary":true},{"value":"b","primary":true}]`),
		create(`"title":"` + strings.Repeat("x", 513) + `"`),
		create(`"` + scim.EnterpriseUser + `":{"manager":{"value":"bulkId:nobody"}}`),
		`{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a@x.org"}}`,
		`{"method":"POST","path":"/Groups","bulkId":"g","data":{"schemas":["` + scim.GroupSchema + `"],"displayName":"G","members":[{"value":"x"}]}}`,
		`{"method":"POST","path":"/Users","bulkId":"a","data":{"schemas":["` + scim.UserSchema + `"],"userName":""}}`,
		`{"method":"POST","path":"/Groups","bulkId":"g","data":{"schemas":["` + scim.GroupSchema + `"]}}`,
		`{"method":"POST","path":"/Groups","bulkId":"g","data":{"schemas":["` + scim.GroupSchema + `"],"displayName":"G","members":[{"type":"user"}]}}`,
		`{"method":"DELETE","path":"/Users/bulkId:nobody"}`,
	} {
		for name, cover := range covers {
			s := cover()
			res, _ := call(t, s.Client(), "POST", bulkURL, strings.Replace(message1(
				`{"method":"DELETE","path":"/Users/2"},`+operation), "{", `{"failOnErrors":1,`, 1))
			if (res.StatusCode == http.StatusOK) != (name == "stop") || len(s.Violations()) != 1 {
				t.Errorf("%s behind %s: status %d, violations %v", operation, name, res.StatusCode, s.Violations())
			}
		}
		s := New(Config{RequireSchemas: true})
		call(t, s.Client(), "POST", bulkURL, message1(operation))
		if len(s.Violations()) != 1 {
			t.Errorf("%s: violations %v", operation, s.Violations())
		}
	}
}

// Violations outside of the body are recorded, also with a fault.
func TestOtherViolationsAreRecordedWhateverTheAnswer(t *testing.T) {
	for _, c := range []struct{ method, target, contentType string }{
		{"PUT", bulkURL, "application/json"},
		{"POST", bulkURL, "text/plain"},
		{"POST", strings.Replace(bulkURL, "/v2/", "/v1/", 1), "application/json"},
		{"POST", strings.Replace(bulkURL, DefaultOrgID, "acme", 1), "application/json"},
		{"GET", strings.Replace(bulkURL, "Bulk", "Users?count=x", 1), ""},
	} {
		s := New(Config{})
		s.SetGateway(Intercept(502), 0)
		req, err := http.NewRequest(c.method, c.target, strings.NewReader(bulkRequest(0, user("a", "a@x.org"))))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+DefaultToken)
		req.Header.Set("Content-Type", c.contentType)
		res, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 502 || len(s.Violations()) != 1 {
			t.Errorf("%s %s: %d, %v", c.method, c.target, res.StatusCode, s.Violations())
		}
	}
}

// A setting changes the answer to one violation, which is recorded in any case.
func TestStrictAndLenientSettingsChangeOneAnswer(t *testing.T) {
	user := func(more string) string {
		return `{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"a@x.org"` + more + `}}`
	}
	change := `{"method":"PATCH","path":"/Users/ID","data":{` + patchPart + `,"Operations":[{"op":"Replace","path":"title","value":"x"}]}}`
	for name, c := range map[string]struct {
		on       Config
		body     string
		off, set string // the outcome without and with the switch
	}{
		"RequireSchemas":    {Config{RequireSchemas: true}, message1(user("")), "201 kept", "400 invalidSyntax"},
		"RefuseUnknown":     {Config{RefuseUnknown: true}, message1(user(`,"emial":"x"`)), "201 kept", "400 invalidValue"},
		"RefuseReadOnly":    {Config{RefuseReadOnly: true}, message1(user(`,"id":"x"`)), "201 kept", "400 mutability"},
		"ExactOps":          {Config{ExactOps: true}, message1(change), "200 noted", "400 invalidSyntax"},
		"CapitalOperations": {Config{CapitalOperations: true}, strings.Replace(message1(user("")), "operations", "Operations", 1), "whole invalidSyntax", "201 noted"},
		"ZeroFailOnErrors":  {Config{ZeroFailOnErrors: true}, strings.Replace(message1(user("")), "{", `{"failOnErrors":0,`, 1), "whole invalidValue", "201 noted"},
		"TextData":          {Config{TextData: true}, message1(`{"method":"POST","path":"/Users","bulkId":"a","data":"{\"userName\":\"a@x.org\"}"}`), "whole invalidSyntax", "201 noted"},
	} {
		for cfg, want := range map[*Config]string{{}: c.off, &c.on: c.set} {
			s := New(*cfg)
			id, err := s.Add("/Users", obj{"schemas": []any{scim.UserSchema}, "userName": "b@x.org"})
			if err != nil {
				t.Fatal(err)
			}
			res, body := call(t, s.Client(), "POST", bulkURL, strings.Replace(c.body, "ID", id, 1))
			status, rest, _ := strings.Cut(want, " ")
			if whole := res.StatusCode == 400; whole != (status == "whole") || !whole && !strings.Contains(body, `"status":"`+status+`"`) {
				t.Errorf("%s: want %s, got %d %s", name, want, res.StatusCode, body)
			}
			if rest != "kept" && rest != "noted" && !strings.Contains(body, `"scimType":"`+rest+`"`) {
				t.Errorf("%s: want %s, got %s", name, want, body)
			}
			if noted := len(s.Violations()); noted > 1 || (noted == 0) != (rest == "kept" || rest == "mutability") {
				t.Errorf("%s: want %s, noted %v", name, want, s.Violations())
			}
		}
	}
	for _, text := range []string{`"{"`, `"5"`, `""`} {
		s := New(Config{TextData: true})
		res, _ := call(t, s.Client(), "POST", bulkURL, message1(`{"method":"POST","path":"/Users","bulkId":"a","data":`+text+`}`))
		if res.StatusCode != 400 {
			t.Errorf("data %s: %d", text, res.StatusCode)
		}
	}
}

// The contract allows 100 operations. More than MaxOperations are refused, and
// more than 100 are a violation.
func TestMaxOperationsRefusesWhatTheContractAllows(t *testing.T) {
	for _, c := range []struct{ service, sent, status, violations int }{
		{100, 100, 200, 0}, {100, 101, 413, 1}, {20, 20, 200, 0}, {20, 21, 413, 0}, {200, 101, 200, 1},
	} {
		s := New(Config{MaxOperations: c.service})
		res, _ := call(t, s.Client(), "POST", bulkURL, message1(strings.TrimSuffix(strings.Repeat(`{"method":"DELETE","path":"/Users/1"},`, c.sent), ",")))
		if res.StatusCode != c.status || len(s.Violations()) != c.violations {
			t.Errorf("%d to a service that takes %d: status %d, violations %v", c.sent, c.service, res.StatusCode, s.Violations())
		}
	}
}

func TestSearchesBeyondTheContractAreRecorded(t *testing.T) {
	for query, status := range map[string]int{
		"Users?startIndex=-3": 200, "Users?count=-1": 200, "Users?count=": 200,
		"Users?count=x": 400, "Users?startIndex=1.5": 400, "Users?returnGroups=yes": 400, "Groups?includeMembers=": 400,
		"Users?includeGroupDetails=True": 400, "Users?sortBy=nope": 400, "Users?sortBy=displayName": 400, "Groups?sortBy=userName": 400,
		"Users?sortBy=id&sortOrder=up": 400, "Users?sortBy=username": 200, "Groups?sortOrder=Descending": 200, "Users?sortBy=": 200,
	} {
		s := New(Config{})
		res, body := call(t, s.Client(), "GET", strings.TrimSuffix(bulkURL, "Bulk")+query, "")
		if res.StatusCode != status || len(s.Violations()) != 1 {
			t.Errorf("%s: %d %s, violations %v", query, res.StatusCode, body, s.Violations())
		}
	}
}

// RFC 7644, section 3.4.2.4.
func TestStartIndexZeroCountsAsOne(t *testing.T) {
	s := New(Config{})
	send(t, s, 0, user("a", "a@x.org"), user("b", "b@x.org"))
	if got := search(t, s, "Users", "startIndex=0&count=1"); got.StartIndex != 1 || got.Resources[0]["userName"] != "a@x.org" {
		t.Errorf("%+v", got)
	}
	checkSound(t, s)
}

// A replace needs an element, as Webex documents; an add creates one, and a
// remove changes nothing, which is not documented.
func TestPatchFiltersThatSelectNothing(t *testing.T) {
	s := New(Config{})
	id, err := s.Add("/Users", obj{"userName": "a@x.org"})
	if err != nil {
		t.Fatal(err)
	}
	const path = `emails[type eq "other"].value`
	got := send(t, s, 0,
		patch("/Users/"+id, obj{"op": "replace", "path": path, "value": "b@x.org"}),
		patch("/Users/"+id, obj{"op": "remove", "path": path}),
		patch("/Users/"+id, obj{"op": "add", "path": path, "value": "b@x.org"}))
	if statuses(got) != "400 200 200" || got[0].Response["scimType"] != "noTarget" {
		t.Errorf("%+v", got)
	}
	checkSound(t, s)
}

func TestCaseOfIDsDoesNotMatter(t *testing.T) {
	s := New(Config{})
	send(t, s, 0, user("a", "a@x.org"), user("b", "b@x.org"), group("g", "G", "bulkId:a", "bulkId:b"))
	a, _ := s.UserByName("a@x.org")
	b, _ := s.UserByName("b@x.org")
	path := "/Groups/" + strings.ToUpper(s.GroupsByName("G")[0].ID())
	members := func(want ...string) {
		t.Helper()
		if got := s.GroupsByName("G")[0].Members(); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("members are %v, want %v", got, want)
		}
	}
	send(t, s, 0, patch(path, obj{"op": "add", "path": "members", "value": []obj{{"value": strings.ToUpper(a.ID()), "type": "user"}}}))
	members(a.ID(), b.ID())
	if list, _ := s.GroupsByName("G")[0]["members"].([]any); list[0].(obj)["type"] != "user" {
		t.Errorf("what is added to a member is lost: %v", list)
	}
	for _, query := range []string{
		filter(`id eq "` + strings.ToUpper(a.ID()) + `"`),
		filter(`id eq "` + strings.ToUpper(a.ID()) + `" and userName pr`),
	} {
		if n := search(t, s, "Users", query).TotalResults; n != 1 {
			t.Errorf("%s finds %d", query, n)
		}
	}
	if n := search(t, s, "Groups", filter(`members[value eq "`+strings.ToUpper(a.ID())+`"]`)).TotalResults; n != 1 {
		t.Errorf("a search by member finds %d", n)
	}
	send(t, s, 0, patch(path, obj{"op": "remove", "path": `members[value eq "` + strings.ToUpper(a.ID()) + `"]`}))
	members(b.ID())
	checkSound(t, s)
}
