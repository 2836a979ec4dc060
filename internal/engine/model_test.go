package engine

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/webexscim/bulk/internal/raced"
)

var (
	modelJobs  = flag.Int("model.jobs", 0, "random jobs of the model; 0 is a number for everyday use")
	modelMoves = flag.Int("model.moves", 0, "faults and changes of order in each way through a small job, one less with a crash; 0 is a bound for everyday use")
	modelSeed  = flag.Uint64("model.seed", 1, "seed of the first random job of the model")
	modelKind  = flag.String("model.kind", "random", "TestModelSeed: the test that has drawn the job, random, existing or stages")
)

// TestModelRandom plays random jobs. A long campaign:
//
//	go test ./internal/engine -run TestModelRandom -timeout 0 -model.jobs 10000000 -model.seed 1
func TestModelRandom(t *testing.T) { playRandom(t, 100_000, randomJob) }

// TestModelExisting plays random jobs whose creates take what is there, in an
// organization that has some of it.
func TestModelExisting(t *testing.T) { playRandom(t, 20_000, randomExistingJob) }

// TestModelStages plays random jobs in stages.
func TestModelStages(t *testing.T) { playRandom(t, 10_000, randomStagesJob) }

func playRandom(t *testing.T, everyday int, draw func(seed uint64) (*job, *randomChooser)) {
	jobs := *modelJobs
	if jobs == 0 {
		if jobs = everyday; testing.Short() || raced.On {
			jobs = everyday / raced.Fewer(50, 20)
		}
	}
	var next atomic.Int64
	var found violations
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			var sum counts
			defer func() { found.count(sum) }()
			for found.few() {
				i := next.Add(1) - 1
				if i >= int64(jobs) {
					return
				}
				seed := *modelSeed + uint64(i)
				j, c := draw(seed)
				w := play(j, c, nil)
				sum.add(w.counts)
				if w.law != "" {
					j, c := draw(seed)
					found.add(w.law, fmt.Sprintf("seed %d", seed), j, c)
				}
			}
		})
	}
	wg.Wait()
	found.report(t)
	t.Logf("%d jobs: %v", min(next.Load(), int64(jobs)), found.counts)
}

// violations keeps, for each law that was broken, which jobs have broken it and
// the shortest of their stories.
type violations struct {
	mu     sync.Mutex
	jobs   map[string][]string
	story  map[string]string
	total  int
	counts counts // of all that was played
}

func (v *violations) count(c counts) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.counts.add(c)
}

const fewViolations = 300

func (v *violations) few() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.total < fewViolations
}

// add plays a job that breaks a law once more, with its story.
func (v *violations) add(law, how string, j *job, pick chooser) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %+v, runs %d, edits %v, rare %d\n", how, j.settings, j.runs, j.edits, j.rare)
	text := play(j, pick, &b).violation
	story := b.String()
	if lines := strings.SplitAfter(story, "\n"); len(lines) > 220 {
		story = strings.Join(lines[:80], "") + "...\n" + strings.Join(lines[len(lines)-80:], "")
	}
	story += text + "\n"
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.jobs == nil {
		v.jobs, v.story = map[string][]string{}, map[string]string{}
	}
	v.total++
	v.jobs[law] = append(v.jobs[law], how)
	if old := v.story[law]; old == "" || len(story) < len(old) {
		v.story[law] = story
	}
}

func (v *violations) report(t *testing.T) {
	for law, story := range v.story {
		t.Errorf("%d times: %s (%s)\n%s", len(v.jobs[law]), law, strings.Join(v.jobs[law], "; "), story)
	}
}

// TestModelSeed tells the story of one random job:
//
//	go test ./internal/engine -run TestModelSeed -v -model.kind random -model.seed 17
func TestModelSeed(t *testing.T) {
	draw := map[string]func(uint64) (*job, *randomChooser){
		"random": randomJob, "existing": randomExistingJob, "stages": randomStagesJob,
	}[*modelKind]
	j, c := draw(*modelSeed)
	var trace strings.Builder
	fmt.Fprintf(&trace, "%+v, runs %d, edits %v, rare %d\n", j.settings, j.runs, j.edits, j.rare)
	w := play(j, c, &trace)
	t.Log("\n" + trace.String())
	if w.violation != "" {
		t.Error(w.violation)
	}
}

// TestModelExhaustive plays small jobs in all ways that differ in so many
// moves, which are faults and changes of the usual order, and in one crash.
// Everyday use is bounded: two moves for jobs without a journal, one for the
// others, none beside a crash. All jobs with two moves (one beside a crash), or
// deeper:
//
//	go test ./internal/engine -run TestModelExhaustive -timeout 0 -model.moves 2
func TestModelExhaustive(t *testing.T) {
	t.Run("WithoutCrash", func(t *testing.T) {
		search(t, func(j *job) *searcher {
			if raced.On && j.ordered {
				return nil
			}
			if *modelMoves > 0 {
				return &searcher{moves: *modelMoves}
			}
			if j.journal || testing.Short() || raced.On {
				return &searcher{moves: 1}
			}
			return &searcher{moves: 2}
		})
	})
	t.Run("WithCrash", func(t *testing.T) {
		search(t, func(j *job) *searcher {
			if !j.journal || raced.On && !j.ordered {
				return nil
			}
			return &searcher{moves: max(0, *modelMoves-1), crashes: 1}
		})
	})
}

func search(t *testing.T, with func(*job) *searcher) {
	jobs, step := smallJobs(), int64(1)
	if raced.On {
		step = 4
	}
	var next, ways atomic.Int64
	var found violations
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				i := int(next.Add(step) - step)
				if i >= len(jobs) {
					return
				}
				j := jobs[i]
				s := with(j)
				var sum counts
				for more := s != nil; more && found.few(); more = s.next() {
					s.start()
					ways.Add(1)
					w := play(j, s, nil)
					sum.add(w.counts)
					if w.law != "" {
						again := *s
						again.start()
						found.add(w.law, fmt.Sprintf("job %d, choices %v", i, s.choices[:s.at]), j, &again)
					}
				}
				found.count(sum)
			}
		})
	}
	wg.Wait()
	found.report(t)
	t.Logf("%d jobs, %d ways: %v", len(jobs), ways.Load(), found.counts)
}
