package opfile

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/internal/raced"
)

func memberID(i int) string { return fmt.Sprintf("%08d-0000-4000-8000-000000000000", i) }

// service is what becomes of groups, by their path, when operations are carried
// out one after the other.
type service map[string]map[string]bool

// carryOut does what an operation says, and returns how many members it names.
func (s service) carryOut(t interface{ Fatalf(string, ...any) }, row Row) (named int) {
	path := row.Operation.Path
	if row.Operation.Method == "POST" {
		path = "/Groups/bulkId:" + row.Operation.BulkID
	}
	group := s[path]
	if group == nil {
		group = map[string]bool{}
		s[path] = group
	}
	type member struct{ Value, Type string }
	var body struct {
		Members    []member
		Operations []struct {
			Op, Path string
			Value    []member
		}
	}
	if err := json.Unmarshal([]byte(dataOf(row)), &body); err != nil {
		t.Fatalf("%s: %v", dataOf(row), err)
	}
	add := func(members []member) {
		named += len(members)
		for _, m := range members {
			group[m.Value] = true
		}
	}
	add(body.Members)
	for _, op := range body.Operations {
		switch one := removed.FindStringSubmatch(op.Path); {
		case op.Op == "remove" && one != nil:
			named++
			delete(group, one[1])
		case op.Op == "add" && op.Path == "members":
			add(op.Value)
		case op.Op == "replace" && op.Path == "members":
			clear(group)
			add(op.Value)
		default:
			t.Fatalf("%s of %q", op.Op, op.Path)
		}
	}
	return named
}

var removed = regexp.MustCompile(`^members\[value eq "([^"]*)"\]$`)

// Rows that add members to groups and remove some do what they say, in their
// order, in as few operations as may be: those that stand next to each other
// and are about one group make one, of at most 500 members.
func TestRowsOfMembersAreJoined(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text, want, most := "operation,displayName,members\n", service{}, 1
		last := ""
		for range rapid.IntRange(1, raced.Fewer(4, 12)).Draw(rt, "rows") {
			group := rapid.SampledFrom([]string{"Staff", "Crew"}).Draw(rt, "group")
			verb := rapid.SampledFrom([]string{"add", "remove", "update"}).Draw(rt, "verb")
			path := "/Groups/id-of-" + strings.ToLower(group)
			if want[path] == nil {
				want[path] = map[string]bool{}
			}
			var names []string
			first := rapid.IntRange(0, 40).Draw(rt, "first")
			count := rapid.SampledFrom([]int{1, 2, 3, 300, 700}).Draw(rt, "count")
			for i := range count {
				name := memberID(first + i)
				removes := verb == "remove"
				if verb == "update" {
					removes = rapid.Bool().Draw(rt, "removes")
					name = map[bool]string{true: "REMOVE|", false: "ADD|"}[removes] + name
				}
				names = append(names, name)
				if id := memberID(first + i); removes {
					delete(want[path], id)
				} else {
					want[path][id] = true
				}
			}
			text += verb + "," + group + "," + strings.Join(names, " ") + "\n"
			if group != last {
				most++
			}
			if count >= 300 { // it fills what it joins, or stands alone and parts what is around it
				most += 3
			}
			last = group
		}
		r := open(t, "groups.csv", text)
		r.Resolve(lookupIn("staff", "crew"))
		got := service{}
		rows := readValid(t, r)
		for _, row := range rows {
			if n := got.carryOut(rt, row); n > 500 {
				rt.Fatalf("%d members in one operation", n)
			}
		}
		for path, group := range want {
			if !maps.Equal(got[path], group) {
				rt.Fatalf("%s has %d members, not %d", path, len(got[path]), len(group))
			}
		}
		if len(rows) > most {
			rt.Fatalf("%d operations, %d would do", len(rows), most)
		}
	})
}

// A group of many members is made with the first 500, and the rest follows;
// when a part of that fails, what is kept adds just the members that are
// missing, and never makes a second group.
func TestLargeGroupsAreSplit(t *testing.T) {
	counts := []int{499, 500, 501, 1000, 1001, 2300}[:raced.Fewer(3, 6)]
	rapid.Check(t, func(rt *rapid.T) {
		count := rapid.SampledFrom(counts).Draw(rt, "count")
		names, all := make([]string, count), map[string]bool{}
		for i := range names {
			names[i] = memberID(i)
			all[names[i]] = true
		}
		header := rapid.SampledFrom([]string{"displayName,members,externalId,operation\nStaff,%s,x,\n",
			"displayName,members\nStaff,%s\n",
			"operation,displayName,members\nupdate,Staff,%s\n"}).Draw(rt, "sheet")
		r := open(t, "groups.csv", fmt.Sprintf(header, strings.Join(names, ";")))
		r.Resolve(lookupIn("staff"))
		rows := readValid(t, r)
		if len(rows) != (count+499)/500 {
			rt.Fatalf("%d operations", len(rows))
		}
		created := rows[0].Operation.Method == "POST"
		kept := rapid.SliceOfN(rapid.Bool(), len(rows), len(rows)).Draw(rt, "kept")
		if kept[0] {
			for i := range kept {
				kept[i] = true // what refers to a group that was not made, is not done either
			}
		}
		if !slices.Contains(kept, true) {
			kept[len(kept)-1] = true
		}
		got := service{}
		for i, row := range rows {
			if !kept[i] && got.carryOut(rt, row) > 500 {
				rt.Fatalf("more than 500")
			}
		}
		var b strings.Builder
		if err := r.Copy(&b, func(i int) bool { return kept[i] },
			func(int) string { return "status 400" }); err != nil {
			rt.Fatal(err)
		}
		again := open(t, "failed.csv", b.String())
		again.Resolve(lookupIn("staff"))
		made := 0
		for _, row := range readValid(t, again) {
			if row.Operation.Method == "POST" {
				made++
			} else if created {
				row.Operation.Path = rows[len(rows)-1].Operation.Path // found by its name
			}
			got.carryOut(rt, row)
		}
		if !kept[0] && made > 0 {
			rt.Fatalf("a second group:\n%.200s", b.String())
		}
		for path, group := range got {
			if !maps.Equal(group, all) {
				rt.Fatalf("%s has %d members of %d:\n%.200s", path, len(group), count, b.String())
			}
		}
	})
}

// Members are added to a group that the same sheet makes, too; what cannot be
// meant is refused.
func TestStepsOfMembers(t *testing.T) {
	rows := readValid(t, open(t, "g.csv", "operation,displayName,members\n,New,\nadd,New,"+memberID(1)+"\n"))
	r := open(t, "g.csv", "operation,displayName,members\n,New,\nadd,New,"+memberID(1)+"\n")
	if len(r.Lookups()) > 0 || rows[1].Operation.Path != "/Groups/bulkId:"+rows[0].Operation.BulkID {
		t.Errorf("%v %s", r.Lookups(), textOf(rows))
	}
	for row, want := range map[string]string{
		"remove,Crew,":                     "an update that changes nothing",
		"add,Crew,;":                       "no members",
		"create,Crew,ADD|" + memberID(1):   "in a row that creates a group",
		"update,Crew,ADD|a@b.c d@e.f":      "members with ADD| or REMOVE| beside members without",
		"update,Crew,REMOVE|nobody at all": "not an email address",
		"remove,Crew,REMOVE|*":             "an attribute that cannot be cleared",
		"create,Crew,REMOVE|*":             "an attribute that cannot be cleared",
		"entferne,Crew,a@b.c":              "unknown operation; expected create, update, delete, add or remove",
	} {
		if _, wrong := readInvalid(t, "g.csv",
			"operation,displayName,members\n"+row+"\n"); !strings.Contains(wrong.Error(), want) {
			t.Errorf("%s: %v", row, wrong.Error())
		}
	}
	_, wrong := readInvalid(t, "g.csv", "operation,displayName,members,externalId\nadd,Crew,a@b.c,x\n")
	if !strings.Contains(wrong.Error(), "another attribute in a row that adds or removes members") {
		t.Error(wrong.Error())
	}
	_, wrong = readInvalid(t, "u.csv", "operation,userName\nremove,a@b.c\n")
	if !strings.Contains(wrong.Error(), "unknown operation") {
		t.Error(wrong.Error())
	}
}

// REMOVE|* clears what an update can clear, and no more than that.
func TestClearingIsForOptionalAttributes(t *testing.T) {
	for column, path := range map[string]string{
		"Title": "title", "First Name": "name.givenName", "externalId": "externalId", "Phone Number": `phoneNumbers[type eq "work"]`,
		`emails[type eq "home"].value`: `emails[type eq "home"]`, "Address city": `addresses[type eq "work"].locality`, "Preferred Language": "preferredLanguage",
		"Department": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "Manager": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
	} {
		rows := readValid(t, open(t, "u.tsv", "operation\tuserName\t"+column+"\nupdate\ta@example.com\tREMOVE|*\n"))
		var patch struct{ Operations []map[string]any }
		if err := json.Unmarshal([]byte(dataOf(rows[0])), &patch); err != nil || len(patch.Operations) != 1 ||
			len(patch.Operations[0]) != 2 ||
			patch.Operations[0]["op"] != "remove" || patch.Operations[0]["path"] != path {
			t.Errorf("%s: %s", column, dataOf(rows[0]))
		}
		if _, wrong := readInvalid(t, "u.tsv", "userName\t"+column+"\na@example.com\tREMOVE|*\n"); wrong.Count != 1 {
			t.Errorf("%s of a create: %v", column, wrong.Error())
		}
	}
	for _, column := range []string{"active", "userType"} {
		if _, wrong := readInvalid(t, "u.tsv",
			"operation\tuserName\t"+column+"\nupdate\ta@example.com\tREMOVE|*\n"); wrong.Count != 1 {
			t.Errorf("%s: %v", column, wrong.Error())
		}
	}
}
