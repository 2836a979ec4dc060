package main

import (
	"bytes"
	"fmt"
)

// writeTargets compares the figures with what was aimed at. A figure is missing
// if its part was not measured.
func (b *bench) writeTargets(w *bytes.Buffer) {
	fmt.Fprint(w, "\n## Targets\n\n| what | target | measured | met |\n|---|---|---|---|\n")
	row := func(what, target, measured string, met bool) {
		answer := "no"
		if met {
			answer = "yes"
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", what, target, measured, answer)
	}
	if b.results.cost != nil {
		plain, journaled := b.over(nameLibrary, nameLoop), b.over(nameJournal, nameLoop)
		row("processor time of the library, relative to a plain loop", "1.5", fmt.Sprintf("%.2f", plain), plain <= 1.5)
		row("the same with a journal", "3.0, better 2.5", fmt.Sprintf("%.2f", journaled), journaled <= 3)
		allocations := medianOf(b.results.cost[nameLibrary], measurement.allocations)
		row("allocations per operation", "20", fmt.Sprintf("%.1f", allocations), allocations <= 20)
	}
	for _, s := range b.results.shares {
		target := 0.97
		if s.client == nameJournal {
			target = 0.95
		}
		row(fmt.Sprintf("throughput of the %s relative to the floor, %v, %d in flight", s.client, latency, s.inFlight),
			fmt.Sprintf("%.3f", target), fmt.Sprintf("%.3f", s.of), s.of >= target)
	}
	for _, t := range []struct {
		what, command   string
		rows            int
		memory, seconds float64 // 0 is no target
	}{
		{"%d creates from NDJSON, no journal", commandCreates, b.creates, 64, 0},
		{"%d creates from NDJSON, with journal", commandCreatesJournal, b.creates, 64, 0},
		{"%d creates from NDJSON, with journal", commandCreatesJournal, b.long, 64, 0},
		{"sheet of %d people, managers anywhere", commandSheet, b.sheets[0], 64, 0},
		{"sheet of %d people, managers anywhere", commandSheet, b.sheets[1], 256, 40},
		{"plan of a sheet of %d people", commandPlan, b.sheets[1], 128, 20},
	} {
		u, ok := b.use(t.command, t.rows)
		if !ok {
			continue
		}
		what := fmt.Sprintf(t.what, t.rows)
		memory := float64(u.peak >> 20)
		row(what+": peak memory", fmt.Sprintf("%.0f MiB", t.memory), fmt.Sprintf("%.0f MiB", memory), memory <= t.memory)
		if t.seconds > 0 {
			spent := u.processor.Seconds()
			row(what+": processor time", fmt.Sprintf("%.0f s", t.seconds), fmt.Sprintf("%.1f s", spent), spent <= t.seconds)
		}
	}
	short, _ := b.use(commandCreatesJournal, b.creates)
	long, ok := b.use(commandCreatesJournal, b.long)
	if ok && short.processor > 0 {
		proportion := long.processor.Seconds() / float64(b.long) / (short.processor.Seconds() / float64(b.creates))
		row(fmt.Sprintf("processor time per create, %d relative to %d", b.long, b.creates), "1 (in proportion)",
			fmt.Sprintf("%.2f", proportion), proportion <= 1.1)
	}
	fmt.Fprint(w, aboutTargets)
}

const aboutTargets = `
A target that is not met is explained under "Where the time goes" and "Throughput
relative to the floor".
`

// triedForSpeed says what was tried for the targets that are not met. It is
// written by hand, from the messages of the commits.
const triedForSpeed = `
What was tried:

- The data of an operation is validated, searched for references and names, measured
  and hashed in one pass: 54 allocations became 36. Results are read as a stream, and
  locations in the form of Webex are read without a general parser.
- The journal writes the operations of a request in one statement and one transaction,
  and hashes them without allocations: 29 µs became 10. It uses the SQLite driver without
  database/sql, which copies each value, and a small page cache, because rows are
  appended. An embedded key-value store for the names was rejected, because it would be
  one more dependency for a file that is written once.
- Operations that wait for others are stored on disk. Their files are merged, so that
  a job of ten million operations searches few files. In memory, a waiting operation
  takes about 130 bytes in the planner, and 18 bytes for the row of a name in a sheet.
  This is most of the memory of a job with references. The garbage collector, which
  webex-bulk runs twice as often as usual, adds half of it.
- Each million creates with a journal adds some 3 MiB for filters, which show without
  reading the disk that a bulkId or an operation is new. Therefore ten million creates
  take more than 64 MiB.
- A row of a sheet took 51 allocations and now takes 13: values are structs, and the
  objects of a row are reused for the next one. A file that was checked is not checked
  again when it is sent, which saves half of the processor time of reading.
- A plan of a sheet with references does everything that a job does except sending: each
  operation is read, stored on disk, and read again after the operations that it refers
  to. The sheet is read twice, because a row may name a later row.
- Parallel work for one job was not tried: the decisions depend on each other, and a
  single goroutine for all of them is easier to verify.
`
