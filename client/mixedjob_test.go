package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// mixedJob has operations of every kind, of which it is known how they end.
// They come in blocks of twenty: ten creates of users and one of a group,
// PATCHes of these and of users that were there before, a DELETE of another
// such user, and a create that is refused, since its userName is taken.
type mixedJob struct {
	Blocks int
	There  []string // ids of the users who are changed, each by ten blocks
	Doomed []string // ids of those who are deleted, one by each block
}

const block = 20

// prepare puts those into the service who are there before the job.
func newMixedJob(t *testing.T, s *webextest.Simulator, blocks int) (e mixedJob) {
	t.Helper()
	e.Blocks = blocks
	for i := range 3 * (blocks/10 + 1) {
		e.There = append(e.There, add(t, s, fmt.Sprint("there", i)))
	}
	for b := range blocks {
		e.Doomed = append(e.Doomed, add(t, s, fmt.Sprint("doomed", b)))
		add(t, s, fmt.Sprint("taken", b), `"displayName":"theirs"`)
	}
	return e
}

func (e mixedJob) source() iter.Seq2[client.Operation, error] {
	return func(yield func(client.Operation, error) bool) {
		for i := range e.Blocks * block {
			if !yield(e.operation(i), nil) {
				return
			}
		}
	}
}

func (e mixedJob) operation(i int) client.Operation {
	b, k := i/block, i%block
	name := func(k int) string { return fmt.Sprint("u", b*block+k) }
	title := fmt.Sprintf(`"%d"`, i)
	switch k {
	case 0:
		return create(name(0))
	case 10:
		return group(name(k), fmt.Sprintf(`,"externalId":"x%d"`, i), name(0), name(1))
	case 11, 14, 19:
		return patch("/Users/bulkId:"+name(0), "title", title)
	case 12, 15:
		return patch("/Users/"+e.changed(i), "title", title)
	case 13:
		return e.join(name(10), name(5))
	case 18:
		return e.join(name(10), fmt.Sprint("u", (b+1)%e.Blocks*block))
	case 16:
		return remove("/Users/" + e.Doomed[b])
	case 17:
		return create(fmt.Sprint("taken", b), `"displayName":"ours"`)
	}
	return create(name(k), manager(name(0)))
}

// changed is the user whom an operation changes: one of three by turns.
func (e mixedJob) changed(i int) string {
	b, k := i/block, i%block
	return e.There[b/10*3+(b+k/15)%3]
}

func (e mixedJob) join(group, member string) client.Operation {
	return client.Operation{Method: "PATCH", Path: "/Groups/bulkId:" + group, Data: json.RawMessage(fmt.Sprintf(
		`{"schemas":[%q],"Operations":[{"op":"add","path":"members","value":[{"type":"user","value":%s}]}]}`, client.SchemaPatchOp, quote(client.Ref(member))))}
}

// check says what is wrong with a result, nil for nothing.
func (e mixedJob) check(r client.Result) error {
	if r.Index%block != 17 {
		return r.Err
	}
	// Of what was in the first requests when the process was killed there is no
	// time of the service to tell.
	early := r.Index < 8*block && r.Outcome == client.Unknown
	if said, ok := errors.AsType[*client.ResponseError](r.Err); r.Outcome != client.Failed && !early || !ok || said.Status != 409 {
		return fmt.Errorf("%v, though its userName is taken: %w", r.Outcome, r.Err)
	}
	return nil
}

// verify compares what the service holds with what was meant.
func (e mixedJob) verify(t *testing.T, s *webextest.Simulator) {
	t.Helper()
	ids, last := map[string]string{}, map[string]int{}
	for _, u := range s.Users() {
		ids[u.UserName()] = u.ID()
	}
	id := func(b, k int) string { return ids[fmt.Sprintf("u%d@example.com", b*block+k)] }
	groups := map[string]webextest.Resource{}
	for _, g := range s.Groups() {
		groups[g.DisplayName()] = g
	}
	for b := range e.Blocks {
		for k := range 10 {
			boss := id(b, 0)
			if k == 0 {
				boss, last[id(b, 0)] = "", b*block+19
			}
			if u, ok := s.User(id(b, k)); !ok || u.Manager() != boss {
				t.Errorf("user %d of block %d: %v, expected the manager %q", k, b, u, boss)
			}
		}
		members := []string{id(b, 0), id(b, 1), id(b, 5), id((b+1)%e.Blocks, 0)}
		if g := groups[fmt.Sprint("u", b*block+10)]; !slices.Equal(sorted(g.Members()), sorted(members)) {
			t.Errorf("group of block %d: %v, expected %v", b, g, members)
		}
		last[e.changed(b*block+12)], last[e.changed(b*block+15)] = b*block+12, b*block+15
		if _, ok := s.User(e.Doomed[b]); ok || s.Created(fmt.Sprintf("taken%d@example.com", b)) > 0 {
			t.Errorf("block %d: who is to go is there (%v), or who is there was created", b, ok)
		}
	}
	for id, i := range last {
		if u, _ := s.User(id); u["title"] != fmt.Sprint(i) {
			t.Errorf("%s: the last word is %v, expected %d", u.UserName(), u["title"], i)
		}
	}
	if users, groups := s.Count(); users != 11*e.Blocks+len(e.There) || groups != e.Blocks {
		t.Errorf("%d users and %d groups for %d blocks", users, groups, e.Blocks)
	}
	wantNothingTwice(t, s)
}

// fickle refuses every other operation of a kind, as often as they come, until
// it is told to be calm. What it has let pass once it lets pass again, unless
// it is moody.
type fickle struct {
	which map[string]bool // "PATCH", or method and path
	moody bool

	mu            sync.Mutex
	passed        map[string]bool // bulkIds
	isCalm        bool
	seen, refused int
}

func (f *fickle) item(op webextest.Operation) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.isCalm || f.passed[op.BulkID] && !f.moody || !f.which[op.Method] && !f.which[op.Method+" "+op.Path] {
		return 0
	}
	if f.seen++; f.seen%2 != 0 {
		f.refused++
		return 400
	}
	f.pass(op)
	return 0
}

func (f *fickle) pass(op webextest.Operation) {
	if f.passed == nil {
		f.passed = map[string]bool{}
	}
	f.passed[op.BulkID] = true
}

// fault lets every other request pass.
func (f *fickle) fault(r *webextest.Request) *webextest.Fault {
	if r.Number%2 == 1 {
		return &webextest.Fault{RefuseItem: f.item}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, op := range r.Operations {
		f.pass(op)
	}
	return nil
}

func (f *fickle) calm() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.isCalm = true
}
