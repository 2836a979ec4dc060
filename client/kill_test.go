package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

var (
	soak  = flag.Int("soak", raced.Fewer(800, 2000), "operations in TestSoak; the long form is -soak 100000")
	kills = flag.Int("kills", raced.Fewer(2, 4), "kills in TestKill; the long form is -kills 60")
	seed  = flag.Int64("seed", 1, "seed of what goes wrong in TestSoak")
)

// nextToken is a token source that takes the next token when one is refused.
func nextToken(turn *int) client.TokenSource {
	var mu sync.Mutex
	return func(_ context.Context, refused string) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if refused == fmt.Sprintf("t%d", *turn) {
			*turn++
		}
		return fmt.Sprintf("t%d", *turn), nil
	}
}

// killRole makes this program the one that TestKill kills.
const killRole = "BULK_KILL"

// killJob is what that is told to do, killReport what it says afterwards.
type killJob struct {
	URL, Journal string
	Mixed        mixedJob
}

type killReport struct {
	Progress client.Progress
	Wrong    int    // results that are not as they must be
	First    string // of them
}

// TestMain is also the program that TestKill kills.
func TestMain(m *testing.M) {
	if os.Getenv(killRole) != "" {
		var j killJob
		err := json.NewDecoder(os.Stdin).Decode(&j)
		if err == nil {
			err = j.work()
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	if f := flag.Lookup("rapid.seed"); f != nil && f.Value.String() == f.DefValue {
		// The short form draws the same jobs each time; others with -rapid.seed.
		_ = f.Value.Set("1")
	}
	os.Exit(m.Run())
}

func (k killJob) work() error {
	j, err := journal.Open(k.Journal)
	if err != nil {
		return err
	}
	defer j.Close()
	c, err := client.New(client.Config{
		OrgID: webextest.DefaultOrgID, Token: client.StaticToken(webextest.DefaultToken), BaseURL: k.URL,
		LookupPatience: 100 * time.Millisecond, MaxServiceTime: 200 * time.Millisecond, Limits: client.Limits{Operations: block},
	})
	if err != nil {
		return err
	}
	var report killReport
	job := &client.Job{Source: k.Mixed.source(), Journal: j}
	for res, err := range c.Run(context.Background(), job) {
		if err != nil {
			return err
		}
		if err := k.Mixed.check(res); err != nil {
			if report.Wrong++; report.Wrong == 1 {
				report.First = fmt.Sprintf("operation %d: %v", res.Index, err)
			}
		}
	}
	report.Progress = job.Progress()
	return json.NewEncoder(os.Stdout).Encode(report)
}

// A process that is killed again and again, at any moment of its work, gets its
// job done all the same: nothing is created twice, and each last word is that
// of the input, though some of what stands before it fails as long as there are
// kills.
func TestKill(t *testing.T) {
	t.Parallel()
	var clock atomic.Int64
	clock.Store(int64(-time.Hour))
	moody := fickle{which: map[string]bool{}}
	var v victim
	v.service = webextest.Start(t, webextest.Config{
		Latency: 50 * time.Millisecond, ReadLag: 50 * time.Millisecond,
		Now:    func() time.Time { return time.Now().Add(time.Duration(clock.Load())) },
		Faults: func(*webextest.Request) *webextest.Fault { return &webextest.Fault{RefuseItem: moody.item} },
	})
	v.job = killJob{
		URL: v.service.URL, Journal: filepath.Join(t.TempDir(), "j"),
		Mixed: newMixedJob(t, v.service.Simulator, 140+10**kills),
	}
	for _, id := range v.job.Mixed.There {
		moody.which["PATCH /Users/"+id] = true
	}
	clock.Store(0) // nobody takes those who were there for the job's own
	rng := rand.New(rand.NewPCG(uint64(*seed), 1))
	for i := range *kills {
		first := 1
		if i == 0 {
			first = 20 // by then the service has told its time: see docs/promises.md
		}
		if v.live(t, first, time.Duration(rng.IntN(600))*time.Millisecond) {
			t.Fatal("the job was done before the last kill")
		}
	}
	atDeath, _ := v.service.Count()
	moody.calm()
	if !v.live(t, 1, 5*time.Minute) {
		t.Fatal("the last run was killed")
	}
	p, blocks := v.report.Progress, v.job.Mixed.Blocks
	if v.report.Wrong > 0 || p.Failed+p.Unknown != blocks || p.Succeeded != 19*blocks {
		t.Errorf("%d results are wrong: %s; %+v", v.report.Wrong, v.report.First, p)
	}
	v.job.Mixed.verify(t, v.service.Simulator)
	if *kills >= 50 && v.underWay < *kills/20 || moody.refused == 0 {
		t.Errorf("%d of %d kills met a request under way, %d refusals: they prove little", v.underWay, *kills, moody.refused)
	}
	users, _ := v.service.Count()
	t.Logf("%d kills, %d of them with a request under way, %d of %d users then; %d refusals, %d requests in all",
		*kills, v.underWay, atDeath, users, moody.refused, requests(v.service.Simulator))
}

// victim is a process that does a job, and is killed.
type victim struct {
	service  *webextest.Server
	job      killJob
	report   killReport // of the run that was not killed
	underWay int        // deaths while the service had a request
}

// live runs the process until it has sent so many requests, and then for a
// while; it reports whether that was enough.
func (v *victim) live(t *testing.T, first int, life time.Duration) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	input, err := json.Marshal(v.job)
	if err != nil {
		t.Fatal(err)
	}
	// With the race detector a process sleeps for a second before it ends.
	cmd.Env = append(os.Environ(), killRole+"=1", "GORACE=atexit_sleep_ms=0")
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &out
	before := v.service.Stats().Requests
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	var death <-chan time.Time
	for {
		select {
		case err := <-ended:
			if err != nil && cmd.ProcessState.ExitCode() >= 0 {
				t.Fatalf("the victim failed: %v\n%s", err, out.String())
			}
			if err == nil {
				err = json.Unmarshal(out.Bytes(), &v.report)
			}
			return err == nil
		case <-death:
			if v.service.Stats().InFlight > 0 {
				v.underWay++
			}
			_ = cmd.Process.Kill()
		case <-tick.C:
			if death == nil && v.service.Stats().Requests >= before+first {
				death = time.After(life)
			}
		}
	}
}

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
