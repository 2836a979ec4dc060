package journal

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
)

// After SIGKILL at random moments, several times over one journal, all
// acknowledged updates are in it.
func TestKill(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	heard := &acknowledgements{sent: map[int]bool{}, done: map[int]bool{}}
	kills := 10
	if raced.On {
		kills = 3
	}
	for range kills {
		cmd := childCommand(t.Context(), "work", path, strconv.Itoa(heard.next))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		heard.listen(lines, 1+rand.IntN(80))
		if _, err := Open(path); !errors.Is(err, ErrLocked) {
			t.Errorf("Open while another process works: %v", err)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		heard.listen(lines, 1<<30) // its reports until then
		_ = cmd.Wait()
		if heard.failure != "" {
			t.Fatal(heard.failure)
		}
		heard.check(t, path)
	}
	t.Logf("%d operations sent, %d done", len(heard.sent), len(heard.done))
}

// A process that is killed while it creates a journal leaves a file that opens.
func TestKillWhileCreating(t *testing.T) {
	t.Parallel()
	prefix := newPath(t)
	made := 0
	for range 5 {
		cmd := childCommand(t.Context(), "create", prefix+strconv.Itoa(made)+"-")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		heard := &acknowledgements{}
		heard.listen(lines, 1+rand.IntN(5))
		for range rand.IntN(20_000) { // a moment of chance
			_ = rand.Int()
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		heard.listen(lines, 1<<30)
		_ = cmd.Wait()
		// The last complete journal, and the next one, which may be incomplete.
		for n := heard.next - 1; n <= heard.next; n++ {
			mustClose(t, opened(t, prefix+strconv.Itoa(made)+"-"+strconv.Itoa(n)))
		}
		made++
	}
}

// childVariable names the task of this test binary when it runs as a process of
// its own, for tests that kill or limit a process or take its permissions.
const childVariable = "JOURNAL_TEST_CHILD"

func TestMain(m *testing.M) {
	// Each step of the model may wait for the disk: some of the usual hundred
	// are enough for every day.
	checks := "15"
	if raced.On {
		checks = "4"
	}
	_ = flag.Set("rapid.checks", checks)
	flag.Parse()
	if what := os.Getenv(childVariable); what != "" {
		if err := child(what, flag.Args()); err != nil {
			fmt.Println("error:", err)
		}
		return
	}
	os.Exit(m.Run())
}

// children are the tasks of a child.
var children = map[string]func(args []string) error{
	"open": func(args []string) error {
		j, err := Open(args[0])
		if err == nil {
			err = j.Close()
		}
		return err
	},
	"work":   func(args []string) error { return work(args[0], args[1]) },
	"create": func(args []string) error { return createMany(args[0]) },
}

func child(what string, args []string) error {
	run, ok := children[what]
	if !ok {
		return errors.New("no such child: " + what)
	}
	return run(args)
}

// childCommand is the test binary as a child.
func childCommand(ctx context.Context, what string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	// With the race detector a process sleeps for a second before it ends.
	cmd.Env = append(os.Environ(), childVariable+"="+what, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	return cmd
}

// work does operations without end, from the given number on, four at a time,
// and reports each acknowledgement: "sent 17", "done 17".
func work(path, from string) error {
	first, err := strconv.Atoi(from)
	if err != nil {
		return err
	}
	j, err := Open(path)
	if err != nil {
		return err
	}
	ctx := context.Background()
	if _, err := j.Begin(ctx, target); err != nil {
		return err
	}
	var mu sync.Mutex
	say := func(what string, n int) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(what, n)
	}
	failed := make(chan error)
	for worker := range 4 {
		go func() {
			for n := first + worker; ; n += 4 {
				if err := workOne(ctx, j, n, say); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

func workOne(ctx context.Context, j *Journal, n int, say func(string, int)) error {
	e := create(fmt.Sprint("op", n), fmt.Sprint("u", n))
	r, err := j.Claim(ctx, []client.Entry{e})
	if err != nil {
		return err
	}
	if err := j.Write(ctx, []client.Update{sent(r[0].Ticket, e)}); err != nil {
		return err
	}
	say("sent", n)
	if err := j.Write(ctx, []client.Update{done(r[0].Ticket, n)}); err != nil {
		return err
	}
	say("done", n)
	return nil
}

// createMany makes one journal after the other.
func createMany(prefix string) error {
	for n := 0; ; n++ {
		j, err := Open(prefix + strconv.Itoa(n))
		if err != nil {
			return err
		}
		if _, err := j.Begin(context.Background(), target); err != nil {
			return err
		}
		fmt.Println("made", n)
		if err := j.Close(); err != nil {
			return err
		}
	}
}

// acknowledgements reads the reports of a child, until it has made n of them or
// ends. A line that a kill has cut does not count.
type acknowledgements struct {
	sent, done map[int]bool
	next       int // above all numbers heard of
	failure    string
}

func (a *acknowledgements) listen(lines *bufio.Scanner, n int) {
	for ; n > 0 && lines.Scan(); n-- {
		what, number, _ := strings.Cut(lines.Text(), " ")
		if what == "error:" {
			a.failure = number
			return
		}
		op, err := strconv.Atoi(number)
		if err != nil {
			continue
		}
		a.next = max(a.next, op+1)
		switch what {
		case "sent":
			a.sent[op] = true
		case "done":
			a.done[op] = true
		}
	}
}

// check finds all acknowledged operations in the journal at path.
func (a *acknowledgements) check(t *testing.T, path string) {
	t.Helper()
	j := opened(t, path)
	for n := range a.next {
		r := claimKeys(t, j, fmt.Sprint("op", n))[0]
		want := success(n)
		switch {
		case a.done[n] && (r.Known != client.KnownDone || r.Success != want):
			t.Fatalf("operation %d was done, known is %+v", n, r)
		case a.sent[n] && r.Known == client.KnownNothing:
			t.Fatalf("operation %d was sent, known is %+v", n, r)
		case r.Known == client.KnownDone && r.Success != want:
			t.Fatalf("operation %d is known wrongly: %+v", n, r)
		}
	}
	mustClose(t, j)
}
