package gate

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

type limiter interface {
	ask(now time.Time) (ok bool, wait time.Duration)
}

type fixed struct {
	n      int
	w      time.Duration
	window int64
	used   int
}

func (l *fixed) ask(now time.Time) (bool, time.Duration) {
	w := now.UnixNano() / int64(l.w)
	if w != l.window {
		l.window, l.used = w, 0
	}
	if l.used < l.n {
		l.used++
		return true, 0
	}
	return false, time.Duration((w+1)*int64(l.w) - now.UnixNano())
}

type fromFirst struct {
	n    int
	w    time.Duration
	end  time.Time
	used int
}

func (l *fromFirst) ask(now time.Time) (bool, time.Duration) {
	if !now.Before(l.end) {
		l.end, l.used = now.Add(l.w), 0
	}
	if l.used < l.n {
		l.used++
		return true, 0
	}
	return false, l.end.Sub(now)
}

type bucket struct {
	n      int
	w      time.Duration
	tokens float64
	last   time.Time
}

func (l *bucket) ask(now time.Time) (bool, time.Duration) {
	if l.last.IsZero() {
		l.tokens = float64(l.n)
	} else {
		l.tokens = math.Min(float64(l.n), l.tokens+now.Sub(l.last).Seconds()*float64(l.n)/l.w.Seconds())
	}
	l.last = now
	if l.tokens >= 1 {
		l.tokens--
		return true, 0
	}
	return false, time.Duration((1 - l.tokens) / float64(l.n) * float64(l.w))
}

type sliding struct {
	n    int
	w    time.Duration
	took []time.Time
}

func (l *sliding) ask(now time.Time) (bool, time.Duration) {
	for len(l.took) > 0 && now.Sub(l.took[0]) >= l.w {
		l.took = l.took[1:]
	}
	if len(l.took) < l.n {
		l.took = append(l.took, now)
		return true, 0
	}
	return false, l.took[0].Add(l.w).Sub(now)
}

type event struct {
	at     time.Time
	seq    int
	t      ticket
	arrive bool
	ok     bool
	after  string
}
type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at.Before(e[j].at) || e[i].at.Equal(e[j].at) && e[i].seq < e[j].seq
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	o := *e
	x := o[len(o)-1]
	*e = o[:len(o)-1]
	return x
}

type setting struct {
	kind    string
	n       int
	w       time.Duration
	latency time.Duration
	conc    int
	header  bool
	phase   time.Duration
}

func (s setting) limiter() limiter {
	switch s.kind {
	case "fixed":
		return &fixed{n: s.n, w: s.w}
	case "first":
		return &fromFirst{n: s.n, w: s.w}
	case "bucket":
		return &bucket{n: s.n, w: s.w}
	}
	return &sliding{n: s.n, w: s.w}
}

func run(s setting, l limiter, learn, measure time.Duration, rnd *rand.Rand, trace bool) (acc, ref int) {
	c := newCore(Config{Concurrency: s.conc, Rand: rnd.Float64}.withDefaults())
	now := time.Unix(1_700_000_040, 0).Add(s.phase)
	begin, end := now.Add(learn), now.Add(learn+measure)
	var q events
	seq := 0
	push := func(e event) { seq++; e.seq = seq; heap.Push(&q, e) }
	waiting := s.conc
	for now.Before(end) {
		var wake time.Time
		for waiting > 0 {
			wait, ok := c.decide(now)
			if !ok {
				if wait > 0 {
					wake = now.Add(wait)
				}
				break
			}
			waiting--
			lat := time.Duration(float64(s.latency) * (0.8 + 0.4*rnd.Float64()))
			push(event{at: now.Add(lat / 2), t: c.take(now), arrive: true})
		}
		if len(q) == 0 || !wake.IsZero() && wake.Before(q[0].at) {
			now = wake
			continue
		}
		e := heap.Pop(&q).(event)
		now = e.at
		if e.arrive {
			ok, wait := l.ask(now)
			if now.After(begin) {
				if ok {
					acc++
				} else {
					ref++
				}
			}
			if s.header {
				e.after = fmt.Sprint(int(math.Ceil(wait.Seconds())))
			}
			e.ok, e.arrive = ok, false
			e.at = now.Add(s.latency / 2)
			push(e)
			continue
		}
		waiting++
		if e.ok {
			c.accept(e.t, now)
		} else {
			pk := c.pace.rate(now)
			n := c.pace.accepted
			c.refuse(e.t, now, e.after)
			if trace {
				fmt.Printf("%9.3f refused n=%d peak=%.3f after=%q until=+%.2f est=%.3f T=%.1f rate=%.3f limit=%.1f\n", now.Sub(begin).Seconds(), n, pk, e.after, c.until.Sub(now).Seconds(), c.pace.estimate, c.pace.climb.Seconds(), c.pace.rate(c.until), c.limit)
			}
		}
	}
	return acc, ref
}

type figure struct {
	bad   [2]int
	cnt   [2]int
	short [2]float64
}

func grid(seed uint64, kinds []string, print bool) (f figure) {
	rnd := rand.New(rand.NewPCG(seed, 2))
	type agg struct {
		cnt, bad               int
		minU, sumU, maxR, sumR float64
	}
	verbose := os.Getenv("V") != ""
	for hi, header := range []bool{true, false} {
		for _, kind := range kinds {
			for _, w := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
				for _, n := range []int{10, 60, 300} {
					a := agg{minU: 9}
					worst := ""
					for _, lat := range []time.Duration{5 * time.Millisecond, 50 * time.Millisecond, 250 * time.Millisecond} {
						for _, conc := range []int{1, 4, 16} {
							s := setting{kind, n, w, lat, conc, header, time.Duration(rnd.Float64() * float64(w))}
							learn, measure := max(40*time.Second, 5*w), max(120*time.Second, 20*w)
							acc, ref := run(s, s.limiter(), learn, measure, rnd, false)
							capacity := math.Min(float64(n)/w.Seconds(), float64(conc)/lat.Seconds()) * measure.Seconds()
							u, r := float64(acc)/capacity, float64(ref)/float64(acc+ref)
							a.cnt++
							bad := u < 0.9 || r >= 0.05
							if bad {
								a.bad++
							}
							f.short[hi] += math.Max(0, 0.93-u) + math.Max(0, r-0.035)
							if u < a.minU {
								a.minU = u
								worst = fmt.Sprint(lat, conc)
							}
							a.maxR = math.Max(a.maxR, r)
							a.sumU += u
							a.sumR += r
							if bad && verbose {
								fmt.Printf("   %v u=%.3f r=%.3f\n", s, u, r)
							}
						}
					}
					f.bad[hi] += a.bad
					f.cnt[hi] += a.cnt
					if print {
						fmt.Printf("%-5v %-8s %4d/%-5v bad %2d/%d  util min %.3f mean %.3f  refused max %.3f mean %.3f worst %s\n", header, kind, n, w, a.bad, a.cnt, a.minU, a.sumU/float64(a.cnt), a.maxR, a.sumR/float64(a.cnt), worst)
					}
				}
			}
		}
	}
	return f
}

var allKinds = []string{"fixed", "first", "bucket", "sliding"}

func TestGrid(t *testing.T) {
	fmt.Println(grid(1, allKinds, true))
	for seed := range 10 {
		fmt.Println(grid(uint64(seed+2), allKinds, false))
	}
}

func TestTrace(t *testing.T) {
	rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	var s setting
	var w, l string
	fmt.Sscan(os.Getenv("S"), &s.kind, &s.n, &w, &l, &s.conc, &s.header)
	s.w, _ = time.ParseDuration(w)
	s.latency, _ = time.ParseDuration(l)
	s.phase = time.Duration(rnd.Float64() * float64(s.w))
	learn, measure := max(30*time.Second, 5*s.w), max(120*time.Second, 15*s.w)
	acc, ref := run(s, s.limiter(), learn, measure, rnd, true)
	fmt.Println(acc, ref, float64(acc)/measure.Seconds()/(float64(s.n)/s.w.Seconds()))
}
