package webextest

import (
	"encoding/json"
	"strings"
	"testing"
)

// No body makes the service panic, answer with 5xx or something other than JSON,
// or break its store. A request that is refused as a whole changes nothing.
func FuzzBulk(f *testing.F) {
	for _, seed := range []string{
		bulkRequest(0, user("a", "a@x.org"), group("g", "G", "bulkId:a")),
		bulkRequest(1, group("g", "G", "bulkId:a", "bulkId:g"), managed("a", "a@x.org", "bulkId:b"), managed("b", "A@x.org", "bulkId:a")),
		bulkRequest(0, user("a", "a@x.org"), patch("/Users/bulkId:a", obj{"op": "add", "path": `emails[type eq "work"].value`, "value": "bulkId:a"})),
		bulkRequest(0, group("g", "G"), patch("/Groups/bulkId:g", obj{"op": "remove", "path": `members[value eq "x"]`}), remove("/Groups/bulkId:g")),
		bulkRequest(0, patch("/Users/bulkId:a", obj{"op": "replace", "value": obj{"userName": nil}}), user("a", "b@x.org")),
		message1(`{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"\u0062ulkId:a","n":12345678901234567890,"<&>":null}}`),
		message1(`{"method":"POST","path":"/Users","bulkId":"u","data":{"userName":"a","members":[{"value":"bulkId:u"}],"manager":"bulkId:u"}}`),
		`{"operations":null}`, `[]`, `nul`, "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := New(Config{Seed: 1})
		res, answer := call(t, s.Client(), "POST", bulkURL, string(body))
		if res.StatusCode >= 500 || !json.Valid([]byte(answer)) {
			t.Errorf("%d %s", res.StatusCode, answer)
		}
		users, groups := s.Count()
		if res.StatusCode != 200 && users+groups > 0 {
			t.Errorf("refused with %d, and there are %d users and %d groups", res.StatusCode, users, groups)
		}
		if err := s.CheckIntegrity(); err != nil {
			for problem := range strings.SplitSeq(err.Error(), "\n") {
				if !strings.Contains(problem, "unresolved reference") { // which may be plain text
					t.Error(problem)
				}
			}
		}
	})
}
