package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// write writes benchmarks.md and its charts into dir.
func (b *bench) write(ctx context.Context, dir string) error {
	var page bytes.Buffer
	fmt.Fprintf(&page, "# Benchmarks\n\n`%s` runs all measurements and writes this page. It needs Go and a clone of the\n"+
		"repository; the peers also need Python, and Java with Maven.\n\n", b.name)
	fmt.Fprintf(&page, "%s, %d processors, %s, %s, commit %s.\n", machine(), runtime.NumCPU(), runtime.GOOS+"/"+runtime.GOARCH,
		strings.Replace(runtime.Version(), "go", "Go ", 1), output(ctx, b.root, "git", "rev-parse", "--short=12", "HEAD"))
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		fmt.Fprintf(&page, "Load average at the end: %s. If it is far above the number of processors, the\n"+
			"throughput below means little; ratios of processor time are still useful.\n", strings.Fields(string(load))[0])
	}
	r := b.results
	for _, section := range []struct {
		measured bool
		write    func(w *bytes.Buffer)
	}{
		{len(r.cost) > 0, b.writeCost},
		{len(r.shares) > 0, b.writeShares},
		{len(r.commands) > 0, b.writeCommands},
		{len(r.organizations) > 0, b.writeOrganizations},
		{len(r.growth) > 0, b.writeGrowth},
	} {
		if section.measured {
			section.write(&page)
		}
	}
	err := os.WriteFile(filepath.Join(dir, "benchmarks.md"), page.Bytes(), 0o644)
	if err != nil || len(r.growth) == 0 {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "benchmarks-time.svg"), []byte(b.timePlot().svg()), 0o644),
		os.WriteFile(filepath.Join(dir, "benchmarks-memory.svg"), []byte(b.memoryPlot().svg()), 0o644),
	)
}

const aboutCost = `
## Processor time

%d creates of users, %d bytes each, 100 per request, 4 requests in flight. The
service runs in its own process and only answers. Processor time is the user and
system time of the client process, from before the first request until after the
last. The clients take turns for %d rounds; each figure is a median. The ratios
are medians of the ratios within a round.

- **floor**: the request bodies are encoded before the measurement and sent with
  net/http; the answers are read and discarded.
- **plain loop**: users are marshaled and sent with the generated client, and the
  answers are decoded. It does not handle references, limits, retries, or lost
  answers.
- The peers send one request at a time, as their documentation shows.

| client | processor time per operation | relative to plain loop | relative to floor | requests |
|---|---|---|---|---|
`

func (b *bench) writeCost(w *bytes.Buffer) {
	fmt.Fprintf(w, aboutCost, b.cost, operationBytes(), b.rounds)
	for _, c := range b.contenders() {
		all := b.results.cost[c.name]
		fmt.Fprintf(w, "| %s | %.1f µs | %.2f | %.1f | %d |\n", c.name, micros(all),
			b.over(c.name, nameLoop), b.over(c.name, nameFloor), all[0].Requests)
	}
	for _, name := range b.missing {
		fmt.Fprintf(w, "\n%s could not be installed on this machine and was not measured.\n", name)
	}
	floor := b.results.cost[nameFloor]
	var service []float64
	var rates []float64
	for _, m := range floor {
		service = append(service, float64(m.Service)/float64(m.Operations)/1e3)
		rates = append(rates, m.rate())
	}
	var library []float64
	for _, m := range b.results.cost[nameLibrary] {
		library = append(library, m.rate())
	}
	fmt.Fprintf(w, "\nThe service is not the bottleneck: it takes %.1f µs of processor time per operation,\n"+
		"and it answered the floor at %.0f times the throughput of the library.\n",
		median(service), median(rates)/median(library))
	fmt.Fprint(w, aboutPeers)
}

const aboutPeers = `
More than the minimum number of requests means that some were sent before they
were full, because the source paused for a tenth of a second on a busy machine.

wxc_sdk sends all given operations in one request; its caller splits them and
resolves references between requests. SCIM-SDK splits requests when it knows the
limit. How the two handle references and lost answers was not measured.
PingIdentity's scim2 client 5.0.0 has no bulk request, so it is not in the table.
`

// over returns the median of the ratios of each round, because the two
// measurements of one round ran under the same load.
func (b *bench) over(name, base string) float64 {
	var ratios []float64
	for i, m := range b.results.cost[name] {
		ratios = append(ratios, float64(m.Processor)/float64(b.results.cost[base][i].Processor))
	}
	return median(ratios)
}

func micros(all []measurement) float64 {
	var each []float64
	for _, m := range all {
		each = append(each, float64(m.Processor)/float64(m.Operations)/1e3)
	}
	return median(each)
}

func (b *bench) writeShares(w *bytes.Buffer) {
	fmt.Fprintf(w, "\n## Throughput relative to the floor\n\nThe service answers after %v; %d creates.\n\n"+
		"| client | requests in flight | throughput relative to floor |\n|---|---|---|\n", latency, b.latency)
	for _, s := range b.results.shares {
		fmt.Fprintf(w, "| %s | %d | %.2f |\n", s.client, s.inFlight, s.of)
	}
}

func (b *bench) writeCommands(w *bytes.Buffer) {
	fmt.Fprint(w, "\n## The command line\n\nProcessor time and peak resident memory of the whole process. In the sheet, each\nmanager has eight reports; the rows are in random order.\n\n"+
		"| webex-bulk | rows | processor time | memory |\n|---|---|---|---|\n")
	for _, u := range b.results.commands {
		fmt.Fprintf(w, "| %s | %d | %.1f s | %d MiB |\n", u.command, u.rows, u.processor.Seconds(), u.peak>>20)
	}
}

func (b *bench) writeOrganizations(w *bytes.Buffer) {
	fmt.Fprint(w, "\n## Many organizations in one process\n\nEach organization has its own client, and a service that allows 300 requests per\n"+
		"minute. The table shows the requests that were answered, relative to the number\nthat all services together allowed. The time is virtual (testing/synctest).\n\n"+
		"| organizations | used share of the limit |\n|---|---|\n")
	for _, l := range b.results.organizations {
		fmt.Fprintf(w, "| %s |\n", strings.ReplaceAll(l, ", ", " | "))
	}
}

func (b *bench) writeGrowth(w *bytes.Buffer) {
	fmt.Fprintf(w, "\n## Growth\n\nProcessor time and peak memory of jobs of %d to %d operations.\n\n"+
		"![processor time](benchmarks-time.svg)\n\n![memory](benchmarks-memory.svg)\n", b.growth[0], b.growth[len(b.growth)-1])
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

// operationBytes returns the size of an operation in a request.
func operationBytes() int {
	for ops := range requests(1) {
		return len(ops[0].Data) + len(`{"bulkId":"u0","data":,"method":"POST","path":"/Users"}`)
	}
	return 0
}

// machine returns the name of the processor if the system provides it.
func machine() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for text := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(text, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// output returns the output of a command, or "unknown".
func output(ctx context.Context, dir, name string, args ...string) string {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

func median[T float64 | time.Duration](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
