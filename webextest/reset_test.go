package webextest

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
)

// Also ids and numbers start again.
func TestResetIsLikeNew(t *testing.T) {
	s := New(Config{Rate: RateLimit{Requests: 3}})
	play := func() (id string, seen int) {
		got := send(t, s, 0, user("a", "a@x.org"))
		s.Script(Refuse(503, ""), AnswerPage())
		s.ScriptSearches(Refuse(503, ""))
		_, _ = call(t, s.Client(), "POST", bulkURL, `{}`)
		_, _ = call(t, s.Client(), "GET", strings.TrimSuffix(bulkURL, "Bulk")+"Users", "")
		return got[0].Location, len(s.Ledger()) + len(s.Exchanges()) + len(s.Violations()) + len(s.Scripted()) + s.Stats().Requests
	}
	id, seen := play()
	s.SetGateway(Intercept(502), 0)
	s.Reset()
	if users, groups := s.Count(); users+groups != 0 || len(s.Ledger())+len(s.Exchanges())+len(s.Violations())+len(s.Scripted()) != 0 ||
		s.Stats() != (Stats{}) || s.Created("a@x.org") != 0 || !s.Violated() {
		t.Errorf("left over: %v %v %+v", s.Ledger(), s.Violations(), s.Stats())
	}
	if id2, seen2 := play(); id2 != id || seen2 != seen {
		t.Errorf("the second time %s and %d, the first %s and %d", id2, seen2, id, seen)
	}
	s.DropScript()
	if len(s.Scripted()) != 0 || New(Config{}).Violated() {
		t.Error("what is dropped stays, or what never was is told")
	}
}

func TestAnyOrgHasSeparateOrganizations(t *testing.T) {
	s := New(Config{AnyOrg: true})
	if got := s.Organizations(); !slices.Equal(got, []string{DefaultOrgID}) {
		t.Errorf("%v", got)
	}
	const other = "11111111-1111-4111-8111-111111111111"
	_, _ = call(t, s.Client(), "GET", strings.Replace(strings.TrimSuffix(bulkURL, "Bulk"), DefaultOrgID, other, 1)+"Users", "")
	if got := s.Organizations(); !slices.Equal(got, []string{other, DefaultOrgID}) {
		t.Errorf("%v", got)
	}
}

// Reads see them at once, in spite of ReadLag.
func TestAddAllAddsAllOrNone(t *testing.T) {
	person := func(name string) Operation {
		return Operation{Path: "/Users", Data: json.RawMessage(`{"userName":"` + name + `"}`)}
	}
	crew := Operation{Path: "/Groups", Data: json.RawMessage(`{"displayName":"Crew"}`)}
	for _, lag := range []Config{{}, {ReadLag: 1 << 40}} {
		for _, c := range []struct {
			last   Operation
			status int
		}{
			{person("A@x.org"), 409}, {person(""), 400}, {Operation{Path: "/Users"}, 400}, {Operation{Path: "/Devices", Data: crew.Data}, 400},
			{Operation{Path: "/Users", Data: json.RawMessage(`{"userName":"c","active":"yes"}`)}, 400},
			{Operation{Path: "/Groups", Data: json.RawMessage(`{"displayName":"c","members":[{"value":"x","type":"user"}]}`)}, 400},
		} {
			s := New(lag)
			ids, err := s.AddAll(person("a@x.org"), crew, c.last)
			refused, ok := errors.AsType[*AddError](err)
			if ids != nil || !ok || refused.Index != 2 || refused.Status != c.status || strings.Contains(err.Error(), "x.org") {
				t.Errorf("%+v: %v, %v", c.last, ids, err)
			}
			if users, groups := s.Count(); users+groups != 0 || search(t, s, "Users", "").TotalResults != 0 {
				t.Errorf("%+v: %d users and %d groups are there", c.last, users, groups)
			}
			if ids, err = s.AddAll(person("a@x.org"), crew); err != nil || len(ids) != 2 || search(t, s, "Users", "").TotalResults != 1 {
				t.Errorf("%v, %v", ids, err)
			}
			if len(s.Ledger()) != 0 {
				t.Errorf("the ledger has %v", s.Ledger())
			}
		}
	}
}
