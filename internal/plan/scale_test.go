package plan

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/webexscim/bulk/internal/raced"
)

func id(i int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", i) }

// pump runs a job as the client does: it reads while there is room, sends what
// may leave, and takes in answers in the order of sending. What is held is
// released when enough is read. It returns the numbers of requests and of
// drops.
func pump(p *Planner, n, concurrency int, item func(i int) Item) (requests, drops int) {
	var out []*Request
	window := p.cfg.Operations * (2*concurrency + 2)
	for next, released := 0, 0; ; {
		for next < n && p.Backlog() < window {
			p.Add(item(next))
			if next++; next == n {
				p.End()
			}
			if next%p.cfg.Operations == 0 && len(out) < concurrency {
				break
			}
		}
		for ; released < next; released++ {
			p.Release(released)
		}
		for len(out) < concurrency {
			in := Flows
			if next == n || p.Backlog() >= window {
				in = Waits
			}
			r := p.Next(in)
			if r == nil {
				break
			}
			requests++
			out = append(out, r)
		}
		drops += len(takeDrops(p))
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
		succeed(p, r)
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

func TestOrganizationFillsRequests(t *testing.T) {
	for _, n := range []int{1000, 10_000} {
		for _, concurrency := range []int{1, 4, 16} {
			p := planner(Config{})
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
			requests, _ := pump(planner(Config{}), n, concurrency, func(i int) Item { return Item{Index: i, Size: 100} })
			if requests != (n+99)/100 {
				t.Errorf("%d operations at concurrency %d: %d requests", n, concurrency, requests)
			}
		}
	}
}

// forgetful is a memory that costs none.
type forgetful struct{}

func (forgetful) Name(string) Outcome         { return Outcome{} }
func (forgetful) Resource(string) (int, bool) { return 0, false }
func (forgetful) record(*node, Outcome)       {}

// Nothing is left of an operation that is over.
func TestWhatIsOverIsForgotten(t *testing.T) {
	if raced.On {
		t.Skip("measures the memory of one goroutine")
	}
	const n = 100_000
	before := heapSize()
	p := New(Config{Memory: forgetful{}})
	pump(p, n, 4, func(i int) Item {
		if i%2 == 0 {
			return Item{Index: i, Resource: "/r" + strconv.Itoa(i), Size: 100}
		}
		return Item{Index: i, Name: "u" + strconv.Itoa(i), Size: 100}
	})
	each := (heapSize() - before) / n
	runtime.KeepAlive(p)
	if each > 2 {
		t.Errorf("%d bytes for each operation", each)
	}
}

// What is open does not hold on to what it referred to, and that to what it
// referred to in turn.
func TestChainIsForgotten(t *testing.T) {
	if raced.On {
		t.Skip("measures the memory of one goroutine")
	}
	const n = 100_000
	before, after := heapSize(), 0
	pump(planner(Config{}), n, 4, func(i int) Item {
		it := Item{Index: i, Name: "u" + strconv.Itoa(i), Size: 100}
		if i > 0 {
			it.Refs = []Ref{{Name: "u" + strconv.Itoa(i-1), Count: 1, Width: 20}}
		}
		if i == n-1 {
			after = heapSize()
		}
		return it
	})
	if each := (after - before) / n; each > 250 { // most of it is the memory of the test
		t.Errorf("%d bytes for each create", each)
	}
}

// An operation that waits takes little room: it may be one of millions whose
// managers come last.
func TestWhatWaitsTakesLittleRoom(t *testing.T) {
	const n, most = 100_000, 140
	names, refs := make([]string, n), make([]Ref, n)
	for i := range n {
		names[i] = "u" + strconv.Itoa(i)
		refs[max(i-1, 0)] = Ref{Name: names[i], Count: 1, Width: 16, Required: true}
	}
	before := heapSize()
	p := New(Config{Memory: forgetful{}})
	for i := range n - 1 {
		p.Add(Item{Index: i, Name: names[i], Refs: refs[i : i+1], Size: 300})
	}
	if each := (heapSize() - before) / n; each > most {
		t.Errorf("%d bytes for each operation", each)
	}
	runtime.KeepAlive(p)
	runtime.KeepAlive(names)
	runtime.KeepAlive(refs)
}

func heapSize() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// BenchmarkPlan plans operations with references; ns/op is for the whole job,
// ns/operation shows that it grows in proportion.
func BenchmarkPlan(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				pump(planner(Config{}), n, 4, func(i int) Item { return staff(i, n) })
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/operation")
		})
	}
}

// None of these may take work that grows with the square of its size, or more
// than some steps for each operation.
func TestHardShapesStayLinear(t *testing.T) {
	if raced.On {
		t.Skip("counts the steps of one goroutine")
	}
	const least = 1_500
	for shape := range hardShapes(least) {
		for _, ordered := range []bool{false, true} {
			t.Run(fmt.Sprint(shape, ", ordered ", ordered), func(t *testing.T) {
				small, large := steps(shape, ordered, least), steps(shape, ordered, 8*least)
				most := 60
				if ordered {
					most = 120 // each waits with as many as a request holds
				}
				if small < least && !ordered || large > 20*small || large > most*8*least {
					t.Errorf("%d steps for %d operations, %d for eight times as many", small, least, large)
				}
			})
		}
	}
}

// However many are ready, a request is soon full, or passes over few.
func TestRequestOfManyReady(t *testing.T) {
	for size, most := range map[int]int{1: 200, 60: 2000} {
		p := planner(Config{Bytes: 100})
		for i := range 10_000 {
			p.Add(Item{Index: i, Size: size})
		}
		if p.steps = 0; p.Next(Waits) == nil || p.steps > most {
			t.Errorf("%d steps for a request of operations of size %d, expected %d at most", p.steps, size, most)
		}
	}
}

// As long as a request is to be full, nothing is looked at before it is.
func TestRequestIsNotTriedBeforeItIsFull(t *testing.T) {
	p := planner(Config{Operations: 100})
	for i := range 99 {
		p.Add(Item{Index: i, Size: 1})
		p.Next(Flows)
	}
	if p.steps > 200 {
		t.Errorf("%d steps", p.steps)
	}
}

// steps is how many nodes are looked at to plan a hard shape.
func steps(shape string, ordered bool, n int) int {
	item, p := hardShapes(n)[shape], planner(Config{Ordered: ordered})
	pump(p, n, 4, func(i int) Item {
		it := item(i)
		it.Held = i%3 > 0
		return it
	})
	return p.steps
}

func hardShapes(n int) map[string]func(i int) Item {
	name := func(i int) string { return "u" + strconv.Itoa(i) }
	ref := func(i int) Ref { return Ref{Name: name(i), Count: 1, Width: 12, Required: true} }
	return map[string]func(i int) Item{
		"plain": func(i int) Item { return Item{Index: i, Size: 9} },
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
		"cycle": func(i int) Item { return Item{Index: i, Name: name(i), Size: 9, Refs: []Ref{ref((i + 1) % n)}} },
		"pairs in cycles": func(i int) Item {
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
		"staff before managers": func(i int) Item { // ten trees, eight reports each
			k := n - 1 - i
			it := Item{Index: i, Name: name(k), Size: 9}
			if k >= 10 {
				it.Refs = []Ref{ref(10*((k/10-1)/8) + k%10)}
			}
			return it
		},
		"tree in another order": func(i int) Item {
			k := i * 7919 % n // 7919 is prime, and divides no n
			it := Item{Index: i, Name: name(k), Size: 9}
			if k > 0 {
				it.Refs = []Ref{ref(k * 5 / 7)}
			}
			return it
		},
		"references forward": func(i int) Item {
			it := Item{Index: i, Name: name(i), Size: 9}
			for k := 1; k <= 3 && i < n/2; k++ {
				it.Refs = append(it.Refs, ref(n/2+(i*k+k)%(n/2)))
			}
			return it
		},
		"chain behind parked ones": func(i int) Item {
			it := Item{Index: i, Name: name(i), Size: 9}
			switch {
			case i < n/2:
				it.Refs = []Ref{ref(n - 1)}
			case i > n/2 && i < n-1:
				it.Refs = []Ref{ref(i - 1)}
			}
			return it
		},
		"one resource behind parked ones": func(i int) Item {
			switch {
			case i < n/2:
				return Item{Index: i, Name: name(i), Refs: []Ref{ref(n - 1)}, Size: 9}
			case i < n-1:
				return Item{Index: i, Resource: "/Groups/1", Size: 9}
			}
			return Item{Index: i, Name: name(i), Size: 9}
		},
		"deletes of one create": func(i int) Item {
			if i == 0 {
				return Item{Index: i, Name: name(i), Size: 9}
			}
			return Item{Index: i, Resource: "bulkId:u0", Ends: "u0", Refs: []Ref{ref(0)}, Size: 9}
		},
		"delete of a manager not read": func(i int) Item {
			switch {
			case i < n-2:
				return Item{Index: i, Name: name(i), Refs: []Ref{ref(n - 1)}, Size: 9}
			case i == n-2:
				return Item{Index: i, Resource: "bulkId:" + name(n-1), Ends: name(n - 1), Refs: []Ref{ref(n - 1)}, Size: 9}
			}
			return Item{Index: i, Name: name(i), Size: 9}
		},
		"unknown names": func(i int) Item { return Item{Index: i, Name: name(i), Size: 9, Refs: []Ref{ref(n + i)}} },
	}
}
