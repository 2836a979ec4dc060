package bulk

import (
	"net/http"
	"slices"

	"github.com/webexscim/bulk/webextest/internal/contract"
)

// schedule returns the indexes of the operations in the order of the work.
// Operations in one group are done together: a cycle of creates.
//
// The order is that of the request, except that an operation waits for the
// resources that it refers to. Operations on one resource keep their order,
// which preserves the intent of the client (RFC 7644, section 3.7).
func schedule(r *contract.Request) [][]int {
	needs := make([][]int, len(r.Operations))
	last := make(map[string]int) // the previous operation on a resource
	plain := true
	for i, op := range r.Operations {
		for _, name := range op.Names() {
			if post, ok := r.Posts[name]; ok {
				needs[i] = append(needs[i], post)
				plain = plain && post < i
			}
		}
		if op.Method == http.MethodPost {
			continue
		}
		if before, ok := last[op.Target()]; ok {
			needs[i] = append(needs[i], before)
		}
		last[op.Target()] = i
	}
	if plain {
		return requestOrder(len(r.Operations))
	}
	return inOrder(needs, cycles(needs))
}

func requestOrder(n int) [][]int {
	order := make([][]int, n)
	for i := range order {
		order[i] = []int{i}
	}
	return order
}

// cycles returns the strongly connected components of the graph (Tarjan).
func cycles(needs [][]int) [][]int {
	const unseen = 0
	number := make([]int, len(needs)) // order of discovery, from 1
	low := make([]int, len(needs))
	open := make([]bool, len(needs))
	var stack []int
	var found [][]int
	count := unseen
	var visit func(i int)
	visit = func(i int) {
		count++
		number[i], low[i], open[i] = count, count, true
		stack = append(stack, i)
		for _, j := range needs[i] {
			if number[j] == unseen {
				visit(j)
				low[i] = min(low[i], low[j])
			} else if open[j] {
				low[i] = min(low[i], number[j])
			}
		}
		if low[i] == number[i] {
			at := slices.Index(stack, i)
			cycle := slices.Sorted(slices.Values(stack[at:]))
			stack = stack[:at]
			for _, j := range cycle {
				open[j] = false
			}
			found = append(found, cycle)
		}
	}
	for i := range needs {
		if number[i] == unseen {
			visit(i)
		}
	}
	return found
}

// inOrder sorts groups by their last members, except that each follows the
// groups that it needs.
func inOrder(needs, found [][]int) [][]int {
	slices.SortFunc(found, func(a, b []int) int { return a[len(a)-1] - b[len(b)-1] })
	done := make([]bool, len(needs))
	ready := func(group []int) bool {
		for _, i := range group {
			for _, j := range needs[i] {
				if !done[j] && !slices.Contains(group, j) {
					return false
				}
			}
		}
		return true
	}
	var order [][]int
	for len(found) > 0 {
		at := slices.IndexFunc(found, ready) // never -1, because cycles are in one group
		for _, i := range found[at] {
			done[i] = true
		}
		order = append(order, found[at])
		found = slices.Delete(found, at, at+1)
	}
	return order
}
