package plan

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/internal/raced"
)

// needs are small jobs: for each operation a set of those that it refers to,
// one bit for each. None leads back to itself.
type needs []uint

// users draws operations of which each may refer to one other.
func users(most int) *rapid.Generator[needs] {
	return rapid.Custom(func(t *rapid.T) needs {
		n := rapid.IntRange(1, most).Draw(t, "operations")
		order := rapid.Permutation(numbers(n)).Draw(t, "order")
		out := make(needs, n)
		for k, i := range order[1:] {
			if rapid.IntRange(0, 4).Draw(t, "managed") > 0 {
				out[i] = 1 << order[rapid.IntRange(0, k).Draw(t, "manager")]
			}
		}
		return out
	})
}

func numbers(n int) (out []int) {
	for i := range n {
		out = append(out, i)
	}
	return out
}

// web draws operations that refer to up to so many others each.
func web(rng *rand.Rand, most, links int) needs {
	order := rng.Perm(1 + rng.IntN(most))
	out := make(needs, len(order))
	for k, i := range order[1:] {
		for range rng.IntN(links + 1) {
			out[i] |= 1 << order[rng.IntN(k+1)]
		}
	}
	return out
}

// plan has the planner carry out a job, with any number of requests at once.
func (n needs) plan(t rapid.TB, limit int, separate bool) (rounds, requests int) {
	p := planner(Config{Operations: limit, Separate: separate})
	for i, of := range n {
		it := Item{Index: i, Name: fmt.Sprint(i), Size: 1}
		for k := range n {
			if of>>k&1 == 1 {
				it.Refs = append(it.Refs, Ref{Name: fmt.Sprint(k), Count: 1, Width: 36, Required: true})
			}
		}
		p.Add(it)
	}
	p.End()
	all := waves(t, p)
	requests, _ = count(all)
	return len(all), requests
}

// best finds by trying everything how few requests will do for each number of
// rounds; the number of rounds that is too small has none. It knows nothing of
// the planner.
func (n needs) best(limit int, separate bool) (requests []int) {
	all := uint(1)<<len(n) - 1
	reached := make([]map[int]int, all+1) // for what is done: the requests by rounds
	reached[0] = map[int]int{0: 0}
	for done, here := range reached {
		rest := all &^ uint(done)
		for next := rest; next > 0 && here != nil; next = (next - 1) & rest {
			groups, ok := n.groups(uint(done), next, limit, separate)
			if !ok {
				continue
			}
			more := packed(groups, nil, limit, len(groups))
			to := &reached[uint(done)|next]
			if *to == nil {
				*to = map[int]int{}
			}
			for rounds, requests := range here {
				if old, ok := (*to)[rounds+1]; !ok || requests+more < old {
					(*to)[rounds+1] = requests + more
				}
			}
		}
	}
	for rounds := range len(n) + 1 {
		requests = append(requests, reached[all][rounds])
	}
	return requests
}

// groups are the sizes of the sets of operations that have to travel together
// when all of these do at once; ok is false if that can't be.
func (n needs) groups(done, these uint, limit int, separate bool) (sizes []int, ok bool) {
	for i, of := range n {
		if these>>i&1 == 1 && (of&^(done|these) != 0 || separate && of&these != 0) {
			return nil, false
		}
	}
	for left := these; left > 0; {
		group := uint(0)
		for grown := left & -left; grown != group; {
			group = grown
			for i, of := range n {
				switch {
				case these>>i&1 == 0:
				case group>>i&1 == 1:
					grown |= of & these
				case of&group != 0:
					grown |= 1 << i
				}
			}
		}
		if left &^= group; bits.OnesCount(group) > limit {
			return nil, false
		}
		sizes = append(sizes, bits.OnesCount(group))
	}
	return sizes, true
}

// packed is the least number of requests that hold groups of these sizes.
func packed(sizes, loads []int, limit, least int) int {
	if len(loads) >= least || len(sizes) == 0 {
		return min(least, len(loads))
	}
	for k := range loads {
		if loads[k]+sizes[0] <= limit {
			loads[k] += sizes[0]
			least = packed(sizes[1:], loads, limit, least)
			loads[k] -= sizes[0]
		}
	}
	return packed(sizes[1:], append(loads, sizes[0]), limit, least)
}

// fewest is the least number of rounds, with at most so many requests.
func fewest(best []int, requests int) int {
	for rounds, n := range best {
		if n > 0 && n <= requests {
			return rounds
		}
	}
	return 0
}

// Where each operation refers to one other at the most, as users do to their
// managers, requests are filled exactly, and there are no fewer rounds that do.
func TestRandomJobsOfUsersTakeFewestRounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		job, limit := users(8).Draw(t, "job"), rapid.IntRange(1, 6).Draw(t, "limit")
		rounds, requests := job.plan(t, limit, false)
		if least := (len(job) + limit - 1) / limit; requests != least {
			t.Errorf("%b: %d requests, expected %d", job, requests, least)
		}
		if least := fewest(job.best(limit, false), requests); rounds != least {
			t.Errorf("%b: %d rounds of %d requests, expected %d", job, rounds, requests, least)
		}
		if rounds, _ := job.plan(t, limit, true); rounds != fewest(job.best(limit, true), len(job)) {
			t.Errorf("%b: %d rounds where references are kept apart", job, rounds)
		}
	})
}

// Where they refer to several, to find the fewest rounds means to try
// everything. The planner takes one more at the most, and seldom that; so it is
// with requests.
func TestJobsOfGroupsTakeFewRounds(t *testing.T) {
	if raced.On {
		t.Skip("counts the rounds of one goroutine, in many jobs")
	}
	const jobs = 3000
	for links, most := range map[int]float64{2: .004, 4: .007} {
		rng := rand.New(rand.NewPCG(1, uint64(links)))
		longer, more := 0, 0
		for range jobs {
			job, limit := web(rng, 8, links), 1+rng.IntN(6)
			rounds, requests := job.plan(t, limit, false)
			long, many := rounds-fewest(job.best(limit, false), len(job)), requests-(len(job)+limit-1)/limit
			if long > 1 || many > 1 {
				t.Errorf("%b, %d in a request: %d rounds and %d requests too many", job, limit, long, many)
			}
			longer, more = longer+long, more+many
		}
		t.Logf("up to %d links: %d of %d jobs take a round more, %d a request", links, longer, jobs, more)
		if max(longer, more) > int(most*jobs) {
			t.Errorf("up to %d links: %d rounds and %d requests too many in %d jobs", links, longer, more, jobs)
		}
	}
}

// Organizations of ten thousand fill their requests exactly, and take hardly
// ever more rounds than they would if requests need not be filled.
func TestOrganizationsTakeFewRounds(t *testing.T) {
	const n = 10_000
	longer := 0
	for seed := range uint64(raced.Fewer(2, 8)) {
		rng := rand.New(rand.NewPCG(1, seed))
		bosses := make([]int, n)
		p := planner(Config{})
		for i := range n {
			it := Item{Index: i, Name: fmt.Sprint(i), Size: 300}
			if i > 0 {
				bosses[i] = rng.IntN(i)
				if seed == 0 {
					bosses[i] = (i - 1) / 10 // ten each
				}
				it.Refs = []Ref{{Name: fmt.Sprint(bosses[i]), Count: 1, Width: 36, Required: true}}
			}
			p.Add(it)
		}
		p.End()
		all := waves(t, p)
		requests, _ := count(all)
		least := tree(bosses, 100)
		if longer += len(all) - least; requests != n/100 || len(all) > least+1 || longer > 1 {
			t.Errorf("seed %d: %d requests in %d rounds, expected %d in %d", seed, requests, len(all), n/100, least)
		}
	}
}

// tree is how many rounds a tree takes if requests need not be filled: what
// takes as many rounds as the one above has to travel with that, if it fits.
func tree(bosses []int, limit int) int {
	behind := make([]map[int]int, len(bosses)) // for each: by rounds, the operations
	for i := len(bosses) - 1; ; i-- {
		rounds, weight := 1, 1
		for r, w := range behind[i] {
			if r >= rounds {
				rounds, weight = r, w+1
			}
		}
		if weight > limit {
			rounds, weight = rounds+1, 1
		}
		if i == 0 {
			return rounds
		}
		if behind[bosses[i]] == nil {
			behind[bosses[i]] = map[int]int{}
		}
		behind[bosses[i]][rounds] += weight
	}
}

// Operations without references fill requests exactly, whatever the pace at
// which they are read and answered.
func TestRandomJobsWithoutReferencesFillRequests(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, limit := rapid.IntRange(0, 60).Draw(t, "n"), rapid.IntRange(1, 12).Draw(t, "operations")
		p := planner(Config{Operations: limit})
		var out []*Request
		requests := 0
		for read := 0; read < n || p.Open() > 0; {
			if read < n && rapid.Bool().Draw(t, "read") {
				it := Item{Index: read, Size: 1}
				p.Add(it)
				if read++; read == n {
					p.End()
				}
			}
			in := Flows
			if read == n {
				in = Waits
			}
			if r := p.Next(in); r != nil {
				requests++
				out = append(out, r)
			}
			if len(out) > 0 && (read == n || rapid.Bool().Draw(t, "answer")) {
				k := rapid.IntRange(0, len(out)-1).Draw(t, "which")
				succeed(p, out[k])
				out = append(out[:k], out[k+1:]...)
			}
		}
		if requests != (n+limit-1)/limit {
			t.Errorf("%d requests for %d operations, %d in each", requests, n, limit)
		}
	})
}

// What fits into one request takes one round, but for changes of one resource.
// Where references are kept apart, it takes as many as its longest chain is
// long. A longer chain travels as many operations at a time as a request holds.
func TestRandomJobsTakeFewRounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(shapeNames).Draw(t, "shape")
		n := rapid.IntRange(1, 30).Draw(t, "n")
		ops := shuffled(t, shapes[name](t, "a", n))
		cfg := Config{Operations: n, Separate: rapid.Bool().Draw(t, "separate")}
		most := 1
		switch {
		case cfg.Separate:
			most = newJudge(ops, false, 36).longest(true)
		case name == "chain":
			cfg.Operations = rapid.IntRange(1, n).Draw(t, "operations")
			most = (n + cfg.Operations - 1) / cfg.Operations
		}
		if name == "run" {
			most = newJudge(ops, false, 36).longest(cfg.Separate)
		}
		p := planner(cfg)
		for i, op := range ops {
			op.ends = false
			p.Add(op.item(i))
		}
		p.End()
		if rounds := waves(t, p); len(rounds) != most {
			t.Errorf("%v: %d rounds, expected %d: %v", ops, len(rounds), most, rounds)
		}
	})
}

// longest is how many operations, a cycle counted once, have to go one after
// the other: each refers to the one before. Changes of a resource do so as
// well.
func (o *judge) longest(separate bool) (most int) {
	length := make([]int, len(o.ops))
	for range o.ops {
		for i, op := range o.ops {
			length[i] = max(length[i], 1)
			for _, d := range o.needed(i) {
				if o.leads[d][i] || !separate {
					length[i] = max(length[i], length[d])
				} else {
					length[i] = max(length[i], length[d]+1)
				}
			}
			for e, earlier := range o.ops[:i] {
				if op.resource != "" && earlier.resource == op.resource {
					length[i] = max(length[i], length[e]+1)
				}
			}
			most = max(most, length[i])
		}
	}
	return most
}
