package journal

import (
	"context"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/webexscim/bulk/client"
)

// perCall is how many operations a request carries.
const perCall = 100

// entriesFrom are the n operations that follow the first ones; named tells
// whether they are creates that others may refer to.
func entriesFrom(first, n int, named bool) []client.Entry {
	entries := make([]client.Entry, n)
	for i := range entries {
		// Spread over the key space, as hashes are.
		binary.LittleEndian.PutUint64(entries[i].Key[:], uint64(first+i)*0x9E3779B97F4A7C15)
		binary.LittleEndian.PutUint64(entries[i].Key[8:], uint64(first+i))
		if named {
			entries[i].Name = entries[i].Key
			entries[i].Name[0]++
		}
	}
	return entries
}

// doEntries takes entries from Claim to the success. It is called from
// goroutines other than the test's.
func doEntries(ctx context.Context, j *Journal, entries []client.Entry) error {
	records, err := j.Claim(ctx, entries)
	if err != nil {
		return err
	}
	var leaving, answered []client.Update
	for i, r := range records {
		if r.Known != client.KnownDone {
			leaving = append(leaving, sent(r.Ticket, entries[i]))
			answered = append(answered, done(r.Ticket, int(r.Ticket)))
		}
	}
	if err := j.Write(ctx, leaving); err != nil {
		return err
	}
	return j.Write(ctx, answered)
}

// doAll has several callers take n operations through j, a call at a time.
func doAll(tb testing.TB, j *Journal, callers, n int, named bool) {
	tb.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for {
				first := int(next.Add(perCall)) - perCall
				if first >= n {
					return
				}
				if err := doEntries(tb.Context(), j, entriesFrom(first, min(perCall, n-first), named)); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkWrite measures the cost of the journal per operation, from Claim to
// UpdateDone, at 100 operations a call; one operation is one b.N.
func BenchmarkWrite(b *testing.B) {
	for _, bench := range []struct {
		name    string
		callers int
		named   bool
	}{{"callers=1", 1, false}, {"callers=8", 8, false}, {"callers=8/named", 8, true}} {
		b.Run(bench.name, func(b *testing.B) {
			j := opened(b, diskPath(b))
			b.ResetTimer()
			doAll(b, j, bench.callers, b.N, bench.named)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
		})
	}
}

// BenchmarkClaim measures Claim alone, at 100 operations a call: on a journal
// that knows nothing, and on one that knows all of them.
func BenchmarkClaim(b *testing.B) {
	b.Run("new", func(b *testing.B) {
		j := opened(b, diskPath(b))
		b.ResetTimer()
		benchClaim(b, j)
	})
	b.Run("known", func(b *testing.B) {
		j := opened(b, diskPath(b))
		doAll(b, j, 8, b.N, false)
		beginAgain(b, j)
		b.ResetTimer()
		benchClaim(b, j)
	})
}

func benchClaim(b *testing.B, j *Journal) {
	for first := 0; first < b.N; first += perCall {
		if _, err := j.Claim(b.Context(), entriesFrom(first, min(perCall, b.N-first), false)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}

// BenchmarkOpen measures how long a journal of 100,000 operations (a million
// in the long form) takes to be checked and made ready for a run.
func BenchmarkOpen(b *testing.B) {
	n := 100_000
	if *long {
		n *= 10
	}
	path := diskPath(b)
	j := opened(b, path)
	doAll(b, j, 8, n, false)
	mustClose(b, j)
	for b.Loop() {
		opening := mustOpen(b, path)
		begin(b, opening)
		mustClose(b, opening)
	}
}
