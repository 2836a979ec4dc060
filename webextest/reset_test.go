package webextest

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"slices"
	"strings"
	"testing"
)

// After a reset the service is as New makes it, to the ids and the numbers.
func TestReset(t *testing.T) {
	s := New(Config{Rate: RateLimit{Requests: 3}})
	play := func() (id string, seen int) {
		got := send(t, s, 0, user("a", "a@x.org"))
		s.Script(Refuse(503, ""), Page())
		s.ScriptSearches(Refuse(503, ""))
		_, _ = call(t, s.Client(), "POST", bulkURL, `{}`)
		_, _ = call(t, s.Client(), "GET", strings.TrimSuffix(bulkURL, "Bulk")+"Users", "")
		return got[0].Location, len(s.Ledger()) + len(s.Exchanges()) + len(s.Violations()) + len(s.Scripted()) + s.Stats().Requests
	}
	id, seen := play()
	s.SetGateway(Gateway(502), 0)
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

func TestOrganizations(t *testing.T) {
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

// All are added or none, whatever reads lag behind.
func TestAddAll(t *testing.T) {
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

// Law: each shape of this package has a name, and no name is left without one.
func TestShapesHaveNames(t *testing.T) {
	file, err := parser.ParseFile(gotoken.NewFileSet(), "shapes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	unmet := ShapeNames()
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !f.Name.IsExported() || f.Name.Name == "Shapes" || f.Name.Name == "EachItem" {
			continue
		}
		name := strings.Replace(strings.ToLower(f.Name.Name[:1])+f.Name.Name[1:], "IDs", "Ids", 1)
		before := len(unmet)
		unmet = slices.DeleteFunc(unmet, func(n string) bool { return strings.TrimRight(n, "0123456789") == name })
		if len(unmet) == before {
			t.Errorf("%s has no name", f.Name)
		}
	}
	if len(unmet) > 0 || ShapeNamed("x") != nil || ShapeNamed("capitalKey") == nil {
		t.Errorf("names without a function: %v", unmet)
	}
}
