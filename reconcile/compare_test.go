package reconcile_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/reconcile"
)

func TestRowsBecomeActions(t *testing.T) {
	remove := reconcile.Options{Leavers: reconcile.DeleteLeavers, MaxRemovals: reconcile.Limit{Number: new(100)}}
	for name, c := range map[string]struct {
		org  *reconcile.Organization
		rows []reconcile.Row
		o    reconcile.Options
		want string
	}{
		"nothing to do":                 {org("ada", "bob"), rows("ada", "bob"), remove, ""},
		"an address whose case changed": {org("Ada"), rows("ada"), remove, ""},
		"new, changed and gone": {org(`ada ,"title":"x"`, "bob"), rows(`ada ,"title":"y"`, "cy"), remove,
			`change ada title:"x"->"y"` + "\ncreate cy\ndelete bob"},
		"leavers are told": {org("ada", "bob"), rows("ada"), reconcile.Options{}, "leaver bob"},
		"deactivated, once": {org("ada", "bob", `cy ,"active":false`), rows("ada"), reconcile.Options{Leavers: reconcile.DeactivateLeavers, MaxRemovals: remove.MaxRemovals},
			"deactivate bob\nleaver cy"},
		"what has no column stays": {org(`ada ,"title":"x","addresses":[{"type":"home","locality":"Ulm"}],"phoneNumbers":[{"type":"mobile","value":"1"}]`), rows("ada"), remove, ""},
		"what follows from the userName is not written": {org(`ada ,"emails":[{"type":"work","primary":false,"value":"ada@example.com"}]`),
			rows(`ada ,"userType":"user","emails":[{"type":"work","primary":true,"value":"ada@example.com"}]`), remove, ""},
		"a rename by externalId": {org(`ada ,"externalId":"7","emails":[{"type":"work","value":"ada@example.com"}]`),
			rows(`ada.king ,"externalId":"7","emails":[{"type":"work","value":"ada.king@example.com","primary":true}]`), remove,
			`change ada.king emails[type eq "work"].value:"ada@example.com"->"ada.king@example.com" userName:"ada@example.com"->"ada.king@example.com"`},
		"an externalId is given to whom the name means": {org("ada"), rows(`ada ,"externalId":"7"`), remove, `change ada externalId:->"7"`},
		"a name that belongs to another externalId": {org(`ada ,"externalId":"1"`, "bob"), rows(`ada ,"externalId":"2"`), remove,
			"left! ada: the one who has this name has another externalId, which is in no row: another person, or leading zeros lost?\nleaver bob\nheld: it is in doubt whom 1 of the rows mean"},
		"a rename to somebody's name": {org(`ada ,"externalId":"1"`, "bob"), rows(`bob ,"externalId":"1"`), remove,
			"left! bob: its name belongs to another one, who is in no row\nheld: it is in doubt whom 1 of the rows mean"},
		"two who swap": {org(`ada ,"externalId":"1"`, `bob ,"externalId":"2"`), rows(`bob ,"externalId":"1"`, `ada ,"externalId":"2"`), remove,
			"left! bob: it exchanges its name with other rows, which cannot be done at once: give one of them another name first\n" +
				"left! ada: it exchanges its name with other rows, which cannot be done at once: give one of them another name first\n" +
				"held: it is in doubt whom 2 of the rows mean"},
		"a name that is freed first": {org(`ada ,"externalId":"1"`), rows("ada", `eve ,"externalId":"1"`), remove,
			`change eve userName:"ada@example.com"->"eve@example.com"` + "\ncreate ada"},
		"two of one externalId": {org(`ada ,"externalId":"1"`, `bob ,"externalId":"1"`), rows(`ada ,"externalId":"1"`), remove,
			"left! ada: 2 users of the organization have this externalId\nheld: it is in doubt whom 1 of the rows mean"},
		"an empty sheet": {org("ada"), nil, remove, "leaver ada\nheld: there are no rows"},
		"who is never touched": {&reconcile.Organization{Type: "Users", Me: "ID-0", Resources: org(`ada ,"title":"x"`, `bob ,"roles":[{"value":"id_full_admin"}]`, `cy ,"userType":"room"`,
			`dee ,"urn:scim:schemas:extension:cisco:webexidentity:2.0:User":{"provisionSource":"AD"}`, `eve ,"urn:scim:schemas:extension:cisco:webexidentity:2.0:User":{"managedOrgs":[{"orgId":"o"}]}`,
			`flo ,"urn:scim:schemas:extension:cisco:webexidentity:2.0:User":{"provisionSource":"SCIM"}`).Resources},
			rows(`ada ,"title":"y"`), remove,
			"delete flo\nleft ada: the account of the token\nleft bob: an administrator: there are roles\nleft cy: no person: its userType is room\n" +
				"left dee: provisioned by a directory: AD\nleft eve: an administrator of managed organizations"},
		"who is touched when told": {org(`bob ,"roles":[{"value":"id_full_admin"}]`, `dee ,"urn:scim:schemas:extension:cisco:webexidentity:2.0:User":{"provisionSource":"AD"}`),
			rows("new"), reconcile.Options{Leavers: reconcile.DeleteLeavers, MaxRemovals: remove.MaxRemovals, IncludeAdmins: true, IncludeDirectory: true},
			"create new\ndelete bob\ndelete dee"},
		"a scope": {org(`ada ,"title":"x"`, `bob ,"title":"y"`, `cy ,"title":"x"`), rows(`ada ,"title":"x","nickName":"A"`, `bob ,"title":"x"`, `new ,"title":"y"`, `fine ,"title":"X"`),
			reconcile.Options{Scope: `title eq "x"`, Leavers: reconcile.DeleteLeavers, MaxRemovals: remove.MaxRemovals},
			"change ada nickName:->\"A\"\ncreate fine\ndelete cy\nleft bob: outside of the scope\nleft new: outside of the scope"},
		"whom a manager's row means": {org("boss"), rows(`boss `, `ada ,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"bulkId:b-boss"}}`), remove, "create ada"},
		"a manager for whom nothing is sent": {org("x"), rows(`ada ,"title":"x","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"bulkId:b-boss"}}`, `boss ,"title":"y"`),
			reconcile.Options{Scope: `not (userName sw "boss")`}, "left! ada: it refers to line 3, for which nothing is sent\nleft boss: outside of the scope\nleaver x"},
		"a leaver whom a row has as manager": {org(`ada ,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"id-1"}}`, "boss", "cy"),
			rows(`ada ,"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"ID-1"}}`), remove,
			"delete cy\nleft boss: it is in no row, but line 2 has it as manager"},
		"a canary": {org("ada", "bob"), rows("new", "newer"), reconcile.Options{First: 1}, "create new\nleaver ada\nleaver bob"},
	} {
		d, err := reconcile.Compare(c.rows, c.org, c.o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := summary(d); got != c.want {
			t.Errorf("%s\n--- is\n%s\n--- want\n%s", name, got, c.want)
		}
	}
}

// A filter that slips, a sheet cut in half, or a doubtful account of the token:
// nobody is removed.
func TestNobodyIsRemovedByMistake(t *testing.T) {
	var all []string
	for i := range 300 {
		all = append(all, fmt.Sprintf(`user%d ,"title":"t"`, i))
	}
	all1000 := slices.Clone(all)
	for i := range 700 {
		all1000 = append(all1000, fmt.Sprintf("more%d", i))
	}
	half := rows(all[:150]...)
	remove := reconcile.Options{Leavers: reconcile.DeleteLeavers}
	d, err := reconcile.Compare(half, org(all...), remove)
	over, ok := errors.AsType[*reconcile.RemovalsError](err)
	if !ok || over.Removals != 150 || over.Most != 10 || over.All != 300 || d == nil {
		t.Errorf("%v %+v", err, over)
	}
	if err == nil || err.Error() != "150 of 300 users would be removed, and 10 may be (10 or 5%, whichever is less)" {
		t.Error(err)
	}
	for all, most := range map[int]int{1: 0, 19: 0, 20: 1, 39: 1, 40: 2, 200: 10, 1000: 10} {
		_, err := reconcile.Compare(rows(all1000[most:all]...), org(all1000[:all]...), remove)
		if err != nil {
			t.Errorf("%d of %d: %v", most, all, err)
		}
		if _, err = reconcile.Compare(rows(all1000[min(most+1, all-1):all]...), org(all1000[:all]...), remove); err == nil && all > 1 {
			t.Errorf("%d of %d may be removed", most+1, all)
		}
	}
	for most, fine := range map[string]bool{"150": true, "149": false, "50%": true, "49%": false, "0": false, "100%": true} {
		o := remove
		o.MaxRemovals, err = reconcile.ParseLimit(most)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := reconcile.Compare(half, org(all...), o); (err == nil) != fine {
			t.Errorf("%s: %v", most, err)
		}
	}
	if _, err := reconcile.Compare(half, org(all...), reconcile.Options{Scope: `titel ne "x"`}); err == nil || !strings.Contains(err.Error(), "none of the 300 users has the attribute titel") {
		t.Error(err)
	}
	var off []string
	for i := range 300 {
		off = append(off, fmt.Sprintf(`user%d ,"active":false`, i))
	}
	for _, leavers := range []reconcile.Leavers{reconcile.ReportLeavers, reconcile.DeactivateLeavers} { // a column that slipped
		_, err = reconcile.Compare(rows(off...), org(all...), reconcile.Options{Leavers: leavers})
		if over, ok := errors.AsType[*reconcile.RemovalsError](err); !ok || over.Removals != 300 || over.Most != 10 {
			t.Errorf("rows that deactivate everybody: %v", err)
		}
	}
	if _, err = reconcile.Compare(rows(off[:8]...), org(all[:11]...), reconcile.Options{Leavers: reconcile.DeactivateLeavers, MaxRemovals: reconcile.Limit{Number: new(10)}}); err == nil {
		t.Error("8 rows that deactivate and 3 leavers are 11")
	}
	unknown := org("ada", "bob")
	unknown.MeErr = errors.New("status 500")
	d, _ = reconcile.Compare(rows(`ada ,"active":false`, `bob ,"title":"x"`), unknown, reconcile.Options{MaxRemovals: reconcile.Limit{Number: new(2)}})
	if got := summary(d); got != `change bob title:->"x"`+"\nleft ada: it would be deactivated, and may be the account of the token, which could not be determined" {
		t.Error(got)
	}
	d, _ = reconcile.Compare(rows("ada"), unknown, remove)
	if got := summary(d); got != "leaver bob\nheld: the account of the token could not be determined" {
		t.Error(got)
	}
	unknown.MeErr = fmt.Errorf("me: %w", client.ErrAbsent) // a service app
	d, _ = reconcile.Compare(rows("ada"), unknown, remove)
	if got := summary(d); got != "delete bob" {
		t.Error(got)
	}
	for _, text := range []string{"", "x", "-1", "101%", "%", "1.5", "NaN%"} {
		if l, err := reconcile.ParseLimit(text); err == nil {
			t.Errorf("%q: %v", text, l)
		}
	}
}

// Rows that contradict each other are refused, a line each, before anything is
// compared.
func TestContradictingRowsAreRefused(t *testing.T) {
	bad := append(rows("ada", `bob ,"externalId":"1"`, `cy ,"externalId":"1"`, "ADA"), reconcile.Row{Line: 9, Operation: client.Users.Delete("x")},
		reconcile.Row{Line: 10, Operation: client.Operation{Method: "POST", Path: "/Groups", Data: json.RawMessage(`{"displayName":"g"}`)}},
		reconcile.Row{Line: 11, Operation: client.Operation{Method: "POST", Path: "/Users", Data: json.RawMessage(`{"title":"x"}`)}})
	_, err := reconcile.Compare(bad, org("ada"), reconcile.Options{})
	for _, part := range []string{"line 4: the externalId is that of line 3", "line 5: the name is that of line 2", "line 9: DELETE", "line 10: POST /Groups", "line 11: no name"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("no %q in %v", part, err)
		}
	}
	for _, o := range []reconcile.Options{{Scope: "title is"}} {
		if _, err := reconcile.Compare(nil, org(), o); err == nil {
			t.Errorf("%+v", o)
		}
	}
}

// Members are added and removed one by one, in as many operations as it takes;
// those who are no users stay.
func TestMembersAreAddedAndRemoved(t *testing.T) {
	o := &reconcile.Organization{Type: reconcile.Groups, Members: map[string][]client.Member{}}
	for i, name := range []string{"Sales", "Twin", "twin"} {
		id := fmt.Sprintf("g-%d", i)
		o.Resources = append(o.Resources, client.Resource{Type: "Groups", ID: id, Name: name, Data: json.RawMessage(fmt.Sprintf(`{"displayName":%q}`, name))})
	}
	for i := range 1300 {
		o.Members["g-0"] = append(o.Members["g-0"], client.Member{ID: fmt.Sprintf("u%d", i), Type: "user"})
	}
	o.Members["g-0"] = append(o.Members["g-0"], client.Member{ID: "m", Type: "machine"}, client.Member{ID: "g", Type: "group"})
	var members []string
	for i := range 1200 {
		members = append(members, fmt.Sprintf(`{"value":"U%d","type":"user"}`, 700+i))
	}
	group := func(line int, name string, members ...string) reconcile.Row {
		return reconcile.Row{Line: line, Operation: client.Operation{Method: "POST", Path: "/Groups", BulkID: name,
			Data: json.RawMessage(fmt.Sprintf(`{"displayName":%q,"members":[%s]}`, name, strings.Join(members, ",")))}}
	}
	sales := group(2, "Sales", members[:500]...)
	more := reconcile.Row{Line: 2, Operation: client.Operation{Method: "PATCH", Path: "/Groups/bulkId:Sales",
		Data: json.RawMessage(`{"Operations":[{"op":"add","path":"members","value":[` + strings.Join(members[500:], ",") + `]}]}`)}}
	most := reconcile.Options{MaxRemovals: reconcile.Limit{Number: new(1000)}}
	d, err := reconcile.Compare([]reconcile.Row{sales, more, group(4, "New")}, o, most)
	if err != nil {
		t.Fatal(err)
	}
	a := d.Actions[0]
	if len(a.Added) != 600 || len(a.Removed) != 700 || len(a.Operations) != 4 || len(d.Actions) != 2 || d.Actions[1].Name != "New" {
		t.Errorf("%d added, %d removed, %d operations; %s", len(a.Added), len(a.Removed), len(a.Operations), summary(d))
	}
	for _, op := range a.Operations {
		if err := op.Validate(); err != nil || op.Path != "/Groups/g-0" {
			t.Errorf("%v: %v", op, err)
		}
	}
	// While it is unclear which group a row means, no member is removed.
	d, err = reconcile.Compare([]reconcile.Row{sales, more, group(3, "TWIN")}, o, most)
	if err != nil || d.Doubts() != 1 || len(d.Left) != 2 || len(d.Actions) != 1 || len(d.Actions[0].Added) != 600 || len(d.Actions[0].Removed) != 0 {
		t.Errorf("%v\n%s", err, summary(d))
	}
	d, err = reconcile.Compare([]reconcile.Row{group(2, "Sales", `{"value":"U1"}`), group(3, "TWIN")}, o, most)
	if err != nil || len(d.Left) != 2 || len(d.Actions) != 0 || d.Unchanged != 0 {
		t.Errorf("%v\n%s", err, summary(d))
	}
	if _, err := reconcile.Compare([]reconcile.Row{sales, more}, o, reconcile.Options{}); err == nil || !strings.Contains(err.Error(), "700 of 1302 members of groups") {
		t.Error(err)
	}
	d, err = reconcile.Compare([]reconcile.Row{sales, more}, o, reconcile.Options{AddOnly: true})
	if err != nil || len(d.Actions[0].Removed) != 0 || len(d.Actions[0].Operations) != 2 {
		t.Errorf("%v %+v", err, d)
	}
	if _, err := reconcile.Compare(nil, o, reconcile.Options{Leavers: reconcile.DeactivateLeavers}); err == nil {
		t.Error("groups are deactivated")
	}
}
