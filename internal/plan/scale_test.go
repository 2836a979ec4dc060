package plan

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"
)

func id(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", i) }

// pump runs a job as the client does: it reads while there is room, sends what
// may leave, and takes in answers in the order of sending. It returns the
// numbers of requests and of drops.
func pump(p *Planner, n, concurrency int, item func(i int) Item) (requests, drops int) {
	var out []*Request
	window := p.cfg.Operations * (2*concurrency + 2)
	var verdicts []Verdict
	for next := 0; ; {
		for next < n && p.Backlog() < window {
			p.Add(item(next))
			if next++; next == n {
				p.End()
			}
			if next%p.cfg.Operations == 0 && len(out) < concurrency {
				break
			}
		}
		for len(out) < concurrency {
			r := p.Next(next == n || p.Backlog() >= window)
			if r == nil {
				break
			}
			requests++
			out = append(out, r)
		}
		drops += len(p.Drops())
		if len(out) == 0 {
			if next == n {
				return requests, drops
			}
			continue
		}
		if next < n && len(out) < concurrency && p.Backlog() < window {
			continue
		}
		r := out[0]
		out = out[1:]
		verdicts = verdicts[:0]
		for _, s := range r.Items {
			verdicts = append(verdicts, Verdict{Index: s.Index, Fate: Done, ID: id(s.Index)})
		}
		p.Settle(r, verdicts)
	}
}

// staff is a user whose manager may stand before or after him, or, every
// fiftieth time, a group of earlier users.
func staff(i, n int) Item {
	it := Item{Index: i, Name: "u" + strconv.Itoa(i), Size: 400}
	if i%50 == 49 {
		for k := range 5 + i%40 {
			it.Refs = append(it.Refs, Ref{Name: "u" + strconv.Itoa((i*7+k*13)%i), Count: 1, Width: 12, Required: true})
		}
		slices.SortFunc(it.Refs, func(a, b Ref) int { return len(a.Name) - len(b.Name) })
		it.Refs = slices.CompactFunc(it.Refs, func(a, b Ref) bool { return a.Name == b.Name })
		return it
	}
	if boss := i / 10 * 10 % n; boss != i && i%7 != 0 {
		it.Refs = []Ref{{Name: "u" + strconv.Itoa(boss), Count: 1, Width: 12, Required: true}}
	} else if i%70 == 0 && i+500 < n && (i+500)%50 != 49 {
		it.Refs = []Ref{{Name: "u" + strconv.Itoa(i+500-500%10+3), Count: 1, Width: 12, Required: true}}
	}
	return it
}

func TestOrganisationFillsRequests(t *testing.T) {
	for _, n := range []int{1000, 10_000} {
		for _, concurrency := range []int{1, 4, 16} {
			p := New(Config{})
			requests, drops := pump(p, n, concurrency, func(i int) Item { return staff(i, n) })
			if best := (n + 99) / 100; drops > 0 || requests > best+best/10 {
				t.Errorf("%d operations at concurrency %d: %d requests, %d drops", n, concurrency, requests, drops)
			}
		}
	}
}

func TestPlainInputFillsRequestsExactly(t *testing.T) {
	for _, n := range []int{0, 1, 99, 100, 101, 250, 12_345} {
		for _, concurrency := range []int{1, 4, 16} {
			requests, _ := pump(New(Config{}), n, concurrency, func(i int) Item { return Item{Index: i, Size: 100} })
			if requests != (n+99)/100 {
				t.Errorf("%d operations at concurrency %d: %d requests", n, concurrency, requests)
			}
		}
	}
}

// None of these may take time that grows with the square of its size.
func TestHardShapesStayLinear(t *testing.T) {
	const least = 2_500
	for shape := range hardShapes(least) {
		t.Run(shape, func(t *testing.T) {
			var growth float64
			for range 5 { // others may have been busy
				small, large := planned(shape, least), planned(shape, 8*least)
				if growth = float64(large) / float64(small); growth < 24 {
					return
				}
			}
			t.Errorf("eight times as many take %.0f times as long", growth)
		})
	}
}

// planned is how long it takes to plan a hard shape.
func planned(shape string, n int) time.Duration {
	item := hardShapes(n)[shape]
	began := time.Now()
	pump(New(Config{}), n, 4, item)
	return time.Since(began)
}

func hardShapes(n int) map[string]func(i int) Item {
	name := func(i int) string { return "u" + strconv.Itoa(i) }
	ref := func(i int) Ref { return Ref{Name: name(i), Count: 1, Width: 12, Required: true} }
	return map[string]func(i int) Item{
		"chain": func(i int) Item {
			it := Item{Index: i, Name: name(i), Size: 9}
			if i > 0 {
				it.Refs = []Ref{ref(i - 1)}
			}
			return it
		},
		"chain read backwards": func(i int) Item {
			it := Item{Index: i, Name: name(i), Size: 9}
			if i < n-1 {
				it.Refs = []Ref{ref(i + 1)}
			}
			return it
		},
		"doubly linked chain": func(i int) Item {
			it := Item{Index: i, Name: name(i), Size: 9}
			if i > 0 {
				it.Refs = append(it.Refs, ref(i-1))
			}
			if i < n-1 {
				it.Refs = append(it.Refs, ref(i+1))
			}
			return it
		},
		"star": func(i int) Item {
			it := Item{Index: i, Name: name(i), Size: 9}
			if i > 0 {
				it.Refs = []Ref{ref(0)}
			}
			return it
		},
		"star read before its middle": func(i int) Item {
			it := Item{Index: i, Name: name(i), Size: 9}
			if i < n-1 {
				it.Refs = []Ref{ref(n - 1)}
			}
			return it
		},
		"one resource": func(i int) Item { return Item{Index: i, Resource: "/Groups/1", Size: 9} },
		"group of all": func(i int) Item {
			it := Item{Index: i, Name: name(i), Size: 9}
			if i == n-1 {
				for k := range n - 1 {
					it.Refs = append(it.Refs, ref(k))
				}
			}
			return it
		},
		"circle": func(i int) Item { return Item{Index: i, Name: name(i), Size: 9, Refs: []Ref{ref((i + 1) % n)}} },
		"pairs in circles": func(i int) Item {
			return Item{Index: i, Name: name(i), Size: 9, Refs: []Ref{ref(i ^ 1)}}
		},
		"deletes read before the creates": func(i int) Item {
			if i < n/2 {
				return Item{Index: i, Resource: "bulkId:" + name(i), Ends: name(i), Refs: []Ref{ref(i)}, Size: 9}
			}
			return Item{Index: i, Name: name(i - n/2), Size: 9}
		},
		"deletes read after the creates": func(i int) Item {
			if i >= n/2 {
				return Item{Index: i, Resource: "bulkId:" + name(i-n/2), Ends: name(i - n/2), Refs: []Ref{ref(i - n/2)}, Size: 9}
			}
			return Item{Index: i, Name: name(i), Size: 9, Refs: []Ref{ref(n/2 - 1 - i)}}
		},
		"unknown names": func(i int) Item { return Item{Index: i, Name: name(i), Size: 9, Refs: []Ref{ref(n + i)}} },
	}
}

// What is left of a create that is done is a few dozen bytes, and nothing when
// something else remembers it.
func TestMemoryOfSettledCreates(t *testing.T) {
	const n = 100_000
	for _, c := range []struct {
		name    string
		settled func(string) (Settled, error)
		most    int // bytes each
	}{
		{"by itself", nil, 150},
		{"elsewhere", func(string) (Settled, error) { return Settled{}, nil }, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := heapSize()
			p := New(Config{Settled: c.settled})
			pump(p, n, 4, func(i int) Item { return Item{Index: i, Name: "u" + strconv.Itoa(i), Size: 100} })
			each := (heapSize() - before) / n
			runtime.KeepAlive(p)
			t.Logf("%d bytes for each create", each)
			if each > c.most {
				t.Errorf("%d bytes for each create, expected at most %d", each, c.most)
			}
		})
	}
}

// What is open does not hold on to what it referred to, and that to what it
// referred to in turn.
func TestChainIsForgotten(t *testing.T) {
	const n = 100_000
	before, after := heapSize(), 0
	pump(New(Config{}), n, 4, func(i int) Item {
		it := Item{Index: i, Name: "u" + strconv.Itoa(i), Size: 100}
		if i > 0 {
			it.Refs = []Ref{{Name: "u" + strconv.Itoa(i-1), Count: 1, Width: 20}}
		}
		if i == n-1 {
			after = heapSize()
		}
		return it
	})
	if each := (after - before) / n; each > 150 {
		t.Errorf("%d bytes for each create", each)
	}
}

func heapSize() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// BenchmarkSettledCreates tells what is left of a million creates that are done.
func BenchmarkSettledCreates(b *testing.B) {
	const n = 1_000_000
	kept := 0
	for b.Loop() {
		before := heapSize()
		p := New(Config{})
		pump(p, n, 4, func(i int) Item { return Item{Index: i, Name: "u" + strconv.Itoa(i), Size: 100} })
		kept = heapSize() - before
		runtime.KeepAlive(p)
	}
	b.ReportMetric(float64(kept)/n, "B/create")
}

// BenchmarkPlan plans operations with references; ns/op is for the whole job,
// ns/operation shows that it grows in proportion.
func BenchmarkPlan(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				pump(New(Config{}), n, 4, func(i int) Item { return staff(i, n) })
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/operation")
		})
	}
}
