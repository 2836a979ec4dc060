package engine

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/webexscim/bulk/internal/plan"
)

// Jobs whose creates take what is there: the input, what the engine asks of its
// driver, and the laws.

// randomExistingJob is a random job that takes what is there, of which somebody
// else has created some long ago.
func randomExistingJob(seed uint64) (*job, *randomChooser) {
	j, c := randomJob(seed)
	j.takeExisting(rand.New(rand.NewPCG(seed, 0xe715)))
	return j, c
}

func (j *job) takeExisting(rng *rand.Rand) {
	j.existing, j.easy, j.old = []Existing{SkipExisting, UpdateExisting, UpdateExisting}[rng.IntN(3)], false, nil
	for _, r := range j.rows {
		for r.method == Post && !r.blind && rng.Float64() < 0.3 {
			j.old = append(j.old, r)
		}
	}
}

// noteSeen remembers what a lookup has found for a create.
func (w *model) noteSeen(m *mop, r *resource, v version) {
	if w.seen[m.index] == nil {
		w.seen[m.index] = map[string]version{}
	}
	w.seen[m.index][r.id] = v
}

// compare makes the update that gives a resource what a create gives, if what
// was seen of it differs.
func (w *model) compare(index int, id string, known []plan.Known) (Operation, bool, error) {
	m := w.input[index]
	gives := m.data(func(name string) string {
		for _, k := range known {
			if k.Name == name {
				return k.ID
			}
		}
		return unresolved(name)
	})
	u := &mop{row: row{method: Patch, user: m.user, target: id, label: m.label, stage: m.stage}, index: index, resource: "/r/" + id, gives: &gives}
	if !w.normalizes && u.shows(w.seen[index][id]) {
		return Operation{}, false, nil
	}
	identity := "update " + id + " gives " + gives
	u.ident = w.recognize(identity)
	u.op = Operation{Method: Patch, Resource: u.resource, ResourceID: id, Guarded: true, Size: 100, Content: hashKey(identity)}
	w.updates[index] = u
	w.most[u.ident] = max(w.most[u.ident], w.copies(u.ident))
	w.logf("%v becomes %v", m, u)
	return u.op, true, nil
}

// checkExisting checks what is told of a create that has taken what is there.
func (w *model) checkExisting(m, update *mop, res Result) {
	r := w.find(res.ID)
	switch {
	case r == nil || r.name != m.name || r.user != m.user || m.ext != "" && r.ext != "" && r.ext != m.ext && !m.user:
		w.breaks("%v takes %s, which is another", m, res.ID)
		return
	case r.created > w.now:
		w.breaks("%v takes %s, which is not there", m, res.ID)
	case res.Unchanged && update != nil:
		w.breaks("%v is told to have changed nothing, and was sent as %v", m, update)
	case !res.Unchanged && update == nil:
		w.breaks("%v is told to have changed %s, and was not", m, res.ID)
	case update != nil:
		w.checkDone(update, "", "a result")
	}
	for _, o := range w.input {
		switch {
		case o.method == Post && o.ident == r.ident && o != m && w.copies(r.ident) == 1:
			w.breaks("%v takes %s, which %v has made", m, r.id, o)
		case o.target == r.id && o.index < m.index:
			w.breaks("%v takes %s, which %v addresses", m, r.id, o)
		}
	}
}

// checkSecond checks that no group was created beside one that could be taken:
// one that somebody else had created so long before that the stage could see
// it, or one that the job itself had created.
func (w *model) checkSecond() {
	if w.existing == FailExisting {
		return
	}
	for _, second := range w.resources {
		for _, r := range w.resources {
			if second.foreign || second == r || second.user || r.user || second.blind || r.blind || second.name != r.name {
				continue
			}
			if _, there := r.asOf(second.created); !there || r.created > second.created {
				continue
			}
			if r.foreign && r.created+patience < second.began && (r.ext == "" || second.ext == "" || r.ext == second.ext) || !r.foreign && r.ext == second.ext {
				w.breaks("%s was created beside %s", second.id, r.id)
			}
		}
	}
}

// tookOther reports whether a resource refers to one that stood for a create in
// an earlier run, and that somebody else has deleted since, so that the create
// now stands for another one. No client can tell.
func (w *model) tookOther(r *resource, now string) bool {
	return w.run > 1 && slices.ContainsFunc(w.resources, func(gone *resource) bool {
		_, there := gone.asOf(w.now)
		return !there && othersChanged(gone) && gone.name == w.find(now).name && slices.ContainsFunc(r.history, func(v version) bool {
			return strings.Contains(v.data, gone.id)
		})
	})
}

// checkGiven checks that resources have at last what the creates of the last
// run give, if these have succeeded and nothing else has changed it. A cycle may
// have been done in part.
func (w *model) checkGiven() {
	h := w.history[len(w.history)-1]
	for i, m := range h.input {
		r := w.find(h.told[i].ID)
		if m.method != Post || h.told[i].Outcome != Succeeded || r == nil || h.told[i].Unchanged && w.existing == SkipExisting {
			continue
		}
		if r.foreign && !h.told[i].Existing || w.isMistakable(m) || w.isExcused(m, r, h) || othersChanged(r) {
			continue
		}
		if slices.ContainsFunc(h.input, func(o *mop) bool { return o.resource != "" && w.changes(o, h) == r }) {
			continue
		}
		known := true
		gives := m.data(func(name string) string {
			k := i
			if name != m.bulkID {
				k = slices.IndexFunc(h.input, func(o *mop) bool { return o.bulkID == name && o.method == Post })
			}
			if k < 0 || h.told[k].Outcome != Succeeded || h.told[k].ID == "" || w.isMistakable(h.input[k]) || h.told[k].Existing && w.tookOther(r, h.told[k].ID) {
				known = false
				return ""
			}
			return h.told[k].ID
		})
		v, ok := r.asOf(w.now)
		if inPart := strings.Contains(v.data, unresolvedName); known && !inPart && (!ok || v.data != gives || v.value != 0) {
			w.breaks("%v has succeeded, and %s has %q and the value %d, gone %v", m, r.id, v.data, v.value, v.gone)
		}
	}
}

// mayEqual reports whether what somebody else has created long ago may be taken
// for what a create has made: it is equal, and the service does not tell times.
func (w *model) mayEqual() bool { return w.existing != FailExisting && (w.noCreated || w.noDate) }
