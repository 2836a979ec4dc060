package client_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/journal"
	"github.com/webexscim/bulk/webextest"
)

// people is an organization as the test knows it: who manages whom, who is a
// member of what. Its operations are in an order of their own.
type people struct {
	manager []int   // of each user; -1: none
	members [][]int // of each group
	order   []int   // the users, and then the groups, in the order of the input
}

// newPeople makes users of whom each manages about eight, and groups of 5 to
// 150 of them, in an order that puts some before their managers and some
// behind. The first two manage each other.
func newPeople(users, groups int, rng *rand.Rand) people {
	p := people{manager: make([]int, users), members: make([][]int, groups), order: rng.Perm(users + groups)}
	p.manager[0] = 1
	for i := 1; i < users; i++ {
		p.manager[i] = (i - 1) / 8
	}
	for g := range p.members {
		p.members[g] = rng.Perm(users)[:5+rng.IntN(146)]
	}
	return p
}

// operations are the creates, in order.
func (p people) operations() []client.Operation {
	ops := make([]client.Operation, len(p.order))
	for at, i := range p.order {
		if i < len(p.manager) {
			ops[at] = create(fmt.Sprintf("u%d", i), manager(fmt.Sprintf("u%d", p.manager[i])))
			continue
		}
		g := i - len(p.manager)
		var members []string
		for _, m := range p.members[g] {
			members = append(members, fmt.Sprintf(`{"type":"user","value":"bulkId:u%d"}`, m))
		}
		ops[at] = client.Operation{Method: "POST", Path: "/Groups", BulkID: fmt.Sprintf("g%d", g), Data: json.RawMessage(
			fmt.Sprintf(`{"schemas":[%q],"displayName":"Group %d","members":[%s]}`, client.SchemaGroup, g, strings.Join(members, ",")))}
	}
	return ops
}

// verify compares what the service holds with what was meant, member by member.
func (p people) verify(t *testing.T, s *webextest.Simulator, results []client.Result) {
	t.Helper()
	ids := make([]string, len(p.order))
	for at, i := range p.order {
		if ids[i] = results[at].Location.ID; results[at].Err != nil {
			t.Fatalf("operation %d: %v", at, results[at].Err)
		}
	}
	for i, boss := range p.manager {
		u, ok := s.User(ids[i])
		if !ok || u.UserName() != fmt.Sprintf("u%d@example.com", i) || u.Manager() != ids[boss] {
			t.Fatalf("user %d: %v, expected the manager %s", i, u, ids[boss])
		}
	}
	for g, members := range p.members {
		group, _ := s.Group(ids[len(p.manager)+g])
		got := slices.Sorted(slices.Values(group.Members()))
		var want []string
		for _, m := range members {
			want = append(want, ids[m])
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("group %d has %d members, expected %d", g, len(got), len(want))
		}
	}
	if users, groups := s.Count(); users != len(p.manager) || groups != len(p.members) {
		t.Errorf("%d users and %d groups", users, groups)
	}
	wantNothingTwice(t, s)
}

// TestOrganization creates an organization in whatever order: every manager and
// every membership is as it was meant, and the requests are hardly more than
// without a reference.
func TestOrganization(t *testing.T) {
	t.Parallel()
	concurrencies := []int{4}
	users, groups := 10_000, 300
	if raced.On {
		users, groups = 1_500, 45
	}
	if *full {
		concurrencies, users, groups = []int{1, 4, 16}, 10_000, 300
	}
	for _, concurrency := range concurrencies {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(*seed), 3))
			p := newPeople(users, groups, rng)
			s := webextest.New(webextest.Config{Latency: 250 * time.Millisecond})
			c := newClient(t, s, func(c *client.Config) { c.Concurrency = concurrency })
			began := time.Now()
			results, err := c.Do(t.Context(), p.operations()...)
			if err != nil {
				t.Fatal(err)
			}
			p.verify(t, s, results)
			n, least := requests(s), (len(p.order)+99)/100
			t.Logf("concurrency %d: %d requests, %d without references; %v", concurrency, n, least, time.Since(began))
			if 10*n > 11*least {
				t.Error("too many requests")
			}
		})
	}
}

// memoryRole makes TestMemoryProcess a service or a client. TestMemory starts
// one of each for every job, so that the client's memory is its own.
const memoryRole = "BULK_MEMORY_ROLE"

// memoryJob is what a client process is told to do.
type memoryJob struct {
	URL, Journal string // "" is no journal
	Operations   int
	Managers     string // a key of bosses; "groups" makes groups instead
	Title        int    // its length, which makes data long
}

// memoryReport is what it says afterwards: peaks in bytes.
type memoryReport struct {
	Live int64 // on the heap, after garbage collections
	RSS  int64 // 0 where the system does not tell
	Took time.Duration
}

// bosses are the ways in which user i may refer to a manager: to nobody; to one
// of the first eighth of the job; to the one before, so that all are one chain;
// to one of the last eighth, so that most have to wait.
var bosses = map[string]func(i, n int) int{
	"none":  func(int, int) int { return -1 },
	"tree":  func(i, _ int) int { return (i+7)/8 - 1 },
	"chain": func(i, _ int) int { return i - 1 },
	"late":  func(i, n int) int { return n - 1 - (n-1-i+7)/8 + 1 },
}

func (j memoryJob) source() iter.Seq2[client.Operation, error] {
	return func(yield func(client.Operation, error) bool) {
		more := fmt.Sprintf(`"title":%q`, strings.Repeat("x", 1+j.Title))
		for i := range j.Operations {
			name := fmt.Sprintf("u%d", i)
			op := create(name)
			if of := bosses[j.Managers]; of == nil {
				op = group(name, "")
			} else if boss := of(i, j.Operations); boss >= 0 && boss < j.Operations {
				op = create(name, manager(fmt.Sprintf("u%d", boss)), more)
			}
			if !yield(op, nil) {
				return
			}
		}
	}
}

// TestMemory shows that a job's memory does not grow with its operations,
// whether they refer to each other or not, and whether users or groups are
// created. In the long form, -full, ten times as many may cost 20 MiB at the
// most; in the short form the bound leaves room for what is in flight.
func TestMemory(t *testing.T) {
	t.Parallel()
	if raced.On {
		t.Skip("the race detector takes memory too")
	}
	few, many, bound, managers := 17_000, 34_000, int64(4<<20), []string{"tree"} // what is remembered goes to disk at 16,384
	if *full {
		few, many, bound, managers = 100_000, 1_000_000, 20<<20, []string{"none", "tree", "chain", "groups"}
	}
	for _, managers := range managers {
		t.Run(managers, func(t *testing.T) {
			job := memoryJob{Managers: managers}
			small, large := job.run(t, few), job.run(t, many)
			t.Logf("%v with %d operations, %v with %d", small, few, large, many)
			if large.Live-small.Live > bound || *full && large.RSS-small.RSS > bound {
				t.Errorf("more than %d MiB of growth", bound>>20)
			}
		})
	}
}

// TestMemoryOfWhatWaits shows that the data of operations that wait is not in
// memory: nearly all of the job's refer to users that come last.
func TestMemoryOfWhatWaits(t *testing.T) {
	t.Parallel()
	if raced.On {
		t.Skip("the race detector takes memory too")
	}
	few, many := 8_000, 24_000
	if *full {
		few, many = 100_000, 1_000_000
	}
	job := memoryJob{Managers: "late", Title: 500}
	small, large := job.run(t, few), job.run(t, many)
	each := (large.Live - small.Live) / int64(many-few)
	t.Logf("%v with %d operations of 800 bytes, %v with %d: %d bytes each", small, few, large, many, each)
	if each > 600 {
		t.Error("expected less than 600 bytes each")
	}
}

func (r memoryReport) String() string {
	return fmt.Sprintf("%.2f MiB live, %.1f MiB resident (%v)",
		float64(r.Live)/(1<<20), float64(r.RSS)/(1<<20), r.Took.Round(time.Millisecond))
}

// run does the job in a process of its own, against a service in another.
func (j memoryJob) run(t *testing.T, operations int) (r memoryReport) {
	t.Helper()
	stay, leave := io.Pipe()
	url, end := process(t, "service", stay)
	j.URL, j.Operations, j.Journal = url, operations, filepath.Join(t.TempDir(), "j")
	input, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	report, endClient := process(t, "client", strings.NewReader(string(input)))
	endClient()
	leave.Close()
	end()
	if err := json.Unmarshal([]byte(report), &r); err != nil {
		t.Fatalf("%v: %q", err, report)
	}
	return r
}

// process starts this program again in a role. It returns what that says on its
// standard output behind the role's name, and a function that waits for its
// end.
func process(t *testing.T, role string, input io.Reader) (said string, end func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestMemoryProcess$", "-test.timeout=2h")
	cmd.Env = append(os.Environ(), memoryRole+"="+role)
	cmd.Stdin, cmd.Stderr = input, os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines, found := bufio.NewScanner(out), false
	var all []string
	for !found && lines.Scan() {
		said, found = strings.CutPrefix(lines.Text(), role+": ")
		all = append(all, lines.Text())
	}
	return said, func() {
		for lines.Scan() {
			all = append(all, lines.Text())
		}
		if err := cmd.Wait(); err != nil {
			t.Fatalf("%s: %v\n%s", role, err, strings.Join(all, "\n"))
		}
	}
}

// TestMemoryProcess is what TestMemory starts; by itself it does nothing.
func TestMemoryProcess(t *testing.T) {
	switch os.Getenv(memoryRole) {
	case "service":
		fmt.Println("service:", webextest.Start(t, webextest.Config{DiscardLedger: true}).URL)
		_, _ = io.Copy(io.Discard, os.Stdin) // until the test has done
	case "client":
		var j memoryJob
		if err := json.NewDecoder(os.Stdin).Decode(&j); err != nil {
			t.Fatal(err)
		}
		report, err := json.Marshal(j.measure(t))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("client:", string(report))
	}
}

// measure does the job and sees fifty times on the way how much is alive.
func (j memoryJob) measure(t *testing.T) (r memoryReport) {
	kept, err := journal.Open(j.Journal)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	c, err := client.New(client.Config{OrgID: webextest.DefaultOrgID, Token: client.StaticToken(webextest.DefaultToken), BaseURL: j.URL})
	if err != nil {
		t.Fatal(err)
	}
	done, began := 0, time.Now()
	for res, err := range c.Run(t.Context(), &client.Job{Source: j.source(), Journal: kept}) {
		if err != nil || res.Err != nil {
			t.Fatal(err, res.Err)
		}
		if done++; done%(j.Operations/50) == 0 {
			r.Live = max(r.Live, live())
		}
	}
	r.Took, r.RSS = time.Since(began), peakRSS()
	return r
}

// live is what somebody refers to.
func live() int64 {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// peakRSS is the process's own, from Linux (proc_pid_status(5)).
func peakRSS() int64 {
	status, _ := os.ReadFile("/proc/self/status")
	_, text, _ := strings.Cut(string(status), "VmHWM:")
	text, _, _ = strings.Cut(text, "kB")
	kib, _ := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	return kib << 10
}
