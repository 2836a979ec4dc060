package fold

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSameJSONIgnoresOrderCaseAndAdditions(t *testing.T) {
	const user = `{"schemas":["core","webex"],"id":"7","userName":"ada@example.com","displayName":"José  Ada","active":true,"title":null,
		"employeeNumber":9007199254740993,"name":{"givenName":"Ada","familyName":"L"},
		"emails":[{"value":"home@example.com","type":"home"},{"value":"ADA@example.com","type":"work","primary":true}],
		"addresses":[{"type":"work","streetAddress":"1 Main","locality":"Ulm"}],
		"urn:Enterprise":{"department":"R&D","manager":{"value":"9","displayName":"Boss"}},"accountStatus":["active"],"tags":["b","a"],"none":[]}`
	for _, tt := range []struct {
		sent string
		want bool
	}{
		{`{}`, true}, {`{"userName":"ADA@example.com"}`, true}, {`{"USERNAME":"ada@example.com"}`, true}, {`{"userName":"bob@example.com"}`, false},
		{`{"displayName":" jose` + "\u0301" + ` ADA"}`, true}, {`{"active":true}`, true}, {`{"active":false}`, false}, {`{"active":"true"}`, false},
		{`{"schemas":["other"],"password":"x","absent":"y","title":"z"}`, true}, {`{"title":null,"nickName":null}`, true}, {`{"userName":null}`, false},
		{`{"employeeNumber":9007199254740993}`, true}, {`{"employeeNumber":9007199254740992}`, false}, {`{"employeeNumber":"9007199254740993"}`, false},
		{`{"employeeNumber":9007199254740993.0}`, true}, {`{"employeeNumber":-9007199254740993}`, false}, {`{"employeeNumber":0.9007199254740993e16}`, true},
		{`{"name":{"GivenName":"ada"}}`, true}, {`{"name":{"givenName":"Eve"}}`, false}, {`{"name":{"middleName":"Eve"}}`, true}, {`{"name":"Ada"}`, false},
		{`{"emails":[{"value":"ada@example.com"}]}`, true}, {`{"emails":[{"value":"ada@example.com","type":"home"}]}`, false},
		{`{"emails":[{"value":"ada@example.com","primary":false}]}`, false}, {`{"emails":[{"value":"home@example.com","primary":true}]}`, true},
		{`{"emails":[{"value":"ada@example.com","display":"x"},{"Value":"HOME@example.com","TYPE":"Home"}]}`, true},
		{`{"emails":[{"value":"eve@example.com"}]}`, false}, {`{"emails":[]}`, false}, {`{"emails":{"value":"ada@example.com"}}`, true},
		{`{"addresses":[{"type":"work","streetAddress":"1 MAIN","country":"DE"}]}`, true}, {`{"addresses":[{"streetAddress":"2 Main"}]}`, false},
		{`{"urn:enterprise":{"department":"r&d","manager":{"value":"9"}}}`, true}, {`{"urn:enterprise":{"manager":{"value":"8"}}}`, false},
		{`{"accountStatus":"active"}`, true}, {`{"accountStatus":"gone"}`, false}, {`{"tags":["a","B"]}`, true}, {`{"tags":["a","a"]}`, true}, {`{"tags":["c"]}`, false},
		{`{"userName":["ada@example.com"]}`, true}, {`{"tags":[["a"]]}`, false}, {`{"tags":[{"value":"a"}]}`, false}, {`{"tags":[null]}`, false}, {`{"tags":null}`, false}, {`{"none":null}`, true}, {`{"none":["a"]}`, false},
		{``, false}, {`{`, false}, {`{} {}`, false}, {`null`, false}, {`[]`, false}, {`"ada"`, false}, {`nonsense`, false},
	} {
		if got := SameJSON([]byte(tt.sent), []byte(user)); got != tt.want {
			t.Errorf("%s: %v", tt.sent, got)
		}
	}
	for _, found := range []string{``, `{`, `null`, `[]`, `7`, `<html>`} {
		if SameJSON([]byte(`{"userName":"ada"}`), []byte(found)) {
			t.Errorf("found %q", found)
		}
	}
}

// Numbers are equal exactly if their values are.
func TestNumbersAreComparedByValue(t *testing.T) {
	for _, equal := range [][]string{
		{"0", "-0", "0.0", "0e5", "-0.00e-3"}, {"1", "1.0", "1e0", "10e-1", "0.1e1", "1E+0", "1.000"}, {"-120", "-1.2e2", "-12E1"},
		{"1e999999999", "10e999999998"}, {"0.001", "1e-3", "0.1E-2"}, {"9007199254740993", "9007199254740993.0"},
	} {
		for _, s := range equal {
			if number(s) != number(equal[0]) {
				t.Errorf("%s: %s, %s: %s", s, number(s), equal[0], number(equal[0]))
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		if (number(fmt.Sprint(a)) == number(fmt.Sprint(b))) != (a == b) {
			t.Fatalf("%d and %d", a, b)
		}
	})
}

// The time to compare lists does not grow with the product of their lengths.
func TestLongListsAreComparedQuickly(t *testing.T) {
	var list []string
	for i := range 50_000 {
		list = append(list, fmt.Sprintf(`{"value":"u%d","type":"user"}`, i))
	}
	raw := []byte(`{"members":[` + strings.Join(list, ",") + `]}`)
	began := time.Now()
	if !SameJSON(raw, raw) || time.Since(began) > 10*time.Second {
		t.Errorf("after %s", time.Since(began))
	}
}

// Comparing never panics, and an object equals itself with additional members.
func FuzzSameJSON(f *testing.F) {
	f.Add([]byte(`{"a":[{"value":"x","type":"y"},{"value":1e5}],"B":{"c":null,"d":[[1],[]]}}`), []byte(`{"A":[],"b":7}`))
	f.Add([]byte(`{"a":1,"A":2}`), []byte(`{"value":{"value":[]}}`))
	f.Add([]byte(`{"a":1e99999999999999999999}`), []byte(`[`))
	f.Fuzz(func(t *testing.T, sent, found []byte) {
		SameJSON(sent, found)
		SameJSON(found, sent)
		var members map[string]any
		dec := json.NewDecoder(strings.NewReader(string(sent)))
		dec.UseNumber()
		if !json.Valid(sent) || dec.Decode(&members) != nil || members == nil || hasTwins(members) {
			return
		}
		members["added-by-the-service"] = found
		more, err := json.Marshal(members)
		if err == nil && !SameJSON(sent, more) {
			t.Fatalf("%s is not among %s", sent, more)
		}
	})
}

// hasTwins reports whether an object has two members whose names differ in case
// alone.
func hasTwins(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		seen := map[string]bool{}
		for name, member := range v {
			if name = strings.ToLower(name); seen[name] || hasTwins(member) {
				return true
			}
			seen[name] = true
		}
	case []any:
		for _, element := range v {
			if hasTwins(element) {
				return true
			}
		}
	}
	return false
}
