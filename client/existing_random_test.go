package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

// randomOrganization is a random organization, and a sheet of creates of which
// some are there.
type randomOrganization struct {
	ops    []client.Operation
	before []string // the resource that is there, "" for none
}

func newRandomOrganization(r *rand.Rand) *randomOrganization {
	w := &randomOrganization{}
	n := 1 + r.IntN(25)
	groups := r.IntN(4)
	for i := range n {
		name, title := fmt.Sprintf("u%d", i), fmt.Sprintf(`"title":"t%d"`, r.IntN(3))
		there := ""
		if i < groups {
			var members []string
			for range r.IntN(4) {
				if k := groups + r.IntN(n); k < n {
					members = append(members, fmt.Sprintf("u%d", k))
				}
			}
			external := ""
			if r.IntN(2) == 0 {
				external = fmt.Sprintf(`,"externalId":"x%d"`, i)
			}
			w.ops = append(w.ops, group(name, external, members...))
			there = fmt.Sprintf(`{"displayName":%q%s}`, name, external)
		} else {
			more := []string{title}
			if k := groups + r.IntN(2*n); k < n && k != i {
				more = append(more, manager(fmt.Sprintf("u%d", k)))
			}
			if r.IntN(3) == 0 {
				more = append(more, fmt.Sprintf(`"phoneNumbers":[{"value":"+%d","type":"work"}]`, r.IntN(3)))
			}
			w.ops = append(w.ops, create(name, more...))
			there = string(user(name, fmt.Sprintf(`"title":"t%d","nickName":"stays","phoneNumbers":[{"value":"+%d","type":"%s"}]`, r.IntN(3), r.IntN(3), []string{"work", "mobile"}[r.IntN(2)])))
		}
		if r.IntN(2) == 0 {
			there = ""
		}
		w.before = append(w.before, there)
	}
	r.Shuffle(n, func(i, k int) {
		w.ops[i], w.ops[k] = w.ops[k], w.ops[i]
		w.before[i], w.before[k] = w.before[k], w.before[i]
	})
	return w
}

func randomFaults(r *rand.Rand) (faults []*webextest.Fault) {
	for range r.IntN(5) {
		faults = append(faults, []*webextest.Fault{
			nil, webextest.CutAt(webextest.BeforeWork), webextest.CutAt(webextest.AfterWork), webextest.Refuse(429, "1"), webextest.Intercept(502),
			webextest.Lose(504), webextest.LoseItems(500, "u0", "u1", "u2", "u3"), webextest.AnswerPage(), webextest.Truncate(40), webextest.CutThenWork(30 * time.Second),
		}[r.IntN(10)])
	}
	return faults
}

// Law: whatever is there, whatever goes wrong, and wherever a run is cut short,
// in the end everybody is there once, those who were there before are still who
// they were, and what was given is there. The same once more changes nothing.
func TestRandomOrganizationsBecomeWhatTheSheetSays(t *testing.T) {
	var worlds int
	switch {
	case *full:
		worlds = 1000
	case raced.On:
		worlds = 4
	case testing.Short():
		worlds = 25
	default:
		worlds = 60
	}
	for seed := range worlds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { checkSettled(t, uint64(seed)) })
		})
	}
}

func checkSettled(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 13))
	w := newRandomOrganization(r)
	lag := time.Duration(r.IntN(3)) * 4 * time.Second
	s := webextest.New(webextest.Config{Latency: time.Millisecond, ReadLag: lag})
	ids := make([]string, len(w.ops))
	for i, there := range w.before {
		if there == "" {
			continue
		}
		var err error
		if ids[i], err = s.Add(w.ops[i].Path, json.RawMessage(there)); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep([]time.Duration{time.Hour, 0}[r.IntN(2)])
	how := []client.Existing{client.ExistingSkip, client.ExistingUpdate}[r.IntN(2)]
	ordered := r.IntN(4) == 0
	c := newClient(t, s, func(cfg *client.Config) { cfg.Limits.Operations = 1 + r.IntN(30) })
	if r.IntN(2) == 0 {
		client.KeepNothing(c)
	}
	path := filepath.Join(t.TempDir(), "j")
	large := false // a ring, for a request
	for run := 0; ; run++ {
		s.DropScript()
		if run < 4 {
			s.Script(randomFaults(r)...)
		}
		j, err := journal.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		given, most := 0, 1+r.IntN(2*len(w.ops))
		for res, err := range c.Run(t.Context(), &client.Job{Source: client.Operations(w.ops...), Existing: how, Ordered: ordered, Journal: j}) {
			switch {
			case errors.Is(err, client.ErrUnavailable):
			case err != nil:
				t.Errorf("run %d stopped: %v", run, err)
			case errors.Is(res.Err, client.ErrCycle):
				large = true
			case res.Outcome == client.Failed && !errors.Is(res.Err, client.ErrForward), res.Existing && res.Location.ID != ids[res.Index] && ids[res.Index] != "":
				t.Errorf("run %d: %v", run, res)
			}
			if given++; run < 4 && given == most {
				break
			}
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if run >= 4 {
			break
		}
		time.Sleep(time.Duration(r.IntN(2)) * time.Hour)
	}
	if ordered || large {
		return // not all was sent
	}
	time.Sleep(time.Hour)
	wantNothingTwice(t, s)
	users, groups := s.Count()
	if users+groups != len(w.ops) {
		t.Errorf("%d users and %d groups of %d", users, groups, len(w.ops))
	}
	for i, id := range ids {
		_, isUser := s.User(id)
		_, isGroup := s.Group(id)
		if id != "" && !isUser && !isGroup {
			t.Errorf("operation %d: who was there is gone", i)
		}
	}
	if how == client.ExistingSkip {
		if patches(s) > 0 {
			t.Errorf("%d changes", patches(s))
		}
		return
	}
	sent := requests(s)
	results, err := newClient(t, s, nil).DoJob(t.Context(), &client.Job{Existing: how}, w.ops...)
	for _, res := range results {
		if !res.Unchanged {
			t.Errorf("once more: %v", res)
		}
	}
	if err != nil || requests(s) != sent {
		t.Errorf("once more: %v, %d requests", err, requests(s)-sent)
	}
}

// randomAttributes are attributes that a create gives or a user has.
func randomAttributes(r *rand.Rand) (all []string) {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	element := func(types ...string) string {
		return fmt.Sprintf(`{"value":"%s","type":%q}`, pick("+1 408 555", "+1408555", "+2", "+3"), pick(types...))
	}
	for _, a := range []string{
		`"title":"` + pick("Chair", "CHAIR", "Boss") + `"`,
		`"externalId":"` + pick("a", "A") + `"`,
		`"name":{"givenName":"` + pick("Ada", "Eva") + `","familyName":"L"}`,
		`"name":{"familyName":"` + pick("L", "M") + `","formatted":"x"}`,
		`"active":` + pick("true", "false"),
		`"phoneNumbers":[` + element("work", "mobile") + `]`,
		`"phoneNumbers":[` + element("work") + `,` + element("mobile", "fax") + `]`,
		`"addresses":[{"type":"work","locality":"` + pick("Bonn", "Oslo") + `"}]`,
		`"addresses":[{"type":"work","country":"DE","streetAddress":"` + pick("a", "b") + `"},{"type":"home","locality":"Oslo"}]`,
		`"roles":[{"value":"` + pick("r1", "r2") + `","type":"cirole"}]`,
		`"` + client.SchemaEnterpriseUser + `":{"department":"` + pick("R&D", "Sales") + `","costCenter":"` + pick("1", "2") + `"}`,
		`"` + client.SchemaWebexUser + `":{"extensionAttribute1":["` + pick("x", "y") + `"],"externalAttribute1":[{"source":"hr","value":"` + pick("x", "X") + `"}]}`,
	} {
		if name := strings.SplitN(a, ":[", 2)[0]; r.IntN(2) == 0 && !slices.ContainsFunc(all, func(b string) bool { return strings.HasPrefix(b, strings.SplitN(name, ":{", 2)[0]) }) {
			all = append(all, a)
		}
	}
	return all
}

// Law: an update is done with one PATCH: afterwards nothing differs.
func TestUpdatesChangeAllThatDiffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		s := webextest.New(webextest.Config{Latency: time.Millisecond})
		var ops []client.Operation
		for i := range raced.Fewer(150, 400) {
			name := fmt.Sprint("u", i)
			add(t, s, name, randomAttributes(r)...)
			ops = append(ops, create(name, randomAttributes(r)...))
		}
		for again := range 2 {
			sent := requests(s)
			results, err := newClient(t, s, nil).DoJob(t.Context(), &client.Job{Existing: client.ExistingUpdate}, ops...)
			if err := errors.Join(err, client.JoinErrors(results)); err != nil {
				t.Fatal(err)
			}
			for i, res := range results {
				if again == 1 && !res.Unchanged {
					u, _ := s.User(res.Location.ID)
					t.Errorf("%s differs from %v", ops[i].Data, u)
				}
			}
			if again == 1 && requests(s) != sent || again == 0 && requests(s) == 0 {
				t.Errorf("%d requests in run %d", requests(s)-sent, again)
			}
		}
	})
}
