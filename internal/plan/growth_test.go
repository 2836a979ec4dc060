package plan

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/webexscim/bulk/internal/raced"
)

// None of these may take work that grows with the square of its size.
func TestHardShapesStayLinear(t *testing.T) {
	if raced.On {
		t.Skip("counts the steps of one goroutine")
	}
	const least = 1_500
	for shape := range hardShapes(least) {
		for _, ordered := range []bool{false, true} {
			t.Run(fmt.Sprint(shape, ", ordered ", ordered), func(t *testing.T) {
				small, large := steps(shape, ordered, least), steps(shape, ordered, 8*least)
				if small < least && !ordered || large > 20*small {
					t.Errorf("%d steps for %d operations, %d for eight times as many", small, least, large)
				}
			})
		}
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
