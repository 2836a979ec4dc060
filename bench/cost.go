package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// contender is a client in the comparison.
type contender struct {
	name  string // in the page
	start func(ctx context.Context) *exec.Cmd
	work  work
	peer  bool // neither ours nor a baseline
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
	all := []contender{
		{name: nameFloor, start: startSelf, work: work{Client: "floor"}},
		{name: nameLoop, start: startSelf, work: work{Client: "loop"}},
		{name: nameLibrary, start: startSelf, work: work{Client: "library"}},
		{name: nameJournal, start: startSelf, work: work{Client: "library", Journal: "yes"}},
	}
	for _, p := range b.peers {
		all = append(all, contender{p.name, p.start, work{Client: p.name}, true})
	}
	return all
}

// startSelf starts a client of workers.
func startSelf(ctx context.Context) *exec.Cmd { return self(ctx, "client") }

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
// affects them equally. The peers are slow and far from the others: they take
// part in the first round only.
func (b *bench) measureCost(ctx context.Context) error {
	b.results.cost = map[string][]measurement{}
	for round := range b.rounds {
		for _, c := range b.contenders() {
			if round > 0 && c.peer {
				continue
			}
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

const aboutCost = `
## Processor time and allocations

%d creates of users, %d bytes each, 100 per request, 4 requests in flight. The
service runs in its own process and only answers. Processor time is the user and
system time of the client process, from before the first request until after the
last. The clients take turns for %d rounds; each figure is a median. The ratios
are medians of the ratios within a round. Allocations are those of the Go runtime,
without those that make the user itself.

- **floor**: the request bodies are encoded before the measurement and sent with
  net/http; the answers are read and discarded.
- **plain loop**: users are marshaled and sent with the generated client, and the
  answers are decoded. It does not handle references, limits, retries, or lost
  answers.
- The peers send one request at a time, as their documentation shows, in one round.

| client | processor time per operation | relative to plain loop | relative to floor | allocations per operation | requests |
|---|---|---|---|---|---|
`

func (b *bench) writeCost(w *bytes.Buffer) {
	fmt.Fprintf(w, aboutCost, b.cost, operationBytes(), b.rounds)
	for _, c := range b.contenders() {
		all := b.results.cost[c.name]
		allocations := ""
		if !c.peer && c.name != nameFloor {
			allocations = fmt.Sprintf("%.1f", medianOf(all, measurement.allocations))
		}
		fmt.Fprintf(w, "| %s | %.1f µs | %.2f | %.1f | %s | %d |\n", c.name, medianOf(all, measurement.micros),
			b.over(c.name, nameLoop), b.over(c.name, nameFloor), allocations, all[0].Requests)
	}
	for _, name := range b.missing {
		fmt.Fprintf(w, "\n%s could not be installed on this machine and was not measured.\n", name)
	}
	fmt.Fprintf(w, "\nThe service is not the bottleneck: it takes %.1f µs of processor time per operation,\n"+
		"and it answered the floor at %.0f times the throughput of the library.\n",
		medianOf(b.results.cost[nameFloor], func(m measurement) float64 { return float64(m.Service) / float64(m.Operations) / 1e3 }),
		medianOf(b.results.cost[nameFloor], measurement.rate)/medianOf(b.results.cost[nameLibrary], measurement.rate))
	fmt.Fprint(w, "\nMore than the minimum number of requests means that some were sent before they\n"+
		"were full, because the source paused for a tenth of a second on a busy machine.\n")
}

// over returns the median of the ratios of each round, because the two
// measurements of one round ran under the same load.
func (b *bench) over(name, base string) float64 {
	var ratios []float64
	for i, m := range b.results.cost[name] {
		ratios = append(ratios, float64(m.Processor)/float64(b.results.cost[base][i].Processor))
	}
	return median(ratios)
}

// share is the throughput of a client as a fraction of the floor's.
type share struct {
	client     string
	inFlight   int
	of         float64
	floor      float64 // operations per second
	processors float64 // processor time of the client that the floor's throughput would take in a second
}

// latency is the latency of the service in the table of throughput.
const latency = 50 * time.Millisecond

// measureShares measures the floor and the library in turns, each against the
// floor of its own round.
func (b *bench) measureShares(ctx context.Context) error {
	s, err := startServer(ctx, latency)
	if err != nil {
		return err
	}
	defer s.close()
	for _, inFlight := range []int{4, 16} {
		ratios, costs, floors := map[string][]float64{}, map[string][]float64{}, []float64{}
		for range b.rounds {
			floor := 0.0
			for _, c := range b.contenders() {
				if c.peer || c.name == nameLoop {
					continue
				}
				m, err := b.measure(ctx, s, c, b.latency*inFlight, inFlight)
				if err != nil {
					return err
				}
				if c.name == nameFloor {
					floor = m.rate()
					floors = append(floors, floor)
				}
				ratios[c.name] = append(ratios[c.name], m.rate()/floor)
				costs[c.name] = append(costs[c.name], floor*m.micros()/1e6)
			}
		}
		for _, name := range []string{nameLibrary, nameJournal} {
			b.results.shares = append(b.results.shares, share{name, inFlight, median(ratios[name]), median(floors), median(costs[name])})
		}
	}
	return nil
}

func (b *bench) writeShares(w *bytes.Buffer) {
	fmt.Fprintf(w, aboutShares, latency, b.latency, b.rounds)
	for _, s := range b.results.shares {
		fmt.Fprintf(w, "| %s | %d | %.2f | %.0f | %.2f |\n", s.client, s.inFlight, s.of, s.floor, s.processors)
	}
}

const aboutShares = `
## Throughput relative to the floor

The service answers after %v; %d creates for each request in flight. Client and
service share the processors of this machine. Medians of %d rounds.

The last column is the number of processors that the client would keep busy at the
throughput of the floor. Most of its work is in one goroutine, which decides what
to send: a client that needs nearly a whole processor cannot reach the floor. The
Webex service limits the rate far below these figures.

| client | requests in flight | throughput relative to floor | floor, operations per second | processors needed for it |
|---|---|---|---|---|
`

func (b *bench) measureGrowth(ctx context.Context) error {
	b.results.growth = map[string][]measurement{}
	for _, c := range b.contenders()[1:] { // the floor keeps all request bodies in memory
		for _, n := range b.growth {
			if c.peer && n > b.scale.peers {
				continue
			}
			m, err := b.measure(ctx, b.service, c, n, 4)
			if err != nil {
				return err
			}
			b.results.growth[c.name] = append(b.results.growth[c.name], m)
		}
	}
	return nil
}

func (b *bench) writeGrowth(w *bytes.Buffer) {
	fmt.Fprintf(w, "\n## Growth\n\nProcessor time and peak memory of jobs of %d to %d operations (peers: at most\n%d).\n\n"+
		"![processor time](benchmarks-time.svg)\n\n![memory](benchmarks-memory.svg)\n", b.growth[0], b.growth[len(b.growth)-1], b.scale.peers)
}

// plotOf returns a chart of one value of each client against the number of
// operations.
func (b *bench) plotOf(title, y string, value func(m measurement) float64) plot {
	p := plot{title: title, x: "operations", y: y}
	for _, c := range b.contenders() {
		l := line{name: c.name}
		for _, m := range b.results.growth[c.name] {
			l.points = append(l.points, [2]float64{float64(m.Operations), value(m)})
		}
		if len(l.points) > 0 {
			p.lines = append(p.lines, l)
		}
	}
	return p
}

func (b *bench) timePlot() plot {
	return b.plotOf("Processor time of a job", "seconds", func(m measurement) float64 { return m.Processor.Seconds() })
}

func (b *bench) memoryPlot() plot {
	return b.plotOf("Resident memory, peak", "MiB", func(m measurement) float64 { return float64(m.Peak) / (1 << 20) })
}

func (b *bench) writeOrganizations(w *bytes.Buffer) {
	fmt.Fprint(w, "\n## Many organizations in one process\n\nEach organization has its own client, and a service that allows 300 requests per\n"+
		"minute. The table shows the requests that were answered, relative to the number\nthat all services together allowed. The time is virtual (testing/synctest).\n\n"+
		"| organizations | used share of the limit |\n|---|---|\n")
	for _, l := range b.results.organizations {
		fmt.Fprintf(w, "| %s |\n", strings.ReplaceAll(l, ", ", " | "))
	}
}
