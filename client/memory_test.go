package client_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

// memoryRole makes TestMemoryProcess a service or a client; it is what TestMemory starts, twice for each job, so that the
// client's memory is its own.
const memoryRole = "BULK_MEMORY_ROLE"

// memoryJob is what a client process is told to do.
type memoryJob struct {
	URL, Journal string // no journal when empty
	Operations   int
	Managers     string // which operation each refers to: see references
}

// memoryReport is what it says afterwards.
type memoryReport struct {
	LiveHeap, RSS int64 // peaks in bytes; RSS is 0 where the system does not tell
	Took          time.Duration
}

// references are the ways in which users refer to their managers: none; the head of their department, ten places back at
// most; a manager anywhere before them; the one before them.
var references = map[string]func(i int) int{
	"none":     func(int) int { return -1 },
	"near":     func(i int) int { return i/10*10 - max(0, 1-i%10) },
	"far":      func(i int) int { return (i+7)/8 - 1 },
	"chain":    func(i int) int { return i - 1 },
}

func (j memoryJob) source() iter.Seq2[client.Operation, error] {
	return func(yield func(client.Operation, error) bool) {
		for i := range j.Operations {
			op := create(fmt.Sprintf("u%d", i))
			if boss := references[j.Managers](i); boss >= 0 && boss < i {
				op = create(fmt.Sprintf("u%d", i), manager(fmt.Sprintf("u%d", boss)))
			}
			if !yield(op, nil) {
				return
			}
		}
	}
}

// TestMemoryProcess is nothing by itself.
func TestMemoryProcess(t *testing.T) {
	switch os.Getenv(memoryRole) {
	case "service":
		s := webextest.Start(t, webextest.Config{DiscardLedger: true})
		fmt.Println("service:", s.URL)
		_, _ = io.Copy(io.Discard, os.Stdin) // until the test goes
	case "client":
		var j memoryJob
		if err := json.NewDecoder(os.Stdin).Decode(&j); err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal(j.measure(t))
		fmt.Println("report:", string(text))
	}
}

// measure does the job and watches the memory of its process.
func (j memoryJob) measure(t *testing.T) (r memoryReport) {
	debug.SetGCPercent(10) // so that what is reachable is known at short intervals
	c, err := client.New(client.Config{OrgID: webextest.DefaultOrgID, Token: client.StaticToken(webextest.DefaultToken), BaseURL: j.URL})
	if err != nil {
		t.Fatal(err)
	}
	job := &client.Job{Source: j.source()}
	if j.Journal != "" {
		kept, err := journal.Open(j.Journal)
		if err != nil {
			t.Fatal(err)
		}
		defer kept.Close()
		job.Journal = kept
	}
	ctx, cancel := context.WithCancel(t.Context())
	heap := make(chan int64)
	go func() { heap <- peakHeap(ctx) }()
	began := time.Now()
	for res, err := range c.Run(t.Context(), job) {
		if err != nil || res.Err != nil {
			t.Fatal(err, res.Err)
		}
	}
	r.Took = time.Since(began)
	cancel()
	r.LiveHeap, r.RSS = <-heap, peakRSS()
	return r
}

// peakHeap is the most that a garbage collection has left alive.
func peakHeap(ctx context.Context) (peak int64) {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	for {
		metrics.Read(sample)
		peak = max(peak, int64(sample[0].Value.Uint64()))
		select {
		case <-ctx.Done():
			return peak
		case <-time.After(time.Millisecond):
		}
	}
}

// peakRSS reads VmHWM (proc_pid_status(5)).
func peakRSS() int64 {
	status, _ := os.ReadFile("/proc/self/status")
	_, text, _ := strings.Cut(string(status), "VmHWM:")
	text, _, _ = strings.Cut(text, "kB")
	kib, _ := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	return kib << 10
}

// process starts this program again in a role and gives its standard input and what follows word on its standard output.
func process(t *testing.T, role, word string, input io.Reader) (said string, stop func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestMemoryProcess$", "-test.timeout=1h")
	cmd.Env = append(os.Environ(), memoryRole+"="+role)
	cmd.Stdin, cmd.Stderr = input, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		t.Log(lines.Text())
		if text, ok := strings.CutPrefix(lines.Text(), word+": "); ok {
			said = text
			break
		}
	}
	return said, func() {
		for lines.Scan() {
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", role, err)
		}
	}
}

func (j memoryJob) run(t *testing.T) (r memoryReport) {
	t.Helper()
	in, out := io.Pipe()
	url, stop := process(t, "service", "service", in)
	defer stop()
	defer out.Close()
	j.URL = url
	input, _ := json.Marshal(j)
	text, end := process(t, "client", "report", strings.NewReader(string(input)))
	end()
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err, text)
	}
	return r
}

func TestMemory(t *testing.T) {
	sizes := []int{20_000, 100_000}
	if os.Getenv("SIZES") != "" {
		sizes = nil
		for _, s := range strings.Split(os.Getenv("SIZES"), ",") { n, _ := strconv.Atoi(s); sizes = append(sizes, n) }
	}
	shapes := []string{"none", "near", "far", "chain"}
	if os.Getenv("SHAPES") != "" { shapes = strings.Split(os.Getenv("SHAPES"), ",") }
	for _, m := range shapes {
		for _, n := range sizes {
			r := memoryJob{Operations: n, Managers: m, Journal: filepath.Join(t.TempDir(), "j")}.run(t)
			t.Logf("%s %d: heap %.2f MiB, RSS %.1f MiB, %v", m, n, float64(r.LiveHeap)/(1<<20), float64(r.RSS)/(1<<20), r.Took)
		}
	}
}
