package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// write writes benchmarks.md with the parts that are measured, and its charts,
// into dir.
func (b *bench) write(ctx context.Context, dir string, done []part) error {
	var page bytes.Buffer
	fmt.Fprintf(&page, "# Benchmarks\n\n`%s` runs all measurements and writes this page. It needs Go and a clone of the\n"+
		"repository; the peers also need Python, and Java with Maven.\n\n", b.name)
	fmt.Fprintf(&page, "%s, %d processors, %s, %s, commit %s.\n", machine(), runtime.NumCPU(), runtime.GOOS+"/"+runtime.GOARCH,
		strings.Replace(runtime.Version(), "go", "Go ", 1), output(ctx, b.root, "git", "rev-parse", "--short=12", "HEAD"))
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		fmt.Fprintf(&page, "Load average at the end: %s. If it is far above the number of processors, the\n"+
			"throughput below means little; ratios of processor time are still useful.\n", strings.Fields(string(load))[0])
	}
	b.writeTargets(&page)
	for _, p := range done {
		p.write(&page)
	}
	err := os.WriteFile(filepath.Join(dir, "benchmarks.md"), page.Bytes(), 0o644)
	if err != nil || b.results.growth == nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "benchmarks-time.svg"), []byte(b.timePlot().svg()), 0o644),
		os.WriteFile(filepath.Join(dir, "benchmarks-memory.svg"), []byte(b.memoryPlot().svg()), 0o644),
	)
}

// print writes the targets and the sections of some parts.
func (b *bench) print(w io.Writer, done []part) error {
	var page bytes.Buffer
	b.writeTargets(&page)
	for _, p := range done {
		p.write(&page)
	}
	_, err := page.WriteTo(w)
	return err
}

// printReadme prints the two lines of the README about the cost.
func (b *bench) printReadme(w io.Writer) error {
	peer := ""
	if len(b.results.cost[peerPython]) > 0 {
		peer = fmt.Sprintf(" (wxc_sdk: %.1f times)", b.over(peerPython, nameLoop))
	}
	_, err := fmt.Fprintf(w, "\nFor the section Performance of README.md:\n\n"+
		"The library takes %.1f times the processor time of a plain loop over the generated\n"+
		"client, and %.1f times with a journal%s. `go run ./bench` measures\n"+
		"this and writes [docs/benchmarks.md](docs/benchmarks.md).\n",
		b.over(nameLibrary, nameLoop), b.over(nameJournal, nameLoop), peer)
	return err
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

func medianOf(all []measurement, value func(measurement) float64) float64 {
	var values []float64
	for _, m := range all {
		values = append(values, value(m))
	}
	return median(values)
}

// median returns the median; 0 if there are no values.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
