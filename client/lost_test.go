package client_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// lostAnswers creates 4,000 users at a service that loses one answer in so
// many, by turns before and after the work (0: none), and returns the time that
// it takes there.
func lostAnswers(tb testing.TB, one int) time.Duration {
	tb.Helper()
	s := webextest.New(webextest.Config{
		Latency: 50 * time.Millisecond, ReadLag: 300 * time.Millisecond,
		Faults: func(r *webextest.Request) *webextest.Fault {
			switch {
			case one == 0 || r.Number%one != 0:
				return nil
			case r.Number/one%2 == 0:
				return webextest.CutAt(webextest.BeforeWork)
			}
			return webextest.CutAt(webextest.AfterWork)
		},
	})
	c, err := client.New(client.Config{OrgID: webextest.DefaultOrgID, Token: client.StaticToken(webextest.DefaultToken), HTTPClient: s.Client()})
	if err != nil {
		tb.Fatal(err)
	}
	began := time.Now()
	results, err := c.Do(context.Background(), users(4000)...)
	took := time.Since(began)
	if err != nil || outcomes(results)[client.Succeeded] != 4000 || s.Stats().Created != 4000 {
		tb.Errorf("%v, %v, %d created", outcomes(results), err, s.Stats().Created)
	}
	return took
}

// With one answer in five lost, an import of users takes less than five times
// as long as without.
func TestLostAnswersCostLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plain, lossy := lostAnswers(t, 0), lostAnswers(t, 5)
		ratio := float64(lossy) / float64(plain)
		t.Logf("%v without faults, %v with one answer in five lost: %.1f times", plain, lossy, ratio)
		if ratio >= 5 {
			t.Error("expected less than 5 times")
		}
	})
}

// BenchmarkLostAnswers tells the same as a figure, in real time:
// lossy/plain.
//
//	go test ./client -run '^$' -bench LostAnswers
func BenchmarkLostAnswers(b *testing.B) {
	var plain, lossy time.Duration
	for b.Loop() {
		plain += lostAnswers(b, 0)
		lossy += lostAnswers(b, 5)
	}
	b.ReportMetric(plain.Seconds()/float64(b.N), "plain-s")
	b.ReportMetric(lossy.Seconds()/float64(b.N), "lossy-s")
	b.ReportMetric(lossy.Seconds()/plain.Seconds(), "lossy/plain")
}

// A run after a kill sends within two seconds, whatever is on record as sent:
// only groups, and what depends on what is in doubt, wait.
func TestResumeSendsAtOnce(t *testing.T) {
	for _, done := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{Latency: 50 * time.Millisecond, ReadLag: 300 * time.Millisecond})
			j := newMemoryJournal()
			ops := users(1000)
			for i := range 10 {
				ops = append(ops, group("g"+ops[i].BulkID, "", ops[100*i].BulkID))
			}
			cut := webextest.CutAt(webextest.BeforeWork)
			if done {
				cut = webextest.CutAt(webextest.AfterWork)
			}
			// The process dies with four requests under way: nothing is looked up, and
			// nothing more is recorded.
			s.Script(nil, cut, cut, cut, cut)
			ctx, kill := context.WithCancel(t.Context())
			time.AfterFunc(60*time.Millisecond, kill)
			_, _ = newClient(t, s, func(c *client.Config) { c.Grace = time.Millisecond }).DoJob(ctx, &client.Job{Journal: j}, ops...)
			time.Sleep(time.Second)

			before := len(s.Exchanges())
			began := time.Now()
			results, err := newClient(t, s, nil).DoJob(t.Context(), &client.Job{Journal: j}, ops...)
			want(t, results, map[client.Outcome]int{client.Succeeded: len(ops)})
			for _, x := range s.Exchanges()[before:] {
				if x.Method == "POST" {
					if lost := x.Start.Sub(began); lost >= 2*time.Second || err != nil {
						t.Errorf("done %v: the first request left after %v, %v", done, lost, err)
					} else {
						t.Logf("done %v: the first request left after %v; in all %v", done, lost, time.Since(began))
					}
					break
				}
			}
			wantNothingTwice(t, s)
		})
	}
}
