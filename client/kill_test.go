package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
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
		life := time.Duration(rng.IntN(600)) * time.Millisecond
		if i == 0 {
			life += time.Second // the service has told its time: see docs/promises.md
		}
		if v.live(t, life) {
			t.Fatal("the job was done before the last kill")
		}
	}
	atDeath, _ := v.service.Count()
	moody.calm()
	if !v.live(t, 5*time.Minute) {
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

// live runs the process, until it has sent something and then for a while; it
// reports whether that was enough.
func (v *victim) live(t *testing.T, life time.Duration) bool {
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
			if death == nil && v.service.Stats().Requests > before {
				death = time.After(life)
			}
		}
	}
}
