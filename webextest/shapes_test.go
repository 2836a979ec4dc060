package webextest

import (
	"cmp"
	"encoding/json"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"slices"
	"strings"
	"testing"
)

func TestShapesChangeTheAnswerAndNotTheEffect(t *testing.T) {
	for _, c := range []struct {
		name   string
		shape  Shape
		has    []string // texts in the answer
		hasNot []string
		status int // 0: 200
	}{
		{name: "plain", has: []string{`"operations":[`, `"status":"201"`, `"status":"409"`, `"errorCode":990409`, `"scimType":"uniqueness"`}},
		{name: "CapitalKey", shape: CapitalKey, has: []string{`"Operations":[`}, hasNot: []string{`"operations"`}},
		{name: "BothKeys", shape: BothKeys, has: []string{`"Operations":[{`, `"operations":[{`}},
		{name: "NoList", shape: NoList, hasNot: []string{`perations"`}},
		{name: "NullList", shape: NullList, has: []string{`"operations":null`}},
		{name: "Fewer", shape: Fewer(1), has: []string{`"201"`, `"409"`}, hasNot: []string{`"404"`}},
		{name: "Fewer than none", shape: Fewer(9), has: []string{`"operations":[]`}},
		{name: "Foreign", shape: Foreign, has: []string{`"foreign-0"`, `"foreign-2"`, `"foreign-4"`}},
		{name: "InStatus", shape: InStatus(412), status: 412, has: []string{`"operations":[{`}},
		{name: "NumericStatus", shape: NumericStatus, has: []string{`"status":201`, `"status":409`}},
		{name: "ObjectStatus", shape: ObjectStatus, has: []string{`"status":{"code":201}`}},
		{name: "OddStatus", shape: OddStatus, has: []string{`"status":"abc"`}, hasNot: []string{`"201"`}},
		{name: "odd, then numeric", shape: Shapes(OddStatus, NumericStatus), has: []string{`"status":0`}},
		{name: "NoStatus", shape: NoStatus, hasNot: []string{`"201"`}},
		{name: "NoBulkIDs", shape: NoBulkIDs, hasNot: []string{`bulkId`}},
		{name: "PostBulkIDs", shape: PostBulkIDs, has: []string{`"bulkId":"a"`}, hasNot: []string{`"bulkId":"gone"`}},
		{name: "LowerMethods", shape: LowerMethods, has: []string{`"method":"post"`}, hasNot: []string{`POST`}},
		{name: "NoLocations", shape: NoLocations, hasNot: []string{`location`}},
		{name: "NullLocations", shape: NullLocations, has: []string{`"location":null`}},
		{name: "RelativeLocations", shape: RelativeLocations, has: []string{`"location":"/identity/scim/`}},
		{name: "ShortLocations", shape: ShortLocations, has: []string{`"location":"/Users/`}},
		{name: "SlashedLocations", shape: SlashedLocations, has: []string{`/",`}},
		{name: "QueriedLocations", shape: QueriedLocations, has: []string{`?version=1"`}},
		{name: "ForeignLocations", shape: ForeignLocations("evil.example"), has: []string{`"https://evil.example/identity/`}},
		{name: "OtherTypeLocations", shape: OtherTypeLocations, has: []string{`/v2/Groups/`}, hasNot: []string{`/v2/Users/`}},
		{name: "OtherOrgLocations", shape: OtherOrgLocations("0"), has: []string{`"https://webexapis.com/identity/scim/0/v2/Users/`}},
		{name: "EscapingLocations", shape: EscapingLocations, has: []string{`/v2/Users/..%2fGroups%2f`}},
		{name: "TextResponses", shape: TextResponses, has: []string{`"response":"{\"detail\":`}},
		{name: "ListDetails", shape: ListDetails, has: []string{`"details":["`}},
		{name: "ListResponses", shape: ListResponses, has: []string{`"response":[{`}},
		{name: "NullResponses", shape: NullResponses, has: []string{`"response":null`}},
		{name: "NoResponses", shape: NoResponses, hasNot: []string{`response`}},
		{name: "PlainErrors", shape: PlainErrors, has: []string{`"detail"`}, hasNot: []string{`cisco`}},
		{name: "WebexErrors", shape: WebexErrors, has: []string{`"details"`}, hasNot: []string{`"detail"`, `scimType`}},
		{name: "TextErrorCodes", shape: TextErrorCodes, has: []string{`"errorCode":"990409"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(Config{Shape: c.shape})
			gone := remove("/Users/" + DefaultOrgID)
			gone.BulkID = "gone"
			res, body := call(t, s.Client(), "POST", bulkURL, bulkRequest(0, user("a", "a@x.org"), user("b", "A@x.org"), gone))
			if want := cmp.Or(c.status, 200); res.StatusCode != want || !json.Valid([]byte(body)) {
				t.Errorf("status %d: %s", res.StatusCode, body)
			}
			for _, part := range c.has {
				if !strings.Contains(body, part) {
					t.Errorf("no %s in %s", part, body)
				}
			}
			for _, part := range c.hasNot {
				if strings.Contains(body, part) {
					t.Errorf("%s in %s", part, body)
				}
			}
			if users, _ := s.Count(); users != 1 {
				t.Errorf("%d users", users)
			}
		})
	}
}

func TestUpperLocationsHaveUpperCaseIDs(t *testing.T) {
	s := New(Config{Shape: UpperLocations})
	got := send(t, s, 0, user("a", "a@x.org"))
	_, id, _ := strings.Cut(got[0].Location, "/v2/Users/")
	a, _ := s.UserByName("a@x.org")
	if id == a.ID() || id != strings.ToUpper(a.ID()) {
		t.Errorf("%s for %s", id, a.ID())
	}
}

func TestShuffledDependsOnTheSeed(t *testing.T) {
	var ops []op
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		ops = append(ops, user(name, name+"@x.org"))
	}
	order := func(seed int64) string {
		s := New(Config{Seed: seed})
		s.Script(ShapeAnswer(Shuffled, Repeated))
		ids := ""
		for _, r := range send(t, s, 0, ops...) {
			ids += r.BulkID
		}
		return ids
	}
	got := order(7)
	if len(got) != 16 || got[:8] == "abcdefgh" || got[:8] != got[8:] || got != order(7) || got == order(8) {
		t.Errorf("%s, %s, %s", got, order(7), order(8))
	}
}

func TestLastReferenceOnlyStoresTheOthers(t *testing.T) {
	s := New(Config{LastReferenceOnly: true})
	got := send(t, s, 0, user("a", "a@x.org"), user("b", "b@x.org"), group("g", "G", "bulkId:a", "bulkId:b"))
	if statuses(got) != "201 201 201" {
		t.Error(statuses(got))
	}
	if err := s.CheckIntegrity(); err == nil || !strings.Contains(err.Error(), `"bulkId:a"`) || strings.Contains(err.Error(), `"bulkId:b"`) {
		t.Errorf("integrity: %v", err)
	}
	if err := s.Check("bulkId:a"); err != nil {
		t.Error(err)
	}
}

func TestNoPathReferencesAnswers404(t *testing.T) {
	s := New(Config{NoPathReferences: true})
	if got := statuses(send(t, s, 0, group("g", "G"), remove("/Groups/bulkId:g"))); got != "201 404" {
		t.Error(got)
	}
}

// ShapeNamed knows each exported Shape, and each exported function that returns
// one for a value, by its Go name.
func TestEveryShapeHasAName(t *testing.T) {
	file, err := parser.ParseFile(gotoken.NewFileSet(), "shapes.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			declared = append(declared, d.Name.Name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					declared = append(declared, v.Names[0].Name)
				}
			}
		}
	}
	declared = slices.DeleteFunc(declared, func(name string) bool {
		return !ast.IsExported(name) || slices.Contains([]string{"Shapes", "EachItem", "ShapeNamed", "ShapeNames"}, name)
	})
	for i, name := range declared {
		declared[i] = strings.ToLower(name[:1]) + strings.Replace(name[1:], "IDs", "Ids", 1)
	}
	var named []string
	for _, name := range ShapeNames() {
		named = append(named, strings.TrimRight(name, "0123456789"))
	}
	slices.Sort(declared)
	if named = slices.Compact(named); !slices.Equal(named, declared) {
		t.Errorf("named %v\ndeclared %v", named, declared)
	}
	if ShapeNamed("x") != nil || ShapeNamed("capitalKey") == nil {
		t.Error("ShapeNamed finds an unknown name, or not a known one")
	}
}
