package bulkapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/internal/transport"
)

// TestMatchByIDLocationPosition: statuses stand for the operation that a result
// is meant for: 200 plus its index.
func TestMatchByIDLocationPosition(t *testing.T) {
	ops := append(mixed(), // u1 g1 p1 d1
		Operation{Method: "DELETE", Path: "Groups/CC%2d3", BulkID: "d2"},
		Operation{Method: "PATCH", Path: "/Users/aa-1", BulkID: "p2"})
	const foreign = `{"method":"POST","bulkId":"other","status":"222"}`
	for _, tt := range []struct{ name, list, want string }{
		{"in order", `{"bulkId":"u1","status":"200"},{"bulkId":"g1","status":"201"},{"bulkId":"p1","status":"202"},{"bulkId":"d1","status":"203"},{"bulkId":"d2","status":"204"},{"bulkId":"p2","status":"205"}`, "200 201 202 203 204 205"},
		{"shuffled and fewer", `{"bulkId":"d1","status":"203"},{"bulkId":"u1","status":"200"}`, "200 - - 203 - -"},
		{"repeated", `{"bulkId":"u1","status":"200"},{"bulkId":"u1","status":"409"},{"bulkId":"g1","status":"201"}`, "200 201 - - - -"},
		{"repeated, first unreadable", `{"bulkId":"u1","status":"abc"},{"bulkId":"u1","status":"200"}`, "200 - - - - -"},
		{"foreign as many as missing", `{"bulkId":"u1","status":"200"},` + foreign + `,` + foreign + `,` + foreign + `,` + foreign + `,{"bulkId":"p2","status":"205"}`, "200 - - - - 205"},
		{"number as bulkId is foreign", `{"bulkId":7,"status":"200"}`, "- - - - - -"},
		{"by location", `{"method":"DELETE","location":"https://h/identity/scim/o/v2/Users/BB-2/?x#y","status":"203"},{"method":"delete","location":"/Groups/cc-3","status":"204"}`, "- - - 203 204 -"},
		{"by location, two on one resource are not told apart", `{"method":"PATCH","location":"/v2/Users/AA-1","status":"202"},{"method":"PATCH","location":"/v2/Users/aa-1","status":"205"}`, "- - - - - -"},
		{"by location, one of two is anyone's", `{"method":"PATCH","location":"/v2/Users/AA-1","status":"202"}`, "- - - - - -"},
		{"by location, the other is known by name", `{"method":"PATCH","location":"/v2/Users/AA-1","status":"202"},{"bulkId":"p2","method":"PATCH","location":"/v2/Users/AA-1","status":"205"}`, "- - - - - 205"},
		{"by location, method missing", `{"location":"/v2/Users/bb-2","status":"203"}`, "- - - 203 - -"},
		{"by location, other method", `{"method":"PATCH","location":"/v2/Users/bb-2","status":"203"}`, "- - - - - -"},
		{"by location, repeated", `{"method":"DELETE","location":"/v2/Users/bb-2","status":"203"},{"method":"DELETE","location":"/v2/Users/bb-2","status":"404"}`, "- - - 203 - -"},
		{"location of a POST says nothing", `{"method":"POST","location":"/v2/Users/new","status":"200"}`, "- - - - - -"},
		{"location without id", `{"method":"DELETE","location":"https://h/v2/Users","status":"203"},{"method":"DELETE","location":"","status":"203"},{"method":"DELETE","location":null,"status":"203"}`, "- - - - - -"},
		{"by position", `{"method":"POST","status":200},{"method":"POST","status":201},{"status":202},{"method":"DELETE","status":{"code":203}},{"method":"DELETE","status":"204"},{"method":"patch","status":"205"}`, "200 201 202 203 204 205"},
		{"by position, each with its location", `{"status":200,"location":"/v2/Users/new"},{"status":201,"location":"/v2/Groups/new"},{"status":202,"location":"/v2/Users/aa-1"},{"status":203,"location":"/v2/Users/bb-2"},{"status":204},{"status":205,"location":"/v2/Users/AA-1"}`, "200 201 202 203 204 205"},
		{"by position, unknown method", `{"method":"MERGE","status":200},{"status":201},{"status":202},{"status":203},{"status":204},{"status":205}`, "200 201 202 203 204 205"},
		{"by position, the rest by name", `{"bulkId":"u1","status":200},{"bulkId":"g1","status":201},{"status":202},{"status":203},{"status":204},{"status":205}`, "200 201 202 203 204 205"},
		{"no position: a name out of place", `{"bulkId":"g1","status":201},{"bulkId":"u1","status":200},{"status":202},{"status":203},{"status":204},{"status":205}`, "200 201 - - - -"},
		{"no position: a method out of place", `{"method":"DELETE","status":203},{"status":201},{"status":202},{"status":200},{"status":204},{"status":205}`, "- - - - - -"},
		{"no position: a type out of place", `{"location":"/v2/Groups/x","status":201},{"location":"/v2/Users/y","status":200},{"status":202},{"status":203},{"status":204},{"status":205}`, "- - - - - -"},
		{"no position: a foreign one", `{"bulkId":"other","status":200},{"status":201},{"status":202},{"status":203},{"status":204},{"status":205}`, "- - - - - -"},
		{"no position: fewer", `{"status":200},{"status":201}`, "- - - - - -"},
		{"no position: more", `{"status":200},{"status":201},{"status":202},{"status":203},{"status":204},{"status":205},{"status":206}`, "- - - - - -"},
		{"by location, what is named stays", `{"bulkId":"d1","location":"/v2/Users/bb-2","status":203},{"method":"DELETE","location":"/v2/Users/bb-2","status":404}`, "- - - 203 - -"},
		{"odd entries keep their place", `{"status":200},null,[],"x",{"status":204},7`, "200 - - - 204 -"},
		{"odd entries cost themselves", `null,{"bulkId":"u1","status":"200"},17,{"bulkId":"g1","status":"201","response":[[]],"location":{}}`, "200 201 - - - -"},
		{"status in the error alone", `{"bulkId":"u1","response":{"status":"409"}}`, "409 - - - - -"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := reading(t, 200, `{"operations":[`+tt.list+`]}`, ops, 0)
			if a.Kind != transport.Answered || len(a.Items) != len(ops) {
				t.Fatalf("%+v", a)
			}
			var got []string
			for _, it := range a.Items {
				if it.Found {
					got = append(got, fmt.Sprint(it.Status))
				} else {
					got = append(got, "-")
				}
			}
			if got := strings.Join(got, " "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestReferenceByPosition: the location of what a reference in a path stands
// for is not in the request.
func TestReferenceByPosition(t *testing.T) {
	ops := []Operation{{Method: "POST", Path: "/Users", BulkID: "u"}, {Method: "PATCH", Path: "/Users/bulkId:u", BulkID: "p"}}
	a := reading(t, 200, `{"operations":[{"status":201,"location":"/v2/Users/7"},{"method":"PATCH","status":200,"location":"/v2/Users/7"}]}`, ops, 0)
	if a.Items[0].Status != 201 || a.Items[1].Status != 200 {
		t.Errorf("%+v", a.Items)
	}
	if a := reading(t, 200, `{"operations":[{"status":404}]}`, ops, 0); a.Items[0].Found || a.Items[1].Found {
		t.Errorf("a result that names nothing was taken: %+v", a.Items)
	}
	ops[1].Path = "/Users/8"
	a = reading(t, 200, `{"operations":[{"status":201,"location":"/v2/Users/7"},{"method":"PATCH","status":200,"location":"/v2/Users/7"}]}`, ops, 0)
	if a.Items[0].Found || a.Items[1].Found {
		t.Errorf("a result of another resource was taken: %+v", a.Items)
	}
}

// TestNoResultOfAnother: however results are shuffled, repeated, left out and
// mixed with foreign ones, no operation gets the result of another, and one
// whose result says its bulkId, or names a resource that no other operation
// touches, gets its own.
func TestNoResultOfAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "n")
		ops := make([]Operation, n)
		named := make([]bool, n) // its result says its bulkId
		count := map[string]int{}
		for i := range ops {
			ops[i] = Operation{Method: rapid.SampledFrom([]string{"POST", "PATCH", "DELETE"}).Draw(t, "method"), BulkID: fmt.Sprint("b", i)}
			ops[i].Path = rapid.SampledFrom([]string{"/Users", "/Groups"}).Draw(t, "type")
			named[i] = true
			if ops[i].Method != "POST" {
				ops[i].Path += fmt.Sprint("/Id", rapid.IntRange(0, 6).Draw(t, "id"))
				named[i] = rapid.Bool().Draw(t, "named")
			}
			count[resourceKey(ops[i].Path)]++
		}
		results, missing := answerAtRandom(t, ops, named, count)
		m := match(ops, results)
		for i, j := range m.of {
			switch {
			case j >= 0 && results[j].Version != fmt.Sprint("v", i):
				t.Fatalf("operation %d (%+v) got %+v", i, ops[i], results[j])
			case j >= 0 && missing[i]:
				t.Fatalf("operation %d has no result, and got %+v", i, results[j])
			case j == unmatched && !missing[i] && (named[i] || count[resourceKey(ops[i].Path)] == 1):
				t.Fatalf("operation %d (%+v) did not get its result out of %+v", i, ops[i], results)
			}
		}
	})
}

// answerAtRandom makes results whose Version tells the operation they are of.
// Results of one method and resource without a bulkId keep their order, as
// operations on one resource do in the service, and none of them is left out or
// repeated.
func answerAtRandom(t *rapid.T, ops []Operation, named []bool, count map[string]int) (results []result, missing []bool) {
	rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 0))
	type placed struct {
		at float64
		r  result
	}
	var all []placed
	last := map[string]float64{}
	missing = make([]bool, len(ops))
	for i, op := range ops {
		r := result{Method: op.Method, Version: fmt.Sprint("v", i), Status: 200}
		at := rnd.Float64()
		single := named[i] || count[resourceKey(op.Path)] == 1
		if op.Method != "POST" {
			r.Location = "https://host/identity/scim/org/v2" + strings.ToUpper(op.Path)
			if !single {
				at = last[resourceKey(op.Path)] + (1-last[resourceKey(op.Path)])*at
				last[resourceKey(op.Path)] = at
			}
		}
		if named[i] {
			r.BulkID = op.BulkID
		}
		// A group of several is left whole as soon as one of its members has no
		// bulkId.
		whole := count[resourceKey(op.Path)] > 1 && op.Method != "POST"
		switch rnd.IntN(5) {
		case 0:
			if !whole {
				missing[i] = true
				continue
			}
		case 1:
			if !whole {
				all = append(all, placed{rnd.Float64(), r})
			}
		case 2:
			all = append(all, placed{rnd.Float64(), result{BulkID: "foreign", Method: r.Method, Location: r.Location, Status: 201}})
		}
		all = append(all, placed{at, r})
	}
	for len(all) > 0 {
		first := 0
		for k := range all {
			if all[k].at < all[first].at {
				first = k
			}
		}
		results = append(results, all[first].r)
		all = append(all[:first], all[first+1:]...)
	}
	return results, missing
}

// TestLeftOutIsNotUnknown: what a stopped request did not come to is told apart
// from what is unknown.
func TestLeftOutIsNotUnknown(t *testing.T) {
	ops := mixed()
	const ok, bad = `{"bulkId":"u1","status":"201"}`, `{"bulkId":"g1","status":"409","response":{"scimType":"uniqueness"}}`
	const stop412 = `{"bulkId":"p1","status":"412"},{"bulkId":"d1","status":"412","response":{"detail":"not done"}}`
	const stop409 = `{"bulkId":"p1","status":"409","response":{"detail":"failOnErrors count reached"}},{"bulkId":"d1","status":409,"response":"FailOnErrors count reached"}`
	for _, tt := range []struct {
		name         string
		status       int
		list         string
		failOnErrors int
		want         string // s succeeded, f failed, u unattempted, - unknown
	}{
		{"left out", 200, ok + "," + bad, 1, "sfuu"},
		{"left out, no budget asked for", 200, ok + "," + bad, 0, "sf--"},
		{"left out, budget not reached", 200, ok + "," + bad, 2, "sf--"},
		{"left out, but one result is nobody's", 200, ok + "," + bad + `,{"status":"200"}`, 1, "sf--"},
		{"left out, a status is unreadable", 200, ok + "," + bad + `,{"bulkId":"p1","status":"?"}`, 1, "sf-u"},
		{"answered 412 within HTTP 412", 412, ok + "," + bad + "," + stop412, 1, "sfuu"},
		{"412 without a reason to stop", 200, ok + "," + bad + "," + stop412, 0, "sfff"},
		{"412 is itself the first failure", 200, ok + `,{"bulkId":"g1","status":"412"}`, 1, "sfuu"},
		{"412 before the failure, another order", 200, `{"bulkId":"u1","status":"412"},` + bad, 1, "ufuu"},
		{"409 with a text", 200, ok + "," + bad + "," + stop409, 1, "sfuu"},
		{"409 that says nothing", 200, ok + "," + bad + `,{"bulkId":"p1","status":"409"}`, 1, "sfuu"},
		{"409 that says nothing, first failures", 200, `{"bulkId":"u1","status":"409"},{"bulkId":"g1","status":"409"}`, 2, "ffuu"},
		{"409 with a code is a conflict", 200, ok + "," + bad + `,{"bulkId":"p1","status":"409","response":{"errorCode":"1"}}`, 1, "sffu"},
		{"409 with another text is a conflict", 200, ok + "," + bad + `,{"bulkId":"p1","status":"409","response":{"detail":"exists"}}`, 1, "sffu"},
		{"left out, nobody's results say the same", 200, ok + "," + bad + `,{"status":"412"},{"status":"412"}`, 1, "sfuu"},
		{"409 with a scimType is a conflict", 200, ok + "," + bad + `,{"bulkId":"p1","status":"409","response":{"scimType":"uniqueness","detail":"failOnErrors count reached"}}`, 2, "sffu"},
		{"missing before a result", 200, bad, 1, "-fuu"},
		{"missing before a result within HTTP 400", 400, bad, 1, "-fuu"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := reading(t, tt.status, `{"Operations":[`+tt.list+`]}`, ops, tt.failOnErrors)
			got := ""
			for _, it := range a.Items {
				switch {
				case it.Found && it.LeftOut:
					t.Errorf("found and unattempted: %+v", it)
				case it.LeftOut:
					got += "u"
				case !it.Found:
					got += "-"
				case it.Err == nil:
					got += "s"
				default:
					got += "f"
				}
			}
			if a.Kind != transport.Answered || got != tt.want {
				t.Errorf("%v %s, want %s", a.Kind, got, tt.want)
			}
		})
	}
}

// TestLongerListCounts: of two lists the fuller one counts.
func TestLongerListCounts(t *testing.T) {
	ops := mixed()[:1]
	const list = `[{"bulkId":"u1","status":"201"}]`
	for _, body := range []string{
		`{"operations":` + list + `}`, `{"Operations":` + list + `}`, `{"OPERATIONS":` + list + `,"x":1}`,
		`{"operations":null,"Operations":` + list + `}`, `{"operations":[],"Operations":` + list + `}`, `{"Operations":[],"operations":` + list + `}`,
		`{"operations":` + list + `,"Operations":[]}`, `{"operations":` + list + `,"Operations":` + list + `}`,
		"\ufeff " + `{"operations":` + list + "}\n",
	} {
		if !json.Valid(bytes.TrimSpace(bytes.TrimPrefix([]byte(body), []byte("\ufeff")))) {
			t.Fatalf("bad test %s", body)
		}
		if a := reading(t, 200, body, ops, 0); a.Kind != transport.Answered || a.Items[0].Status != 201 {
			t.Errorf("%s: %+v", body, a)
		}
	}
}

// TestIDIsOfTheOperationsType: the id that an answer tells is that of what was
// asked for.
func TestIDIsOfTheOperationsType(t *testing.T) {
	ops := mixed()
	a := reading(t, 200, `{"operations":[
		{"bulkId":"u1","status":"201","location":"https://h/identity/scim/`+testOrg+`/v2/Users/new-1"},
		{"bulkId":"g1","status":"201","location":"https://h/identity/scim/`+testOrg+`/v2/Users/new-2"},
		{"bulkId":"p1","status":"200","location":"/v2/Users/Aa-1/"},
		{"bulkId":"d1","status":"204","location":null}]}`, ops, 0)
	for i, want := range []string{"new-1", "", "Aa-1", ""} {
		if it := a.Items[i]; it.ID != want || !it.Found {
			t.Errorf("%d: %+v, want %q", i, it, want)
		}
	}
}
