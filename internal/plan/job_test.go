package plan

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// job is a random job: what is read, how it is composed, and how it goes.
type job struct {
	shapes            []string
	ops               []operation
	first, last       limits
	preferred         int // bytes, at some time
	ordered, separate bool
	idLen             int
}

// GoString shows a job in a counter-example, one operation a line.
func (j job) GoString() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v, limits %v to %v, %d bytes preferred, ordered %v, separate %v, ids of %d\n",
		j.shapes, j.first, j.last, j.preferred, j.ordered, j.separate, j.idLen)
	for i, op := range j.ops {
		fmt.Fprintf(&b, "  %d: %+v\n", i, op)
	}
	return b.String()
}

func (j job) config() Config {
	return Config{Operations: j.first.operations, Bytes: j.first.bytes, Ordered: j.ordered, Separate: j.separate}
}

// item is an operation as the planner sees it.
func (op operation) item(i int) Item {
	it := Item{Index: i, Name: op.name, Resource: op.resource, Size: op.size}
	for _, n := range op.needs {
		it.Refs = append(it.Refs, Ref{Name: n.name, Count: n.places, Width: n.width, Required: !n.optional})
	}
	it.Held = op.held || op.ending == refused || op.ending == resolved
	if op.ends {
		it.Ends = op.needs[0].name
	}
	return it
}

func (j job) id(i int) string {
	if j.idLen == 36 {
		return fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
	}
	return fmt.Sprintf("%0*d", j.idLen, i)
}

// A shape builds operations of one kind. Names are local to it: prefix and
// number.
type shape func(t *rapid.T, prefix string, n int) []operation

var shapes = map[string]shape{
	"plain": linked(func(*rapid.T, int, int) []int { return nil }),
	"chain": linked(func(_ *rapid.T, i, _ int) []int { return before(i, i-1) }),
	"star":  linked(func(_ *rapid.T, i, _ int) []int { return before(i, 0) }),
	"tree":  linked(func(t *rapid.T, i, _ int) []int { return before(i, rapid.IntRange(0, max(0, i-1)).Draw(t, "parent")) }),
	"cycle": linked(func(_ *rapid.T, i, n int) []int { return []int{(i + 1) % n} }),
	"cycles": linked(func(_ *rapid.T, i, n int) []int { // of three, each leads to the one before
		to := []int{i - i%3 + (i+1)%3}
		if to[0] >= n {
			to[0] = i - i%3
		}
		return append(to, before(i, i-3)...)
	}),
	"group": linked(func(_ *rapid.T, i, n int) (all []int) {
		for k := range n - 1 {
			if i == n-1 {
				all = append(all, k)
			}
		}
		return all
	}),
	"web": linked(func(t *rapid.T, i, n int) []int {
		return rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, 3, rapid.ID).Draw(t, "needs")
	}),
	"run": run,
}

var shapeNames = []string{"plain", "chain", "star", "tree", "cycle", "cycles", "group", "web", "run"}

func before(i, k int) []int {
	if i == 0 || k < 0 {
		return nil
	}
	return []int{k}
}

// linked is a shape of creates, each of which refers to some others.
func linked(to func(t *rapid.T, i, n int) []int) shape {
	return func(t *rapid.T, prefix string, n int) (ops []operation) {
		for i := range n {
			op := operation{name: fmt.Sprint(prefix, i)}
			for _, k := range to(t, i, n) {
				op.needs = append(op.needs, need{name: fmt.Sprint(prefix, k)})
			}
			ops = append(ops, op)
		}
		return ops
	}
}

// run is changes of one or two resources, of which the second is new.
func run(t *rapid.T, prefix string, n int) []operation {
	ops := []operation{{name: prefix + "0"}}
	for range n - 1 {
		op := operation{resource: "/" + prefix}
		if kind := rapid.IntRange(0, 4).Draw(t, "change"); kind > 1 {
			op.resource = "bulkId:" + prefix + "0"
			op.needs = []need{{name: prefix + "0"}}
			op.ends = kind == 4
		}
		ops = append(ops, op)
	}
	return ops
}

var jobs = rapid.Custom(func(t *rapid.T) job {
	j := job{
		ordered:  rapid.IntRange(0, 4).Draw(t, "ordered") == 4,
		separate: rapid.IntRange(0, 4).Draw(t, "separate") == 4,
		idLen:    rapid.SampledFrom([]int{36, 9, 60}).Draw(t, "length of ids"),
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "shapes") {
		name := rapid.SampledFrom(shapeNames).Draw(t, "shape")
		j.shapes = append(j.shapes, name)
		furnished := rapid.SliceOfN(furnishings, 1, 14).Draw(t, "operations")
		for k, op := range shapes[name](t, string(rune('a'+i)), len(furnished)) {
			furnish(&op, furnished[k])
			j.ops = append(j.ops, op)
		}
	}
	if len(j.ops) > 1 {
		j.ops = shuffled(t, j.ops)
	}
	spice(t, j.ops)
	j.first = limits{rapid.IntRange(1, 12).Draw(t, "operations"), 1 << 20}
	if rapid.Bool().Draw(t, "few bytes") {
		j.first.bytes = rapid.IntRange(100, 900).Draw(t, "bytes")
	}
	j.last = j.first
	if rapid.IntRange(0, 5).Draw(t, "limits fall") == 5 {
		j.last.operations = rapid.IntRange(1, j.first.operations).Draw(t, "operations, later")
	}
	j.preferred = j.first.bytes
	if rapid.IntRange(0, 5).Draw(t, "fewer are preferred") == 5 {
		j.preferred = min(j.first.bytes, rapid.IntRange(50, 400).Draw(t, "bytes preferred"))
	}
	return j
})

// shuffled brings operations into another order, but the changes of a resource
// in the right one.
func shuffled(t *rapid.T, ops []operation) []operation {
	switch rapid.IntRange(0, 2).Draw(t, "order") {
	case 1:
		for i, k := 0, len(ops)-1; i < k; i, k = i+1, k-1 {
			ops[i], ops[k] = ops[k], ops[i]
		}
	case 2:
		return rapid.Permutation(ops).Draw(t, "operations")
	}
	return ops
}

// spice adds a few references across shapes, unknown names and duplicates.
func spice(t *rapid.T, ops []operation) {
	any := rapid.IntRange(0, len(ops)-1)
	for range rapid.IntRange(0, 3).Draw(t, "spices") {
		i, k := any.Draw(t, "one"), any.Draw(t, "other")
		name := ops[k].name
		switch rapid.IntRange(0, 4).Draw(t, "spice") {
		case 3:
			if ops[i].name != "" && name != "" {
				ops[i].name = name
			}
			continue
		case 4:
			name = "nobody"
		}
		known := name == ""
		for _, n := range ops[i].needs {
			known = known || n.name == name
		}
		if !known {
			ops[i].refer(need{name, rapid.Bool().Draw(t, "optional"), 1, 20}, len(ops[i].needs))
		}
	}
}

// furnishing is what an operation has whatever it refers to.
type furnishing struct {
	size, places, width int
	optional            bool
	ending              ending
	held                bool
	again               int
}

var furnishings = rapid.Custom(func(t *rapid.T) (f furnishing) {
	f.size = rapid.IntRange(10, 60).Draw(t, "size")
	f.places = rapid.IntRange(1, 2).Draw(t, "places")
	f.width = rapid.IntRange(8, 40).Draw(t, "width")
	f.optional = rapid.IntRange(0, 7).Draw(t, "optional") == 7
	f.held = rapid.IntRange(0, 5).Draw(t, "held") == 5
	switch dice := rapid.IntRange(0, 31).Draw(t, "ending"); {
	case dice == 31:
		f.ending = anonymous
	case dice >= 29:
		f.ending = fails
	case dice == 28:
		f.ending = refused
	case dice == 27:
		f.ending = resolved
	case dice >= 24:
		f.again = dice - 23
	}
	return f
})

// furnish gives an operation its sizes and its ending.
func furnish(op *operation, f furnishing) {
	op.size, op.ending, op.held, op.again = f.size, f.ending, f.held, f.again
	for i := range op.needs {
		op.refer(need{op.needs[i].name, f.optional && !op.ends, f.places, f.places * f.width}, i)
	}
}

// refer sets a reference of an operation, or adds one.
func (op *operation) refer(n need, i int) {
	op.size += n.width
	op.needs = append(op.needs[:i:i], append([]need{n}, op.needs[min(i+1, len(op.needs)):]...)...)
}
