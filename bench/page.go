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

// write writes benchmarks.md and its pictures into dir.
func (b *bench) write(ctx context.Context, dir string) error {
	var page bytes.Buffer
	fmt.Fprintf(&page, "# Benchmarks\n\nWritten by `%s`, which measures everything anew. A clone of the repository and Go\n"+
		"are all that it needs; the peers need Python and Java with Maven too.\n\n", b.name)
	fmt.Fprintf(&page, "%s, %d processors, %s, %s, commit %s.\n", machine(), runtime.NumCPU(), runtime.GOOS+"/"+runtime.GOARCH,
		strings.Replace(runtime.Version(), "go", "Go ", 1), output(ctx, b.root, "git", "rev-parse", "--short=12", "HEAD"))
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		fmt.Fprintf(&page, "Load average at the end: %s. Far above the number of processors, shares of the\n"+
			"floor's rate tell little; ratios of processor time still do.\n", strings.Fields(string(load))[0])
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

%d creates with names, %d bytes each, 100 a request, 4 requests in flight. The
service does nothing but answer, in a process of its own. The processor time is
that of the client's process alone, user and system, from before the first
request until after the last. Clients take turns, %d rounds; a figure is the
median.

- **floor**: the same bytes, made beforehand, through net/http; answers are read
  and thrown away.
- **plain loop**: users marshaled, sent with the generated client, 100 at a time,
  answers decoded. No references, limits, retries, or lost answers.
- The peers send one request after the other; this is how their own
  documentation uses them.

| client | processor time an operation | over the plain loop | over the floor | requests |
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
	fmt.Fprintf(w, "\nThe service is not the bottleneck: it takes %.1f µs of its own processor an\noperation, "+
		"and answers the floor %.0f times as many operations a second as the\nlibrary sends.\n",
		median(service), median(rates)/median(library))
	fmt.Fprint(w, aboutPeers)
}

const aboutPeers = `
A request more than the least is one that left before it was full, because the
source had nothing for a tenth of a second: on a busy machine.

wxc_sdk sends the operations that it is given in one request; whoever calls it
splits them, and sees to references from one request to another. The SCIM-SDK
splits by itself once it is told the limit. It was not measured what becomes of
references and lost answers with either. PingIdentity's scim2 client 5.0.0 has no
bulk request and is not in the table for that.
`

// over is the median of the rounds' ratios: each is of one moment.
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
	fmt.Fprintf(w, "\n## Share of the floor's rate\n\nAgainst a service that takes %v for a request, %d creates.\n\n"+
		"| client | in flight | operations a second, over the floor's |\n|---|---|---|\n", latency, b.latency)
	for _, s := range b.results.shares {
		fmt.Fprintf(w, "| %s | %d | %.2f |\n", s.client, s.inFlight, s.of)
	}
}

func (b *bench) writeCommands(w *bytes.Buffer) {
	fmt.Fprint(w, "\n## The command line\n\nProcessor time of the whole process, and the most memory that was resident.\nIn the sheet each manages eight, in no order.\n\n"+
		"| webex-bulk | rows | processor time | memory |\n|---|---|---|---|\n")
	for _, u := range b.results.commands {
		fmt.Fprintf(w, "| %s | %d | %.1f s | %d MiB |\n", u.command, u.rows, u.processor.Seconds(), u.peak>>20)
	}
}

func (b *bench) writeOrganizations(w *bytes.Buffer) {
	fmt.Fprint(w, "\n## Many organizations in one process\n\nEach has a client of its own and a service that allows 300 requests a minute,\n"+
		"in the virtual time of testing/synctest: operations that came through, over the\nsum of what the services allow in the minutes that have begun.\n\n"+
		"| organizations | share of the allowance |\n|---|---|\n")
	for _, l := range b.results.organizations {
		fmt.Fprintf(w, "| %s |\n", strings.ReplaceAll(l, ", ", " | "))
	}
}

func (b *bench) writeGrowth(w *bytes.Buffer) {
	fmt.Fprintf(w, "\n## Growth\n\nTime and memory of jobs of %d to %d operations. Only our journal and the peers'\nlists of all operations grow.\n\n"+
		"![processor time](benchmarks-time.svg)\n\n![memory](benchmarks-memory.svg)\n", b.growth[0], b.growth[len(b.growth)-1])
}

// plotOf draws one value of each client over the number of operations.
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

// operationBytes is the size of an operation as it is sent.
func operationBytes() int {
	for ops := range requests(1) {
		return len(ops[0].Data) + len(`{"bulkId":"u0","data":,"method":"POST","path":"/Users"}`)
	}
	return 0
}

// machine names the processor where the system tells.
func machine() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for text := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(text, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "a machine that does not name its processor"
}

// output is what a command prints, or "unknown".
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
