package plan

import (
	"testing"

	"pgregory.net/rapid"
)

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
