package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// profile is how the processor time of a job divides into kinds of work.
type profile struct {
	job   string // in the page
	parts map[string]time.Duration
}

// kinds of work, by the package of a function. A sample counts for the first
// function of its stack, from the innermost one, whose package is listed, so
// that a copy or a hash counts for the package that asks for it.
var kinds = []struct{ prefix, kind string }{
	{"net/http.", "HTTP"}, {"net.", "HTTP"}, {"net/textproto.", "HTTP"},
	{"encoding/json.", "encoding/json"},
	{"modernc.org/", "SQLite"}, {"database/sql.", "SQLite"},
	{module + "journal.", "the journal, without SQLite"},
	{module + "internal/spill.", "operations that wait on disk"}, {module + "internal/bloom.", "operations that wait on disk"},
	{module + "internal/bulkapi.", "requests and answers"}, {module + "internal/transport.", "requests and answers"},
	{module + "internal/lookup.", "requests and answers"}, {module + "gen.", "requests and answers"},
	{module + "internal/location.", "requests and answers"}, {module + "internal/redact.", "requests and answers"},
	{module + "internal/engine.", "deciding what to send"}, {module + "internal/plan.", "deciding what to send"},
	{module + "internal/throttle.", "deciding what to send"},
	{module + "internal/bulkref.", "reading operations and hashing them"}, {module + "internal/rawjson.", "reading operations and hashing them"},
	{"crypto/", "hashes"},
	{module + "client.newPending", "reading operations and hashing them"}, {module + "client.Operation.", "reading operations and hashing them"},
	{module + "client.(*marshaler)", "reading operations and hashing them"}, {module + "client.(*content)", "reading operations and hashing them"},
	{module + "client.UserOperations.", "making the users"}, {module + "client.", "the rest of package client"},
	{module + "internal/table.", "reading the text of the sheet"}, {module + "internal/textfile.", "reading the text of the sheet"},
	{module + "internal/sheet.", "rows to operations"}, {module + "internal/cell.", "rows to operations"},
	{module + "bench.", "making the users"}, {"main.", "making the users"},
	{"runtime.gcBgMarkWorker", "garbage collection"}, {"runtime.bgsweep", "garbage collection"}, {"runtime.bgscavenge", "garbage collection"},
	{"runtime.gcAssistAlloc", "garbage collection"},
}

const module = "github.com/webexscim/bulk/"

// kindOf returns the kind of work of a stack, innermost function first. Most of
// what has no kind is the scheduler of the Go runtime.
func kindOf(stack []string) string {
	for _, function := range stack {
		for _, k := range kinds {
			if strings.HasPrefix(function, k.prefix) {
				return k.kind
			}
		}
	}
	return "the Go runtime"
}

// measureProfiles profiles the library in processes of its own.
func (b *bench) measureProfiles(ctx context.Context) error {
	sheet := filepath.Join(b.dir, "profiled.csv")
	if err := writeFile(sheet, b.profiled, writePeople); err != nil {
		return err
	}
	for _, c := range []contender{
		{name: "creates", work: work{Client: "library"}},
		{name: "creates with journal", work: work{Client: "library", Journal: "yes"}},
		{name: "a sheet, with journal", work: work{Client: "library", Journal: "yes", Sheet: sheet}},
		{name: "plan of the sheet", work: work{Client: "plan", Sheet: sheet}},
	} {
		c.start = startSelf
		c.work.Profile = filepath.Join(b.dir, "profile")
		if _, err := b.measure(ctx, b.service, c, b.profiled, 4); err != nil {
			return err
		}
		traces, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-traces", os.Args[0], c.work.Profile).Output()
		if err != nil {
			return err
		}
		b.results.profiles = append(b.results.profiles, profile{c.name, divide(string(traces))})
	}
	return nil
}

// divide adds up the samples of a profile by the kind of work. Its text is what
// pprof -traces prints: stacks between lines of dashes, each with its time
// before the innermost function.
func divide(traces string) map[string]time.Duration {
	parts := map[string]time.Duration{}
	for block := range strings.SplitSeq(traces, "-----------+") {
		var stack []string
		var spent time.Duration
		for line := range strings.Lines(block) {
			words := strings.Fields(line)
			if len(words) == 0 || strings.HasPrefix(words[0], "---") {
				continue
			}
			if spent == 0 {
				d, err := time.ParseDuration(words[0])
				if err != nil || len(words) < 2 {
					break // the head of the text
				}
				spent, words = d, words[1:]
			}
			stack = append(stack, words[0])
		}
		if spent > 0 {
			parts[kindOf(stack)] += spent
		}
	}
	return parts
}

const aboutProfiles = `
## Where the time goes

Shares of the processor time of the library, from profiles of %d operations or rows
each. A sample counts for the innermost function of a listed package: memory that
is allocated for an answer counts for answers.

`

func (b *bench) writeProfiles(w *bytes.Buffer) {
	fmt.Fprintf(w, aboutProfiles, b.profiled)
	head, rule, total := "| work |", "|---|", map[string]time.Duration{}
	sums := make([]time.Duration, len(b.results.profiles))
	for i, p := range b.results.profiles {
		head, rule = head+" "+p.job+" |", rule+"---|"
		for kind, spent := range p.parts {
			sums[i] += spent
			total[kind] += spent
		}
	}
	fmt.Fprintf(w, "%s\n%s\n", head, rule)
	kinds := slices.SortedFunc(maps.Keys(total), func(x, y string) int { return cmp.Compare(total[y], total[x]) })
	for _, kind := range kinds {
		fmt.Fprintf(w, "| %s |", kind)
		for i, p := range b.results.profiles {
			fmt.Fprintf(w, " %.0f %% |", 100*p.parts[kind].Seconds()/sums[i].Seconds())
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, triedForSpeed)
}
