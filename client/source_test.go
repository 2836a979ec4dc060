package client_test

import (
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// A source that panics, or ends its goroutine, does so in the caller's: after
// what is under way was cut.
func TestSourcePanicsInTheCaller(t *testing.T) {
	for name, source := range map[string]iter.Seq2[client.Operation, error]{
		"panic": func(yield func(client.Operation, error) bool) {
			for _, op := range users(150) {
				yield(op, nil)
			}
			panic("the source's own")
		},
		"data": client.Operations(client.Operation{Method: "POST", Path: "/Users", Data: panickingData{}}),
	} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{Latency: time.Second})
			var got any
			func() {
				defer func() { got = recover() }()
				for range newClient(t, s, nil).Run(t.Context(), &client.Job{Source: source}) {
				}
			}()
			if got == nil || !strings.Contains(fmt.Sprint(got), "own") {
				t.Errorf("%s: recovered %v", name, got)
			}
		})
	}
}

type panickingData struct{}

func (panickingData) MarshalJSON() ([]byte, error) { panic("the data's own") }

func TestSourceThatEndsItsGoroutineEndsTheCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Second})
		results, err := run(t, newClient(t, s, nil), &client.Job{Source: func(yield func(client.Operation, error) bool) {
			for _, op := range users(150) {
				yield(op, nil)
			}
			runtime.Goexit()
		}})
		if len(results) != 150 || !errors.Is(err, client.ErrSource) {
			t.Errorf("%d results, %v", len(results), err)
		}
	})
}

// given is a source that pauses before some operations, and notes when it gave
// which.
type given struct {
	ops   []client.Operation
	pause func(i int) time.Duration
	at    []time.Time
}

func (g *given) source(yield func(client.Operation, error) bool) {
	g.at = make([]time.Time, len(g.ops))
	for i, op := range g.ops {
		time.Sleep(g.pause(i))
		g.at[i] = time.Now()
		if !yield(op, nil) {
			return
		}
	}
}

// waits carries out a job and tells how long the result of each operation took.
func (g *given) waits(t *testing.T, c *client.Client, job *client.Job) []time.Duration {
	job.Source = g.source
	waits := make([]time.Duration, len(g.ops))
	for res, err := range c.Run(t.Context(), job) {
		if err != nil || res.Err != nil {
			t.Fatal(err, res.Err)
		}
		waits[res.Index] = time.Since(g.at[res.Index])
	}
	return waits
}

// A feed that pauses does not hold back what is ready.
func TestIdleSourceHoldsNothingBack(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{Latency: 50 * time.Millisecond})
			g := given{ops: users(130), pause: func(i int) time.Duration {
				if i < 120 {
					return 0
				}
				return time.Minute
			}}
			c := newClient(t, s, func(c *client.Config) { c.Limits.Operations = 50 })
			for i, wait := range g.waits(t, c, &client.Job{Ordered: ordered}) {
				if wait > 200*time.Millisecond {
					t.Errorf("ordered %v: operation %d had its result after %v", ordered, i, wait)
				}
			}
			if n := requests(s); n != 13 {
				t.Errorf("ordered %v: %d requests", ordered, n)
			}
		})
	}
}

// Nor does an answer that may fill the request.
func TestSlowRequestHoldsNothingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: 30 * time.Second})
		g := given{ops: []client.Operation{create("boss"), create("u", manager("boss")), create("plain"), create("late")}}
		g.pause = func(i int) time.Duration { return []time.Duration{0, time.Second, 0, time.Hour}[i] }
		if waits := g.waits(t, newClient(t, s, nil), &client.Job{}); waits[2] > 31*time.Second {
			t.Errorf("it took %v", waits[2])
		}
	})
}

// What comes in bursts fills requests, whatever else waits for something
// unread.
func TestBurstsFillRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{})
		g := given{ops: []client.Operation{create("waits", manager("last"))}}
		for i := range 2000 {
			g.ops = append(g.ops, create(fmt.Sprint("u", i)))
		}
		g.ops = append(g.ops, create("last"))
		g.pause = func(i int) time.Duration {
			switch {
			case i%100 == 1:
				return time.Second
			case i%10 == 1:
				return time.Millisecond
			}
			return 0
		}
		g.waits(t, newClient(t, s, nil), &client.Job{})
		if n := requests(s); n > 21 {
			t.Errorf("%d requests", n)
		}
	})
}

// every gives an operation now and then.
func every(pause time.Duration, ops []client.Operation) iter.Seq2[client.Operation, error] {
	return func(yield func(client.Operation, error) bool) {
		for _, op := range ops {
			if !yield(op, nil) {
				return
			}
			time.Sleep(pause)
		}
	}
}

// However slowly a source goes on, what it has given does not wait for it.
func TestTricklingSourceHoldsNothingBack(t *testing.T) {
	for _, pause := range []time.Duration{time.Millisecond, 30 * time.Millisecond, 80 * time.Millisecond, 99 * time.Millisecond, time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{})
			began, given := time.Now(), 0
			for res, err := range newClient(t, s, nil).Run(t.Context(), &client.Job{Source: every(pause, users(150))}) {
				if err != nil || res.Err != nil {
					t.Fatal(err, res.Err)
				}
				// Not before it was read, and not much later.
				read := time.Duration(res.Index) * pause
				if late := time.Since(began) - read; late > 250*time.Millisecond {
					t.Errorf("one each %v: operation %d comes %v after it was read", pause, res.Index, late)
				}
				given++
			}
			if most := int(150*pause/(100*time.Millisecond)) + 3; requests(s) > min(150, most) || given != 150 {
				t.Errorf("one each %v: %d requests, %d results", pause, requests(s), given)
			}
		})
	}
}

// A service that takes connections and answers nothing ends the job, though
// what was sent has to be looked for.
func TestServiceThatCutsEverythingEndsTheJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Faults: func(*webextest.Request) *webextest.Fault { return webextest.CutAt(webextest.BeforeWork) }})
		for range 1000 {
			s.ScriptSearches(webextest.CutAt(webextest.BeforeWork))
		}
		began, job := time.Now(), &client.Job{}
		go func() {
			time.Sleep(10 * time.Second)
			if p := job.Progress(); p.LookingUp == 0 || p.Unanswered == 0 {
				t.Errorf("%+v", p)
			}
		}()
		results, err := newClient(t, s, nil).DoJob(t.Context(), job, users(1000)...)
		if p := job.Progress(); p.LookingUp != 0 {
			t.Errorf("%+v", p)
		}
		if took := time.Since(began); took > 5*time.Minute {
			t.Errorf("it took %v", took)
		}
		n := outcomes(results)
		if n[client.Unknown] == 0 || n[client.Unknown]+n[client.Skipped] != 1000 {
			t.Errorf("%v", n)
		}
		if !errors.Is(err, client.ErrUnavailable) {
			t.Error(err)
		}
	})
}
