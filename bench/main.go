// Command bench compares package client and webex-bulk with bare HTTP requests,
// with a plain loop over the generated client, and with other clients. It
// writes docs/benchmarks.md and its charts.
//
//	go run ./bench              everything, about half an hour
//	go run ./bench -short       the same with fewer operations, some minutes
//	go run ./bench -only cost   one part, whose tables are printed
//
// Each client runs in its own process. So does the service, which does no work,
// so that the processor time is that of the client alone.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
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
	b := &bench{scale: full, began: time.Now()}
	var names []string
	for _, p := range b.parts() {
		names = append(names, p.name)
	}
	short := flag.Bool("short", false, "fewer operations and rounds")
	only := flag.String("only", "", "measure only these `parts`, separated by commas, and print their tables:\n"+strings.Join(names, ", "))
	flag.Parse()
	if *short {
		b.scale = brief
	}
	if *only != "" {
		b.only = strings.Split(*only, ",")
	}
	for _, name := range b.only {
		if !slices.Contains(names, name) {
			return fmt.Errorf("unknown part %q: expected some of %s", name, strings.Join(names, ", "))
		}
	}
	var err error
	if b.root, err = moduleRoot(ctx); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "bulk-bench"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	return errors.Join(b.run(ctx), ctx.Err())
}

// scale sets the number of operations and rounds.
type scale struct {
	name     string
	rounds   int
	cost     int   // operations in the table of processor time
	growth   []int // operations of each point in the charts
	peers    int   // the most of them that a peer gets
	latency  int   // operations for each request in flight in the table of throughput
	creates  int   // creates from NDJSON for webex-bulk
	long     int   // the same for the longest job
	sheets   []int // rows of the sheets for webex-bulk
	profiled int   // operations or rows of each profile

	organizations int // maximum number at the same time
}

var (
	full = scale{
		name: "go run ./bench", rounds: 5, cost: 100_000, growth: []int{1_000, 10_000, 100_000, 1_000_000}, peers: 100_000,
		latency: 10_000, creates: 1_000_000, long: 10_000_000, sheets: []int{100_000, 1_000_000}, profiled: 200_000,
		organizations: 100,
	}
	brief = scale{
		name: "go run ./bench -short", rounds: 3, cost: 10_000, growth: []int{1_000, 3_000, 10_000}, peers: 3_000,
		latency: 2_000, creates: 10_000, long: 100_000, sheets: []int{1_000, 10_000}, profiled: 20_000,
		organizations: 10,
	}
)

// bench is one run of the measurements.
type bench struct {
	scale
	only  []string // names of parts; nil means all
	root  string   // of the module
	dir   string   // for temporary files
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
	profiles      []profile
	organizations []string // lines of TestOrganizations
	references    []ending
}

// part is a part of the measurements.
type part struct {
	name    string // for -only
	peers   bool   // they take part
	measure func(context.Context) error
	write   func(*bytes.Buffer) // writes its section of the page
}

// parts are all parts, in the order of the page.
func (b *bench) parts() []part {
	return []part{
		{"cost", true, b.measureCost, b.writeCost},
		{"throughput", false, b.measureShares, b.writeShares},
		{"creates", false, b.measureCreates, b.writeCreates},
		{"sheets", false, b.measureSheets, b.writeSheets},
		{"profiles", false, b.measureProfiles, b.writeProfiles},
		{"references", true, b.measureReferences, b.writeReferences},
		{"organizations", false, b.measureOrganizations, b.writeOrganizations},
		{"growth", true, b.measureGrowth, b.writeGrowth},
	}
}

// run measures the parts. It writes the page after each of them, so that an
// interrupted run keeps the results so far. After a part that fails, it goes on
// with the next one.
func (b *bench) run(ctx context.Context) (err error) {
	if b.service, err = startServer(ctx, 0); err != nil {
		return err
	}
	defer b.service.close()
	all := slices.DeleteFunc(b.parts(), func(p part) bool { return b.only != nil && !slices.Contains(b.only, p.name) })
	if slices.ContainsFunc(all, func(p part) bool { return p.peers }) {
		b.installPeers(ctx)
	}
	var done []part
	var failed []error
	for _, p := range all {
		if ctx.Err() != nil {
			break
		}
		fmt.Fprintf(os.Stderr, "%6.0f s  %s\n", time.Since(b.began).Seconds(), p.name)
		if err := p.measure(ctx); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", p.name, err))
			fmt.Fprintf(os.Stderr, "          %v\n", err)
			continue
		}
		done = append(done, p)
		if b.only == nil {
			if err := b.write(ctx, filepath.Join(b.root, "docs"), done); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(os.Stderr, "%6.0f s  done\n", time.Since(b.began).Seconds())
	report := b.printReadme
	if b.only != nil {
		report = func(w io.Writer) error { return b.print(w, done) }
	}
	return errors.Join(append(failed, report(os.Stdout))...)
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
