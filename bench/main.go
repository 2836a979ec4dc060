// Command bench compares package client and webex-bulk with bare HTTP requests,
// with a plain loop over the generated client, and with other clients. It
// writes docs/benchmarks.md and its charts.
//
//	go run ./bench           everything, about an hour
//	go run ./bench -short    the same with fewer operations, some minutes
//
// Each client runs in its own process. So does the service, which does no work,
// so that the processor time is that of the client alone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	switch os.Getenv(roleVariable) {
	case "service":
		latency, err := time.ParseDuration(os.Getenv(latencyVariable))
		if err != nil {
			return err
		}
		return serve(latency)
	case "client":
		return doWork(os.Stdin, os.Stdout)
	}
	short := flag.Bool("short", false, "fewer operations and rounds")
	flag.Parse()
	size := full
	if *short {
		size = brief
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bulk-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{scale: size, root: root, dir: dir, began: time.Now()}
	return errors.Join(b.run(ctx), ctx.Err())
}

// scale sets the number of operations and rounds.
type scale struct {
	name     string
	rounds   int
	cost     int   // operations in the table of processor time
	growth   []int // operations of each point in the charts
	latency  int   // operations in the table of throughput
	commands []int // rows of the sheets for webex-bulk

	organizations int // maximum number at the same time
}

var (
	full = scale{
		name: "go run ./bench", rounds: 5, cost: 100_000, growth: []int{1_000, 10_000, 100_000, 1_000_000},
		latency: 100_000, commands: []int{100_000, 1_000_000}, organizations: 100,
	}
	brief = scale{
		name: "go run ./bench -short", rounds: 3, cost: 10_000, growth: []int{1_000, 3_000, 10_000},
		latency: 10_000, commands: []int{10_000}, organizations: 10,
	}
)

// bench is one run of all measurements.
type bench struct {
	scale
	root  string // of the module
	dir   string // for temporary files
	began time.Time

	service *server
	peers   []peer
	missing []string // peers that could not be installed
	results results
}

// results has the figures of docs/benchmarks.md.
type results struct {
	cost          map[string][]measurement // by client, one measurement per round
	growth        map[string][]measurement // by client, one measurement per size
	shares        []share
	commands      []commandUse
	organizations []string // lines of TestOrganizations
}

func (b *bench) run(ctx context.Context) (err error) {
	if b.service, err = startServer(ctx, 0); err != nil {
		return err
	}
	defer b.service.close()
	b.installPeers(ctx)
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"processor time", b.measureCost},
		{"latency", b.measureShares},
		{"webex-bulk", b.measureCommands},
		{"growth", b.measureGrowth},
		{"organizations", b.measureOrganizations},
	} {
		fmt.Fprintf(os.Stderr, "%6.0f s  %s\n", time.Since(b.began).Seconds(), step.name)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		// An interrupted run keeps the results so far.
		if err := b.write(ctx, filepath.Join(b.root, "docs")); err != nil {
			return err
		}
	}
	return nil
}

// contender is a client in the comparison.
type contender struct {
	name  string // in the page
	start func(ctx context.Context) *exec.Cmd
	work  work
}

// The names of the clients in the page.
const (
	nameFloor   = "floor"
	nameLoop    = "plain loop"
	nameLibrary = "library"
	nameJournal = "library with journal"
)

// contenders are all clients, the floor and the loop first.
func (b *bench) contenders() []contender {
	inGo := func(ctx context.Context) *exec.Cmd { return self(ctx, "client") }
	all := []contender{
		{nameFloor, inGo, work{Client: "floor"}},
		{nameLoop, inGo, work{Client: "loop"}},
		{nameLibrary, inGo, work{Client: "library"}},
		{nameJournal, inGo, work{Client: "library", Journal: "yes"}},
	}
	for _, p := range b.peers {
		all = append(all, contender{p.name, p.start, work{Client: p.name}})
	}
	return all
}

// measure runs a client with n operations against s.
func (b *bench) measure(ctx context.Context, s *server, c contender, n, inFlight int) (measurement, error) {
	w := c.work
	w.Operations, w.InFlight = n, inFlight
	if w.Journal != "" {
		folder, err := os.MkdirTemp(b.dir, "journal")
		if err != nil {
			return measurement{}, err
		}
		defer os.RemoveAll(folder)
		w.Journal = filepath.Join(folder, "j")
	}
	return s.measure(ctx, c.start(ctx), w)
}

// measureCost measures all clients in turns, so that other load on the machine
// affects them equally.
func (b *bench) measureCost(ctx context.Context) error {
	b.results.cost = map[string][]measurement{}
	for range b.rounds {
		for _, c := range b.contenders() {
			m, err := b.measure(ctx, b.service, c, b.cost, 4)
			if err != nil {
				return err
			}
			b.results.cost[c.name] = append(b.results.cost[c.name], m)
			fmt.Fprintf(os.Stderr, "          %-22s %v an operation\n", c.name, m.perOperation())
		}
	}
	return nil
}

func (b *bench) measureGrowth(ctx context.Context) error {
	b.results.growth = map[string][]measurement{}
	for _, c := range b.contenders()[1:] { // the floor keeps all request bodies in memory
		for _, n := range b.growth {
			m, err := b.measure(ctx, b.service, c, n, 4)
			if err != nil {
				return err
			}
			b.results.growth[c.name] = append(b.results.growth[c.name], m)
		}
	}
	return nil
}

// share is the throughput of a client as a fraction of the floor's.
type share struct {
	client   string
	inFlight int
	of       float64
}

// latency is the latency of the service in the table of throughput.
const latency = 50 * time.Millisecond

func (b *bench) measureShares(ctx context.Context) error {
	s, err := startServer(ctx, latency)
	if err != nil {
		return err
	}
	defer s.close()
	for _, inFlight := range []int{4, 16} {
		floor := 0.0
		for _, c := range b.contenders()[:4] {
			if c.name == nameLoop {
				continue
			}
			var rates []float64
			for range b.rounds {
				m, err := b.measure(ctx, s, c, b.latency, inFlight)
				if err != nil {
					return err
				}
				rates = append(rates, m.rate())
			}
			if rate := median(rates); c.name == nameFloor {
				floor = rate
			} else {
				b.results.shares = append(b.results.shares, share{c.name, inFlight, rate / floor})
			}
		}
	}
	return nil
}

// measureOrganizations runs TestOrganizations, which needs the virtual clock of
// testing/synctest.
func (b *bench) measureOrganizations(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "test", "./bench", "-run", "^TestOrganizations$", "-count", "1", "-v", "-organizations", fmt.Sprint(b.organizations))
	cmd.Dir = b.root
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if _, text, ok := strings.Cut(line, organizationsMark); ok {
			b.results.organizations = append(b.results.organizations, strings.TrimSpace(text))
		}
	}
	return nil
}

// organizationsMark begins each result line of TestOrganizations.
const organizationsMark = "organizations: "

func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/webexscim/bulk").Output()
	if err != nil {
		return "", fmt.Errorf("expected to run in a clone of the repository: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
