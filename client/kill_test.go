package client_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
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
	kills = flag.Int("kills", 8, "kills in TestKill; the long form is -kills 60")
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
	killSize    = 2000
)

// TestMain is also the program that TestKill kills.
func TestMain(m *testing.M) {
	if url := os.Getenv(killURL); url != "" {
		if err := victim(url, os.Getenv(killJournal)); err != nil {
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

func victim(url, path string) error {
	j, err := journal.Open(path)
	if err != nil {
		return err
	}
	defer j.Close()
	c, err := client.New(client.Config{
		OrgID: webextest.DefaultOrgID, Token: client.StaticToken(webextest.DefaultToken), BaseURL: url,
		LookupPatience: 300 * time.Millisecond,
	})
	if err != nil {
		return err
	}
	for res, err := range c.Run(context.Background(), &client.Job{Source: organisation(killSize), Journal: j}) {
		if err != nil {
			return err
		}
		if res.Err != nil {
			return fmt.Errorf("operation %d: %w", res.Index, res.Err)
		}
	}
	return nil
}

// A process that is killed again and again gets its job done all the same, and
// does nothing twice.
func TestKill(t *testing.T) {
	s := webextest.Start(t, webextest.Config{Latency: 10 * time.Millisecond, ReadLag: 50 * time.Millisecond})
	path := filepath.Join(t.TempDir(), "j")
	rng := rand.New(rand.NewPCG(uint64(*seed), 1))
	killed := 0
	for killed < *kills {
		if done := lifetime(t, s.URL, path, time.Duration(20+rng.IntN(100))*time.Millisecond); done {
			break
		}
		killed++
	}
	if !lifetime(t, s.URL, path, time.Minute) {
		t.Fatal("the last run was killed")
	}
	users, groups := s.Count()
	if users+groups != killSize {
		t.Errorf("%d users and %d groups for %d creates", users, groups, killSize)
	}
	once(t, s.Simulator)
	t.Logf("%d kills, %d requests", killed, requests(s.Simulator))
}

// lifetime runs the victim for a while; it reports whether that was enough.
func lifetime(t *testing.T, url, path string, life time.Duration) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), killURL+"="+url, killJournal+"="+path)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(life, func() { cmd.Process.Kill() })
	err := cmd.Wait()
	timer.Stop()
	if err != nil && cmd.ProcessState.ExitCode() >= 0 {
		t.Fatalf("the victim failed: %v\n%s", err, out.String())
	}
	return err == nil
}
