package plan

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
)

var jobs = flag.Uint64("jobs", 3000, "random jobs in TestRandomJobs; the long campaign is -jobs 100000")

// TestRandomJobs drives the planner through random jobs with random outcomes
// and checks, step by step, what may never happen.
func TestRandomJobs(t *testing.T) {
	for seed := range *jobs {
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) { randomJob(t, rand.New(rand.NewPCG(seed, 7))) }) {
			return
		}
	}
}

func randomItems(r *rand.Rand, n int) (items []Item) {
	for i := range n {
		it := Item{Index: i, Size: 50 + r.IntN(200)}
		switch k := r.IntN(10); {
		case k < 6:
			it.Name = fmt.Sprintf("u%d", i)
			if r.IntN(40) == 0 {
				it.Name = fmt.Sprintf("u%d", r.IntN(n))
			}
		case k < 8:
			it.Resource = fmt.Sprintf("r%d", r.IntN(4))
		default:
			it.Resource = fmt.Sprintf("bulkId:u%d", r.IntN(n))
			it.Refs = refs(it.Resource[7:])
			if r.IntN(3) == 0 {
				it.Ends = it.Resource[7:]
			}
		}
		seen := map[string]bool{it.Resource: true}
		for range r.IntN(4) * r.IntN(2) {
			name := fmt.Sprintf("u%d", r.IntN(n))
			if r.IntN(2) == 0 {
				name = fmt.Sprintf("u%d", max(0, i-1-r.IntN(3)))
			}
			if r.IntN(60) == 0 {
				name = "nobody"
			}
			if !seen["bulkId:"+name] {
				seen["bulkId:"+name] = true
				rs := refs(name)
				rs[0].Required = r.IntN(5) > 0
				it.Refs = append(it.Refs, rs...)
			}
		}
		items = append(items, it)
	}
	return items
}

func randomJob(t *testing.T, r *rand.Rand) {
	n := 1 + r.IntN(120)
	items := randomItems(r, n)
	cfg := Config{Operations: 1 + r.IntN(12), Bytes: 400 + r.IntN(2000), Ordered: r.IntN(5) == 0, Separate: r.IntN(5) == 0}
	p := New(cfg)
	limit := cfg.Bytes
	fate := map[int]string{}
	ids := map[string]string{}
	flying := map[string]int{}
	lastOn := map[string]int{}
	var out []*Request
	again := map[int]bool{}
	next, ended, last := 0, false, -1
	drops := func() {
		for _, d := range p.Drops() {
			if fate[d.Index] != "" {
				t.Fatalf("operation %d dropped after %s", d.Index, fate[d.Index])
			}
			fate[d.Index] = fmt.Sprint("drop ", d.Why)
		}
	}
	settle := func() {
		i := r.IntN(len(out))
		req := out[i]
		out = append(out[:i], out[i+1:]...)
		for _, s := range req.Items {
			if res := items[s.Index].Resource; res != "" {
				flying[res]--
			}
		}
		if r.IntN(8) == 0 && p.Halve(req) {
			return
		}
		var vs []Verdict
		for _, s := range req.Items {
			it := items[s.Index]
			v := Verdict{Index: s.Index, Fate: Done, ID: fmt.Sprintf("id-%d", s.Index)}
			switch r.IntN(12) {
			case 0:
				v.Fate, v.ID = Failed, ""
			case 1, 2:
				v.Fate, v.ID = Again, ""
			case 3:
				if r.IntN(4) == 0 {
					v.ID = ""
				}
			}
			if v.Fate != Again {
				if fate[s.Index] != "" {
					t.Fatalf("operation %d has two fates", s.Index)
				}
				fate[s.Index] = "sent"
				if v.ID != "" && it.Name != "" {
					ids[it.Name] = v.ID
				}
			}
			vs = append(vs, v)
		}
		p.Settle(req, vs)
	}
	for steps := 0; ; steps++ {
		if steps > 20000 {
			t.Fatal("no end")
		}
		drops()
		if ended && len(out) == 0 && p.Open() == 0 {
			break
		}
		switch k := r.IntN(4); {
		case k < 2 && next < n:
			p.Add(items[next])
			next++
		case next == n && !ended:
			p.End()
			ended = true
		case k == 2 && len(out) > 0:
			settle()
		default:
			req := p.Next(ended || r.IntN(6) == 0)
			drops()
			if req == nil {
				if ended && len(out) == 0 && p.Open() > 0 {
					t.Fatalf("stuck with %d open, %+v", p.Open(), cfg)
				}
				continue
			}
			check(t, req, items, cfg, limit, fate, ids, flying, lastOn, &last, again)
			out = append(out, req)
			if cfg.Ordered && len(out) > 1 {
				t.Fatal("two requests in flight in an ordered job")
			}
		}
	}
	for i := range n {
		if fate[i] == "" {
			t.Fatalf("operation %d has no fate", i)
		}
	}
	if p.Waiting() != 0 || p.Backlog() != 0 || p.parked != 0 || p.flying != 0 {
		t.Fatalf("left: waiting %d, backlog %d, parked %d, flying %d", p.Waiting(), p.Backlog(), p.parked, p.flying)
	}
}

func check(t *testing.T, req *Request, items []Item, cfg Config, limit int, fate map[int]string, ids map[string]string, flying, lastOn map[string]int, last *int, again map[int]bool) {
	t.Helper()
	if len(req.Items) == 0 || len(req.Items) > cfg.Operations {
		t.Fatalf("%d operations in a request", len(req.Items))
	}
	defined, bytes := map[string]bool{}, 0
	here := map[string]bool{}
	for _, s := range req.Items {
		here[items[s.Index].Name] = true
	}
	touched := map[string]bool{}
	for _, s := range req.Items {
		it := items[s.Index]
		if fate[s.Index] != "" {
			t.Fatalf("operation %d sent after %s", s.Index, fate[s.Index])
		}
		bytes += it.Size
		met := map[string]bool{it.Name: true}
		for _, k := range s.Known {
			if ids[k.Name] != k.ID || k.ID == "" {
				t.Fatalf("operation %d: %s is %q, not %q", s.Index, k.Name, ids[k.Name], k.ID)
			}
			met[k.Name] = true
			for _, ref := range it.Refs {
				if ref.Name == k.Name {
					bytes += ref.Count*len(k.ID) - ref.Width
				}
			}
		}
		for _, name := range s.Inside {
			if !here[name] {
				t.Fatalf("operation %d: %s is not in its request", s.Index, name)
			}
			met[name] = true
		}
		for _, ref := range it.Refs {
			if !met[ref.Name] && ref.Required {
				t.Fatalf("operation %d: reference to %s is left unresolved", s.Index, ref.Name)
			}
		}
		for _, name := range s.Inside {
			if !defined[name] && name != it.Name && !cfg.Ordered && !reaches(items, here, name, it.Name) {
				t.Fatalf("operation %d stands before %s, which it refers to", s.Index, name)
			}
		}
		defined[it.Name] = true
		if cfg.Ordered && s.Index < *last && !again[s.Index] {
			t.Fatalf("operation %d is sent after %d", s.Index, *last)
		}
		*last = max(*last, s.Index)
		if it.Resource != "" && !again[s.Index] {
			if before, ok := lastOn[it.Resource]; ok && before > s.Index {
				t.Fatalf("%s: operation %d is sent after %d", it.Resource, s.Index, before)
			}
			lastOn[it.Resource] = s.Index
		}
		again[s.Index] = true
		if it.Resource != "" {
			if flying[it.Resource] > 0 && !touched[it.Resource] {
				t.Fatalf("%s is in two requests", it.Resource)
			}
			touched[it.Resource] = true
		}
	}
	for _, s := range req.Items {
		if res := items[s.Index].Resource; res != "" {
			flying[res]++
		}
	}
	if bytes > limit || bytes != req.Bytes {
		t.Fatalf("%d bytes, said %d, limit %d", bytes, req.Bytes, limit)
	}
}

// reaches tells whether references lead from one operation to another among
// those of a request.
func reaches(items []Item, here map[string]bool, from, to string) bool {
	byName := map[string]Item{}
	for _, it := range items {
		if _, ok := byName[it.Name]; !ok {
			byName[it.Name] = it
		}
	}
	seen := map[string]bool{}
	var walk func(string) bool
	walk = func(name string) bool {
		if name == to {
			return true
		}
		if seen[name] || !here[name] {
			return false
		}
		seen[name] = true
		for _, ref := range byName[name].Refs {
			if walk(ref.Name) {
				return true
			}
		}
		return false
	}
	return to != "" && walk(from)
}
