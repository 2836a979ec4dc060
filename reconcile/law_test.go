package reconcile_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
	_ "github.com/webexscim/bulk/internal/raced" // fewer random checks under the race detector
	"github.com/webexscim/bulk/internal/scimdiff"
	"github.com/webexscim/bulk/internal/scimfilter"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/reconcile"
	"github.com/webexscim/bulk/webextest"
)

const (
	enterprise = client.SchemaEnterpriseUser
	webex      = client.SchemaWebexUser
)

// person draws a user, of whom only some attributes are given.
func person(t *rapid.T, name, externalID string) map[string]any {
	user := map[string]any{"schemas": []string{client.SchemaUser, enterprise}, "userName": name + "@example.com", "userType": "user"}
	if externalID != "" {
		user["externalId"] = externalID
	}
	if rapid.Bool().Draw(t, "title given") {
		user["title"] = rapid.SampledFrom([]string{"Engineer", "ENGINEER", "Boss", " Boss "}).Draw(t, "title")
	}
	if rapid.Bool().Draw(t, "department given") {
		user[enterprise] = map[string]any{"department": rapid.SampledFrom([]string{"Sales", "sales", "Legal"}).Draw(t, "department")}
	}
	if rapid.Bool().Draw(t, "phone given") {
		user["phoneNumbers"] = []any{map[string]any{"type": "work", "value": rapid.SampledFrom([]string{"+1 555 0100", "+15550100", "+1 555 0199"}).Draw(t, "phone")}}
	}
	if rapid.Bool().Draw(t, "email given") {
		user["emails"] = []any{map[string]any{"type": "work", "value": name + "@example.com", "primary": true}}
	}
	return user
}

// stateOf are all users by id, without what changes by itself.
func stateOf(s *webextest.Simulator) map[string]string {
	state := map[string]string{}
	for _, u := range s.Users() {
		state[u.ID()] = string(encode(u))
	}
	return state
}

// TestRandomUsersEqualTheirRows: random organizations and rows, with and
// without faults, lag, runs that are cut short, and a journal. When no more
// faults happen, the organization equals the rows in scope, one more comparison
// finds nothing to do, nobody out of scope or protected was touched, and no
// more were removed than may be.
func TestRandomUsersEqualTheirRows(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var failure any
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) { // waits take no time
			defer func() { failure = recover() }()
			checkLaws(t.Context(), r, filepath.Join(dir, "j"))
		})
		if failure != nil {
			panic(failure)
		}
	})
}

func checkLaws(ctx context.Context, t *rapid.T, path string) {
	faults := rapid.Bool().Draw(t, "faults")
	cfg := webextest.Config{Owner: "owner@example.com", Seed: 1}
	if faults {
		cfg.ReadLag = rapid.SampledFrom([]time.Duration{0, 10 * time.Second}).Draw(t, "lag")
	}
	s := webextest.New(cfg)
	c := newClient(t, s)
	me := add(t, s, map[string]any{"userName": "owner@example.com", "title": "Engineer"})
	names := []string{"ada", "bob", "cy", "dee", "eve", "flo"}
	ids := []string{"", "e1", "e2", "e3"}
	protected := map[string]bool{me: true}
	used := map[string]bool{}
	for _, name := range names {
		if !rapid.Bool().Draw(t, name+" is there") {
			continue
		}
		external := rapid.SampledFrom(ids).Draw(t, "externalId")
		if used[external] {
			external = ""
		}
		used[external] = true
		user := person(t, name, external)
		kind := rapid.IntRange(0, 9).Draw(t, "kind")
		switch kind {
		case 0:
			user["roles"] = []any{map[string]any{"type": "cirole", "value": "id_full_admin"}}
		case 1:
			user["userType"] = "room"
		}
		if id := add(t, s, user); kind < 2 {
			protected[id] = true
		}
	}
	var rows []reconcile.Row
	taken := map[string]bool{}
	for i, name := range rapid.Permutation(names).Draw(t, "order") {
		if !rapid.Bool().Draw(t, "a row") {
			continue
		}
		external := rapid.SampledFrom(ids).Draw(t, "externalId")
		if taken[external] {
			external = ""
		}
		taken[external] = true
		user := person(t, rapid.SampledFrom([]string{name, strings.ToUpper(name[:1]) + name[1:]}).Draw(t, "case"), external)
		if len(rows) > 0 && rapid.Bool().Draw(t, "manager given") {
			boss := rows[rapid.IntRange(0, len(rows)-1).Draw(t, "manager")].Operation.BulkID
			extension, _ := user[enterprise].(map[string]any)
			if extension == nil {
				extension = map[string]any{}
			}
			extension["manager"] = map[string]any{"value": client.Ref(boss)}
			user[enterprise] = extension
		}
		rows = append(rows, rowOf(i+2, user))
	}
	o := reconcile.Options{
		Scope:   rapid.SampledFrom([]string{"", `department eq "Sales"`, `not (title eq "Boss")`}).Draw(t, "scope"),
		Leavers: rapid.SampledFrom([]reconcile.Leavers{"", reconcile.DeactivateLeavers, reconcile.DeleteLeavers}).Draw(t, "leavers"),
	}
	if rapid.Bool().Draw(t, "a limit") {
		o.MaxRemovals.Number = new(rapid.IntRange(0, 6).Draw(t, "most"))
	}
	scope, _ := scimfilter.Parse(o.Scope)
	before := stateOf(s)

	var d *reconcile.Difference
	for round := 0; ; round++ {
		if round == 10 {
			t.Fatalf("no end: %+v", d)
		}
		org, err := reconcile.Read(ctx, c, reconcile.Users, nil)
		if err != nil {
			t.Fatal(err)
		}
		d, err = reconcile.Compare(rows, org, o)
		if _, over := errors.AsType[*reconcile.RemovalsError](err); over {
			break // checked below: nothing more was sent
		}
		if err != nil {
			if strings.Contains(err.Error(), "scope: none") {
				return
			}
			t.Fatal(err)
		}
		if len(d.Actions) == 0 {
			break
		}
		if round > 0 && !faults && round > 1 {
			t.Fatalf("something is to be done after a run without faults: %+v", d.Actions[0])
		}
		if faults && round < 3 {
			s.Script(rapid.SliceOfN(rapid.SampledFrom([]*webextest.Fault{nil, webextest.Refuse(429, "0"), webextest.CutAt(webextest.AfterWork),
				webextest.CutAt(webextest.BeforeWork), webextest.AnswerPage()}), 0, 3).Draw(t, "what goes wrong")...)
		}
		stop := -1
		if faults && round < 3 && rapid.Bool().Draw(t, "stops") {
			stop = rapid.IntRange(0, 3).Draw(t, "after")
		}
		job := &client.Job{}
		var j *journal.Journal
		if faults {
			if j, err = journal.Open(path); err != nil {
				t.Fatal(err)
			}
			job.Journal = j
		}
		n := 0
		for res, err := range d.Run(ctx, c, job) {
			if err != nil {
				break
			}
			if res.Err != nil && !faults {
				t.Fatalf("round %d: %v %v: %v", round, res.Action.Kind, res.Action.Name, res.Err)
			}
			if n++; n == stop {
				break
			}
		}
		s.DropScript()
		if j != nil {
			_ = j.Close()
		}
		time.Sleep(4 * time.Second)
		if round > 5 { // a lookup may have taken a young user of that name for a lost create, for as long as the journal counts
			time.Sleep(6 * time.Minute)
		}
	}

	after := stateOf(s)
	removed, inScope := 0, 0
	for id, was := range before {
		ours := scope.Match([]byte(was))
		if ours {
			inScope++
		}
		is, there := after[id]
		if (!ours || protected[id]) && is != was && withoutManager(is) != withoutManager(was) {
			t.Fatalf("touched, though out of scope or protected:\n%s\n%s", was, is)
		}
		if !there || strings.Contains(is, `"active":false`) {
			removed++
		}
	}
	if o.Leavers == "" && removed > 0 {
		t.Fatalf("%d removed", removed)
	}
	most := 0 // 5% of a few
	if o.MaxRemovals.Number != nil {
		most = *o.MaxRemovals.Number
	}
	if removed > most {
		t.Fatalf("%d removed, %d may be", removed, most)
	}
	left := map[int]bool{}
	for _, l := range d.Left {
		left[l.Line] = true
	}
	for _, row := range rows {
		raw := row.Operation.Data.(json.RawMessage)
		user, ok := s.UserByName(nameOf(raw))
		if left[row.Line] || len(d.Actions) > 0 {
			continue
		}
		if !ok {
			t.Fatalf("line %d: nobody there for %s", row.Line, raw)
		}
		differences, err := scimdiff.Compare(withoutReferences(s, rows, raw), encode(user), scimdiff.Options{})
		differences = slices.DeleteFunc(differences, func(d scimdiff.AttributeDifference) bool {
			return strings.HasPrefix(d.Path, "emails") || strings.HasSuffix(d.Path, ":manager") && refersTo(raw, left)
		})
		if err != nil || len(differences) > 0 {
			t.Fatalf("line %d: %v %+v\n%s\n%s", row.Line, err, differences, raw, encode(user))
		}
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
}

func nameOf(raw json.RawMessage) string {
	var u struct{ UserName string }
	_ = json.Unmarshal(raw, &u)
	return u.UserName
}

// refersTo reports whether a row refers to one of these lines. A row that is
// left alone can mean somebody of another name.
func refersTo(raw json.RawMessage, lines map[int]bool) bool {
	for line := range lines {
		if strings.Contains(string(raw), `"`+client.Ref(fmt.Sprintf("row-%d", line))+`"`) {
			return true
		}
	}
	return false
}

// withoutReferences puts the ids of rows in place of references to them.
func withoutReferences(s *webextest.Simulator, rows []reconcile.Row, raw json.RawMessage) json.RawMessage {
	text := string(raw)
	for _, row := range rows {
		user, _ := s.UserByName(nameOf(row.Operation.Data.(json.RawMessage)))
		if user != nil {
			text = strings.ReplaceAll(text, `"`+client.Ref(row.Operation.BulkID)+`"`, `"`+user.ID()+`"`)
		}
	}
	return json.RawMessage(text)
}

// withoutManager leaves out what a service changes where a manager is deleted.
func withoutManager(raw string) string {
	var user map[string]any
	_ = json.Unmarshal([]byte(raw), &user)
	delete(user, "meta")
	if extension, ok := user[enterprise].(map[string]any); ok {
		delete(extension, "manager")
		if len(extension) == 0 {
			delete(user, enterprise)
		}
	}
	return string(encode(user))
}

func decode(raw json.RawMessage, v any) {
	if err := json.Unmarshal(raw, v); err != nil {
		panic(err)
	}
}
