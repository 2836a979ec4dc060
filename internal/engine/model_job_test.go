package engine

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
)

// randomChooser chooses by a seeded generator.
type randomChooser struct {
	rng            *rand.Rand
	faults, orders int // how many may still be chosen
	crashes        int
	pFault, pOrder float64
}

func (c *randomChooser) fault(n int) int {
	if c.faults == 0 || c.rng.Float64() >= c.pFault {
		return 0
	}
	c.faults--
	return 1 + c.rng.IntN(n-1)
}

func (c *randomChooser) order(n int) int {
	if n == 1 || c.orders == 0 || c.rng.Float64() >= c.pOrder {
		return 0
	}
	c.orders--
	return c.rng.IntN(n)
}

func (c *randomChooser) detail(n int) int { return c.rng.IntN(n) }

func (c *randomChooser) crash() bool {
	if c.crashes == 0 || c.rng.Float64() >= 0.07 {
		return false
	}
	c.crashes--
	return true
}

// searcher makes all choices, one after the other, as far as its budgets reach:
// depth first, by replaying the choices before.
type searcher struct {
	choices, sizes []int
	at             int
	moves, crashes int // budgets: of faults and changes of order, and of crashes
	movesLeft      int
	crashesLeft    int
}

func (s *searcher) start() { s.at, s.movesLeft, s.crashesLeft = 0, s.moves, s.crashes }

// next goes to the next choices; false if there are none.
func (s *searcher) next() bool {
	s.choices, s.sizes = s.choices[:s.at], s.sizes[:s.at]
	for i := len(s.choices) - 1; i >= 0; i-- {
		if s.choices[i]+1 < s.sizes[i] {
			s.choices[i]++
			s.choices, s.sizes = s.choices[:i+1], s.sizes[:i+1]
			return true
		}
	}
	return false
}

func (s *searcher) choose(n int, budget *int) int {
	if n <= 1 || *budget <= 0 {
		return 0
	}
	if s.at == len(s.choices) {
		s.choices, s.sizes = append(s.choices, 0), append(s.sizes, n)
	}
	c := s.choices[s.at]
	s.at++
	if c > 0 {
		*budget--
	}
	return c
}

func (s *searcher) fault(n int) int { return s.choose(n, &s.movesLeft) }
func (s *searcher) order(n int) int { return s.choose(n, &s.movesLeft) }
func (s *searcher) detail(n int) int {
	free := 1
	return s.choose(n, &free)
}
func (s *searcher) crash() bool { return s.choose(2, &s.crashesLeft) == 1 }

// job is what a model run begins with.
type job struct {
	settings
	rows  []row
	runs  int
	edits bool  // the input may be edited between runs
	old   []row // creates whose names somebody else has used long ago
	easy  bool  // nothing in the input conflicts
	rare  int
}

// play carries out a job. Its law and violation tell which law is broken and
// how, "" if none is.
func play(j *job, pick chooser, trace *strings.Builder) (w *model) {
	w = &model{
		settings: j.settings, pick: pick, trace: trace, foreigns: map[string]int{}, idents: map[string]int{},
		natural: map[string]int{}, most: map[int]int{}, adopted: map[int]bool{}, effect: map[int]bool{}, rare: j.rare, easy: j.easy,
	}
	defer func() {
		if r := recover(); r != nil {
			w.law, w.violation = "panic", fmt.Sprintf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	for i := range 2 { // r0 is a user, r1 a group
		r := w.create(nil, fmt.Sprintf("r%d", i))
		r.foreign, r.user, r.name, r.created = true, i == 0, fmt.Sprintf("old%d", i), longAgo
		r.history[0].at = longAgo
	}
	for _, r := range j.old {
		w.makeForeign(r, longAgo)
	}
	rows := j.rows
	w.plain = !slices.ContainsFunc(rows, func(r row) bool { return r.on != 0 || len(r.refs) > 0 })
	for run := 1; ; run++ {
		over := w.runOnce(rows)
		if w.violation != "" || over && run >= j.runs {
			break
		}
		if over {
			w.pass(w.now + []ms{1_000, 60_000, 3_600_000}[pick.detail(w.some(1, 3))])
		}
		if j.edits {
			before := fmt.Sprint(rows)
			rows = w.edit(rows, 100*run)
			w.edited = w.edited || fmt.Sprint(rows) != before
		}
		if w.rare > 0 && pick.detail(2) == 1 {
			w.setClock()
		}
	}
	if w.violation == "" {
		w.checkAll()
	}
	return w
}

// edit changes the input between two runs as a person would.
func (w *model) edit(rows []row, fresh int) []row {
	rows = append([]row(nil), rows...)
	n := len(rows)
	if n == 0 {
		return rows
	}
	// A row whose name another has too is left as it is: of two that were in
	// flight nobody can tell which one was done, once one of them is gone.
	unique := func(i int) bool {
		for k, r := range rows {
			if r.method == Post && slices.Contains(r.refs, rows[i].label) && isShared(rows, r.searchName()) {
				return false // it becomes another
			}
			if k != i && r.method == Post && rows[i].method == Post && r.searchName() == rows[i].searchName() {
				return false
			}
		}
		return true
	}
	switch c := w.pick.detail(1 + 2 + 3*n); {
	case c == 0:
	case c == 1:
		rows = append([]row{{label: fresh, method: Post, user: true, name: fmt.Sprintf("new%d", fresh)}}, rows...)
	case c == 2:
		rows = append([]row{{label: fresh, method: Patch, target: "r0", content: fresh, user: true}}, rows...)
	case c < 3+n:
		if i := c - 3; unique(i) {
			rows = append(rows[:i], rows[i+1:]...)
		}
	case c < 3+2*n:
		if i := c - 3 - n; unique(i) && rows[i].method != Delete {
			rows[i].content += fresh
		}
	default:
		if i := c - 3 - 2*n; i > 0 && rows[i].stage == rows[i-1].stage {
			rows[i], rows[i-1] = rows[i-1], rows[i]
		}
	}
	return rows
}

func (s *settings) defaults() {
	if s.operations == 0 {
		s.operations = 100
	}
	if s.concurrency == 0 {
		s.concurrency = 2
	}
	if s.maxAttempts == 0 {
		s.maxAttempts = 5
	}
}

// randomJob draws a job from a seed, and the chooser for it.
func randomJob(seed uint64) (*job, *randomChooser) {
	rng := rand.New(rand.NewPCG(seed, 0x5ca1ab1e))
	chance := func(p float64) bool { return rng.Float64() < p }
	j := &job{runs: 1}
	j.operations = []int{100, 1, 2, 3}[rng.IntN(4)]
	j.concurrency = 1 + rng.IntN(3)
	j.maxAttempts = 2 + rng.IntN(4)
	j.journal = chance(0.7)
	j.readOn = chance(0.7)
	j.ordered = chance(0.15)
	j.separate = chance(0.15)
	if chance(0.25) {
		j.failOnErrors = 1 + rng.IntN(3)
	}
	if chance(0.5) {
		j.frontOff, j.storeOff = ms(rng.IntN(480_000)-240_000), ms(rng.IntN(480_000)-240_000)
	}
	j.noDate, j.noCreated = chance(0.1), chance(0.1)
	j.normalizes = chance(0.3)
	j.strictCycles = chance(0.5)
	if chance(0.5) {
		j.rare = 1 + rng.IntN(3)
	}
	c := &randomChooser{rng: rng, faults: rng.IntN(6), orders: rng.IntN(12), pFault: 0.05 + 0.4*rng.Float64(), pOrder: 0.4 * rng.Float64()}
	if j.journal {
		c.crashes = rng.IntN(4)
		j.runs = 1 + rng.IntN(2)
		j.edits = chance(0.5)
	}
	n := 1 + rng.IntN(12)
	if chance(0.5) {
		n = 1 + rng.IntN(4)
	}
	names := 1 + rng.IntN(2*n)
	unique := chance(0.6)
	for i := 1; i <= n; i++ {
		j.rows = append(j.rows, randomRow(rng, j.rows, i, n, names, unique))
	}
	for i, r := range j.rows {
		if r.method == Delete && r.on != 0 && isShared(j.rows, j.rows[r.on-1].searchName()) {
			j.rows[i].method, j.rows[i].content = Patch, r.label // a DELETE would free a name that a lost create can still take
		}
	}
	if chance(0.15) {
		if r := j.rows[rng.IntN(n)]; r.method == Post {
			j.old = append(j.old, r)
		}
	}
	j.easy = isEasy(j)
	if seed%4 == 3 {
		j.keep = 100 // as in small jobs; in the others all rest that can
	}
	return j, c
}

// isShared reports whether several creates have a name.
func isShared(rows []row, name string) bool {
	n := 0
	for _, r := range rows {
		if r.method == Post && r.searchName() == name {
			n++
		}
	}
	return n > 1
}

func randomRow(rng *rand.Rand, before []row, label, n, names int, unique bool) row {
	chance := func(p float64) bool { return rng.Float64() < p }
	r := row{label: label}
	switch {
	case chance(0.5):
		r.user = chance(0.5)
		r.name = fmt.Sprintf("n%d", rng.IntN(names))
		if unique {
			r.name = fmt.Sprintf("n%d", label)
		}
		r.content = rng.IntN(2)
		if chance(0.3) {
			r.ext = fmt.Sprintf("x%d", rng.IntN(3))
		}
		for _, b := range before { // nobody can tell apart what two of one externalId have made
			if b.ext == r.ext && b.name == r.name {
				r.ext = ""
			}
		}
	case chance(0.8):
		r.method, r.content = Patch, label
		r.add = chance(0.25)
		r.unclear = chance(0.15)
		if chance(0.2) {
			r.content = 1
		}
	default:
		r.method = Delete
	}
	if r.method != Post {
		r.target = fmt.Sprintf("r%d", rng.IntN(2))
		if chance(0.6) {
			for _, b := range before {
				if b.method == Post && chance(0.5) {
					r.target, r.on, r.user = "", b.label, b.user
					break
				}
			}
		}
		if r.target == "r0" {
			r.user = true
		}
	}
	if r.method != Delete {
		for chance(0.3) {
			r.refs = append(r.refs, 1+rng.IntN(n)) // perhaps none that is a create, perhaps a later one, perhaps itself
		}
	}
	r.invalid = chance(0.02)
	if r.method == Post && chance(0.04) {
		r.blind, r.ext, r.refs = true, "", nil
	}
	if r.method == Post && chance(0.03) {
		r.sameAs = 1 + rng.IntN(n)
	}
	return r
}

// isEasy reports whether nothing in a job conflicts, so that all of it succeeds
// unless something lasting goes wrong.
func isEasy(j *job) bool {
	if j.noDate || j.noCreated || len(j.old) > 0 || j.failOnErrors > 0 || j.ordered {
		return false
	}
	creates := map[int]int{}
	names := map[string]bool{}
	for i, r := range j.rows {
		if r.invalid || r.unclear || r.blind || r.sameAs != 0 {
			return false
		}
		if r.method == Post {
			if names[r.searchName()] {
				return false
			}
			names[r.searchName()] = true
			creates[r.label] = i
		}
	}
	for i, r := range j.rows {
		if r.method == Delete {
			return false
		}
		for _, label := range r.refs {
			if k, ok := creates[label]; !ok || k > i {
				return false
			}
			if label == r.label {
				return false
			}
		}
	}
	return true
}

// smallJobs are the jobs that are searched in all ways.
func smallJobs() (jobs []*job) {
	user := func(label int, name string) row { return row{label: label, method: Post, user: true, name: name} }
	group := func(label int, name string) row { return row{label: label, method: Post, name: name} }
	patch := func(label int, target string, value int) row {
		return row{label: label, method: Patch, target: target, content: value, user: target == "r0"}
	}
	remove := func(label int, target string) row {
		return row{label: label, method: Delete, target: target, user: target == "r0"}
	}
	on := func(r row, create int) row { r.target, r.on = "", create; return r }
	refs := func(r row, labels ...int) row { r.refs = labels; return r }
	add := func(r row) row { r.add = true; return r }
	ext := func(r row, x string) row { r.ext = x; return r }
	data := func(r row, n int) row { r.content = n; return r }
	inputs := [][]row{
		{user(1, "ann")},
		{group(1, "board")},
		{patch(1, "r0", 1)},
		{add(patch(1, "r0", 1))},
		{remove(1, "r0")},
		{user(1, "ann"), refs(group(2, "board"), 1)},
		{patch(1, "r0", 1), patch(2, "r0", 2)},
		{patch(1, "r0", 1), patch(2, "r0", 2), patch(3, "r0", 3)},
		{patch(1, "r0", 1), remove(2, "r0")},
		{patch(1, "r0", 1), patch(2, "r0", 2), patch(3, "r1", 3)},
		{group(1, "board"), on(patch(2, "", 1), 1)},
		{group(1, "board"), on(patch(2, "", 1), 1), on(patch(3, "", 2), 1)},
		{user(1, "ann"), on(remove(2, ""), 1)},
		{group(1, "board"), on(patch(2, "", 1), 1), on(remove(3, ""), 1)},
		{refs(user(1, "ann"), 2), refs(user(2, "bob"), 1)},
		{refs(group(1, "a"), 2), refs(group(2, "b"), 1), user(3, "ann")},
		{user(1, "ann"), data(user(2, "ann"), 1)},
		{group(1, "board"), data(group(2, "board"), 1)},
		{group(1, "board"), group(2, "board")},
		{ext(group(1, "board"), "x"), ext(group(2, "board"), "y")},
		{refs(group(1, "board"), 2), user(2, "ann")},
		{group(1, "board"), refs(patch(2, "r1", 1), 1), patch(3, "r1", 2)},
		{on(add(patch(2, "", 1)), 1), group(1, "board")},
	}
	for i, rows := range inputs {
		for _, s := range []settings{
			{},
			{journal: true},
			{journal: true, concurrency: 1, operations: 1, normalizes: true, frontOff: 200_000, storeOff: -100_000},
			{journal: true, ordered: true, failOnErrors: 1},
		} {
			s.defaults()
			s.maxAttempts = 3
			j := &job{settings: s, rows: rows, runs: 1}
			if s.journal {
				j.runs, j.edits = 2, i%2 == 0 || s.concurrency == 1
			}
			j.easy = isEasy(j)
			jobs = append(jobs, j)
		}
	}
	later := func(r row) row { r.stage = 1; return r }
	for _, j := range []*job{
		{rows: []row{patch(1, "r0", 1), later(patch(2, "r0", 2))}},
		{rows: []row{patch(1, "r0", 1), later(remove(2, "r0"))}},
		{rows: []row{user(1, "ann"), later(on(remove(2, ""), 1))}},
		{rows: []row{user(1, "ann"), later(refs(group(2, "board"), 1))}},
		{rows: []row{group(1, "board"), later(group(2, "board"))}, settings: settings{existing: SkipExisting}},
		{rows: []row{group(1, "board")}, old: []row{group(0, "board")}, settings: settings{existing: UpdateExisting}},
		{rows: []row{user(1, "ann"), on(patch(2, "", 1), 1)}, old: []row{user(0, "ann")}, settings: settings{existing: UpdateExisting}},
		{rows: []row{group(1, "board"), later(on(patch(2, "", 1), 1))}, old: []row{group(0, "board")}, settings: settings{existing: UpdateExisting}},
	} {
		for _, journal := range []bool{false, true} {
			j := *j
			j.journal, j.runs, j.edits, j.maxAttempts = journal, 1, journal, 3
			if journal {
				j.runs = 2
			}
			j.defaults()
			jobs = append(jobs, &j)
		}
	}
	return jobs
}
