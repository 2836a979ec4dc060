package journal

import (
	"bufio"
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"

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
