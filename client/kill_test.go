package client_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

var (
	soak  = flag.Int("soak", 2000, "operations in TestSoak; the long form is -soak 100000")
	kills = flag.Int("kills", 4, "kills in TestKill; the long form is -kills 60")
	seed  = flag.Int64("seed", 1, "seed of what goes wrong in TestSoak")
)

// rotate is a token source that takes the next token when one is refused.
func rotate(turn *int) client.TokenSource {
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

const (
	killURL     = "BULK_KILL_URL"
	killJournal = "BULK_KILL_JOURNAL"
	killSize    = "BULK_KILL_SIZE"
)

// TestMain is also the program that TestKill kills.
func TestMain(m *testing.M) {
	if url := os.Getenv(killURL); url != "" {
		n, _ := strconv.Atoi(os.Getenv(killSize))
		if err := work(url, os.Getenv(killJournal), n); err != nil {
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

func work(url, path string, n int) error {
	j, err := journal.Open(path)
	if err != nil {
		return err
	}
	defer j.Close()
	c, err := client.New(client.Config{
		OrgID: webextest.DefaultOrgID, Token: client.StaticToken(webextest.DefaultToken), BaseURL: url,
		LookupPatience: 100 * time.Millisecond,
	})
	if err != nil {
		return err
	}
	for res, err := range c.Run(context.Background(), &client.Job{Source: organisation(n), Journal: j}) {
		if err != nil {
			return err
		}
		if res.Err != nil {
			return fmt.Errorf("operation %d: %w", res.Index, res.Err)
		}
	}
	return nil
}

// A process that is killed again and again, at any moment of its work, gets its
// job done all the same, and does nothing twice.
func TestKill(t *testing.T) {
	t.Parallel()
	s := webextest.Start(t, webextest.Config{Latency: 50 * time.Millisecond, ReadLag: 50 * time.Millisecond})
	v := &victim{service: s, journal: filepath.Join(t.TempDir(), "j"), size: 8_000 + 2000**kills}
	rng := rand.New(rand.NewPCG(uint64(*seed), 1))
	for range *kills {
		if v.live(t, time.Duration(rng.IntN(600))*time.Millisecond) {
			t.Fatal("the job was done before the last kill")
		}
	}
	atDeath, _ := s.Count()
	if !v.live(t, time.Minute) {
		t.Fatal("the last run was killed")
	}
	users, groups := s.Count()
	if users+groups != v.size {
		t.Errorf("%d users and %d groups for %d creates", users, groups, v.size)
	}
	once(t, s.Simulator)
	if *kills >= 50 && v.underWay < *kills/20 {
		t.Errorf("%d of %d kills met a request under way: none proves much", v.underWay, *kills)
	}
	t.Logf("%d kills, %d of them with a request under way, %d of %d users then; %d requests in all",
		*kills, v.underWay, atDeath, users, requests(s.Simulator))
}

// victim is a process that does a job, and is killed.
type victim struct {
	service  *webextest.Server
	journal  string
	size     int // operations
	underWay int // deaths while the service had a request
}

// live runs the process, until it has sent something and then for a while; it
// reports whether that was enough.
func (v *victim) live(t *testing.T, life time.Duration) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), killURL+"="+v.service.URL, killJournal+"="+v.journal, fmt.Sprintf("%s=%d", killSize, v.size))
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
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
