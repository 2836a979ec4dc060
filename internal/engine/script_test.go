package engine

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/webexscim/bulk/internal/plan"
)

var update = flag.Bool("update", false, "write what the engine does into testdata/*.txt")

// TestScripts plays the stories in testdata. README.txt there explains their
// words.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		if name == "README" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if _, rest, ok := strings.Cut(string(before), "\n# Not yet: "); ok {
				why, _, _ := strings.Cut(rest, "\n")
				t.Skip(why)
			}
			after := playScript(t, file, string(before))
			if *update && after != string(before) {
				if err := os.WriteFile(file, []byte(after), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// playScript gives the events of a script to an engine. It returns the script
// with the commands that followed.
func playScript(t *testing.T, file, text string) string {
	s := newScript(t, file)
	var after strings.Builder
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if !strings.HasPrefix(lines[0], "# ") {
		t.Fatalf("%s:1: the first line is to say in a comment what holds", file)
	}
	for i := 0; i < len(lines); i++ {
		s.line = i + 1
		after.WriteString(lines[i] + "\n")
		switch line := strings.TrimSpace(lines[i]); {
		case line == "" || strings.HasPrefix(line, "#"):
		case line == "----":
			var want strings.Builder
			for ; i+1 < len(lines) && lines[i+1] != ""; i++ {
				want.WriteString(lines[i+1] + "\n")
			}
			got := s.takeOutput()
			after.WriteString(got)
			if got != want.String() && !*update {
				t.Errorf("%s:%d: got\n%swant\n%s", file, s.line, got, want.String())
			}
		default:
			s.play(line)
		}
	}
	if s.engine != nil && !s.engine.Finished() {
		t.Errorf("%s:%d: the story ends before the job: %d operations have no outcome", file, s.line, s.engine.open)
	}
	return after.String()
}

// script is the world around the engine.
type script struct {
	t    *testing.T
	file string
	line int
	out  strings.Builder

	cfg     Config
	engine  *Engine
	journal scriptJournal
	input   []string // the add events of this run
	earlier []string // those of the run before

	truth   time.Time     // the time, which the service's store has
	elapsed time.Duration // of the run
	wall    time.Duration // by which the local wall clock is ahead of the truth
	front   time.Duration // by which the Date of answers is ahead of the truth
	noDates bool
	ticking bool // within a step of time

	equal    map[string]bool // whether the last lookup found a resource equal
	ops      map[int]Operation
	facts    map[int]Operation // as they were added
	text     map[int]string    // of ops
	reads    map[int]string    // findings that lookups are answered with at once
	requests map[int]Request
	lookups  map[int]Lookup // by a count of their own
	looked   int
	results  map[int]bool
	added    bool // operations since the last Take
	holding  bool // the journal answers when the script says so
	claims   []func(error)
	writes   []func(error)
	wake     string // as last printed
	stopped  bool
	finished bool
}

func newScript(t *testing.T, file string) *script {
	s := &script{
		t: t, file: file, truth: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC),
		cfg: Config{
			Operations: 100, Bytes: 1_000_000, Concurrency: 4, MaxAttempts: 5,
			LookupPatience: 15 * time.Second, MaxServiceTime: 2 * time.Minute,
			Rand: func() float64 { return 0.5 },
		},
	}
	s.reset()
	return s
}

func (s *script) reset() {
	s.equal = map[string]bool{}
	s.ops, s.text, s.results = map[int]Operation{}, map[int]string{}, map[int]bool{}
	s.facts = map[int]Operation{}
	s.requests, s.lookups, s.reads = map[int]Request{}, map[int]Lookup{}, map[int]string{}
	s.claims, s.writes, s.wake = nil, nil, ""
	s.looked, s.added, s.stopped, s.finished = 0, false, false, false
}

func (s *script) now() Time { return Time{Elapsed: s.elapsed, Wall: s.truth.Add(s.wall)} }

// date is what the service's answers say that the time is.
func (s *script) date() time.Time {
	if s.noDates {
		return time.Time{}
	}
	return s.truth.Add(s.front).Truncate(time.Second)
}

func (s *script) fatalf(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("%s:%d: %s, after\n%s", s.file, s.line, fmt.Sprintf(format, args...), s.out.String())
}

func (s *script) printf(format string, args ...any) {
	if s.ticking {
		fmt.Fprintf(&s.out, "at %v: ", s.elapsed)
	}
	fmt.Fprintf(&s.out, format+"\n", args...)
}

// takeOutput returns what the engine has done since the last time.
func (s *script) takeOutput() string {
	s.take()
	if s.engine != nil && !s.finished {
		wake := ""
		if at, ok := s.engine.Wake(); ok {
			wake = fmt.Sprintf("wait until %v\n", at)
		}
		if wake != s.wake {
			s.out.WriteString(wake)
		}
		s.wake = wake
	}
	out := s.out.String()
	s.out.Reset()
	return cmp.Or(out, "nothing\n")
}

// events are the words that a script's line can begin with.
var events map[string]func(*script, *words)

func init() {
	events = map[string]func(*script, *words){
		"config": (*script).config, "run": (*script).run, "kill": (*script).kill, "stage": (*script).stage, "same": (*script).sameInput,
		"add": (*script).add, "end": (*script).end, "idle": (*script).idle, "stop": (*script).stop, "break": (*script).breakOff,
		"answer": (*script).answer, "lost": (*script).lost, "unsent": (*script).unsent, "throttled": (*script).throttled,
		"rejected": (*script).rejected, "denied": (*script).denied,
		"found": (*script).found, "failed": (*script).failedLookup, "reads": (*script).standing,
		"hold": (*script).hold, "claimed": (*script).claimed, "recorded": (*script).recorded,
		"sleep": (*script).sleep, "clock": (*script).clock, "service": (*script).serviceClock, "no": (*script).withoutDates,
		"status": (*script).status, "journal": (*script).showJournal,
	}
}

// play gives one event to the engine.
func (s *script) play(line string) {
	w := &words{s: s, rest: splitWords(line)}
	first := w.next()
	if step, ok := strings.CutPrefix(first, "+"); ok {
		w.end()
		s.step(step)
		return
	}
	event := events[first]
	if event == nil {
		s.fatalf("unknown event %q", first)
	}
	if first != "add" && first != "end" {
		s.take()
	}
	event(s, w)
	w.end()
	if first != "add" {
		s.carryOut()
	}
}

// take ends a batch of adds.
func (s *script) take() {
	if s.added && s.engine != nil {
		s.added = false
		s.engine.Take()
		s.carryOut()
	}
}

// Time.

// step moves all clocks, and wakes the engine whenever it has asked for it.
func (s *script) step(text string) {
	s.take()
	d := s.parseDuration(text)
	if s.engine == nil {
		s.truth = s.truth.Add(d)
		return
	}
	s.ticking = true
	defer func() { s.ticking = false }()
	end := s.elapsed + d
	for range 10_000 {
		at, ok := s.engine.Wake()
		if !ok || at > end {
			at = end
		}
		at = max(at, s.elapsed)
		s.truth = s.truth.Add(at - s.elapsed)
		s.elapsed = at
		s.engine.Tick(s.now())
		s.carryOut()
		if again, ok := s.engine.Wake(); at == end && (!ok || again > end) {
			return
		}
	}
	s.fatalf("the engine asks to be woken without end")
}

// sleep moves the wall clock and the world, while the run's time stands still.
func (s *script) sleep(w *words) { s.truth = s.truth.Add(w.duration()) }

func (s *script) clock(w *words) {
	switch direction := w.next(); direction {
	case "back":
		s.wall -= w.duration()
	case "forward":
		s.wall += w.duration()
	default:
		s.fatalf("unknown direction %q", direction)
	}
}

// serviceClock sets by how much the Date of answers differs from the times of
// resources.
func (s *script) serviceClock(w *words) {
	w.expect("clock")
	switch direction := w.next(); direction {
	case "ahead":
		s.front = w.duration()
	case "behind":
		s.front = -w.duration()
	default:
		s.fatalf("unknown direction %q", direction)
	}
}

func (s *script) withoutDates(w *words) {
	w.expect("dates")
	s.noDates = true
}

// The job and its input.

func (s *script) config(w *words) {
	for w.more() {
		word := w.next()
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "journal":
			s.cfg.Journal = true
		case "ordered":
			s.cfg.Ordered = true
		case "separate":
			s.cfg.Separate = true
		case "existing":
			how, ok := map[string]Existing{"fail": FailExisting, "skip": SkipExisting, "update": UpdateExisting}[value]
			if !ok {
				s.fatalf("unknown setting %q", word)
			}
			s.cfg.Existing, s.cfg.Compare = how, s.compare
		case "read-on":
			s.cfg.ReadOn = true
		case "operations":
			s.cfg.Operations = s.parseNumber(value)
		case "bytes":
			s.cfg.Bytes = s.parseNumber(value)
		case "concurrency":
			s.cfg.Concurrency = s.parseNumber(value)
		case "fail-on-errors":
			s.cfg.FailOnErrors = s.parseNumber(value)
		case "max-attempts":
			s.cfg.MaxAttempts = s.parseNumber(value)
		case "lookup-patience":
			s.cfg.LookupPatience = s.parseDuration(value)
		case "max-service-time":
			s.cfg.MaxServiceTime = s.parseDuration(value)
		default:
			s.fatalf("unknown setting %q", word)
		}
	}
}

func (s *script) run(*words) {
	s.journal.asked = nil
	s.elapsed = 0
	s.begin(Carried{})
}

// stage begins another stage of the job whose run has ended.
func (s *script) stage(*words) {
	s.begin(s.engine.Carried())
}

func (s *script) begin(before Carried) {
	if s.engine != nil && !s.engine.Finished() {
		s.printf("refused: the journal is in use")
		return
	}
	s.reset()
	s.earlier, s.input = s.input, nil
	cfg := s.cfg
	cfg.Before = before
	if cfg.Journal {
		cfg.LastWritten, cfg.LastDate = s.journal.begin()
		s.journal.claimAgain()
	}
	cfg.Facts = s.factsOf
	s.engine = New(cfg, s.now())
}

func (s *script) kill(*words) {
	s.engine = nil
	s.reset()
}

func (s *script) sameInput(w *words) {
	w.expect("input")
	for _, line := range s.earlier {
		s.play(line)
	}
}

// add takes in an operation:
//
//	add 0 POST /Groups board called "Board" external "77" says "text" refers ann, bob
func (s *script) add(w *words) {
	s.input = append(s.input, "add "+strings.Join(w.rest, " "))
	in := Operation{Index: w.number(), Size: 100, Guarded: true}
	if in.Index != len(s.ops) {
		s.fatalf("operation %d, expected %d", in.Index, len(s.ops))
	}
	methods := map[string]Method{"POST": Post, "PATCH": Patch, "DELETE": Delete}
	method := w.next()
	var ok bool
	if in.Method, ok = methods[method]; !ok {
		s.fatalf("unknown method %q", method)
	}
	path := w.next()
	text := method + " " + path
	meaning := []string{method, path}
	if in.Method == Post {
		in.Guarded = path == "/Users"
	} else {
		meaning[1] = s.addResource(&in, path)
	}
	var name, external string
	for w.more() {
		switch word := w.next(); word {
		case "called":
			name = w.text()
			meaning = append(meaning, word, name)
		case "external":
			external = w.text()
			meaning = append(meaning, word, external)
		case "says":
			meaning = append(meaning, word, w.text())
		case "adds":
			in.Guarded = false
			meaning = append(meaning, word, w.text())
		case "refers", "mentions":
			for _, name := range w.list() {
				in.Refs = append(in.Refs, plan.Ref{Name: name, Count: 1, Width: 10, Required: word == "refers"})
				meaning = append(meaning, word)
			}
		case "sized":
			in.Size = w.number()
		case "invalid":
			in.Invalid = errors.New(w.text())
		default:
			if in.Method != Post || in.BulkID != "" {
				s.fatalf("unknown word %q", word)
			}
			in.BulkID = word
			text += " " + word
		}
	}
	if name != "" {
		in.SearchName = scriptKey(path, strings.ToLower(name))
		in.Name = in.SearchName
		if external != "" && path == "/Groups" {
			in.Name = scriptKey(path, strings.ToLower(name), external)
		}
	}
	in.Content = scriptKey(meaning...)
	s.ops[in.Index], s.text[in.Index], s.facts[in.Index] = in, text, in
	s.running().Add(s.now(), &in)
	s.added = true
}

// factsOf returns the facts of an operation that rests.
func (s *script) factsOf(index int) (*Operation, error) {
	in, ok := s.facts[index]
	if !ok || s.results[index] {
		s.fatalf("asked for the facts of operation %d, which is not open", index)
	}
	return &in, nil
}

// addResource tells what a PATCH or DELETE changes, and returns the path
// without the name of a reference.
func (s *script) addResource(in *Operation, path string) string {
	in.Resource = strings.ToLower(path)
	collection, name, ok := strings.Cut(path, "bulkId:")
	if !ok {
		in.ResourceID = path[strings.LastIndexByte(path, '/')+1:]
		return path
	}
	in.Resource = "bulkId:" + name
	in.Refs = append(in.Refs, plan.Ref{Name: name, Count: 1, Width: 10, Required: true})
	in.Target = name
	return collection
}

func scriptKey(parts ...string) Key {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return Key(sum[:len(Key{})])
}

func (s *script) end(*words) {
	s.added = false
	s.running().End(s.now())
}

func (s *script) idle(*words) { s.running().Idle(s.now()) }

func (s *script) stop(w *words) { s.running().Stop(s.now(), errors.New(w.text())) }

func (s *script) breakOff(w *words) { s.running().Break(s.now(), errors.New(w.text())) }

func (s *script) running() *Engine {
	if s.engine == nil {
		s.fatalf("no run")
	}
	return s.engine
}

// What comes back for requests.

// request takes a request that is in flight.
func (s *script) request(w *words) Request {
	number := w.number()
	r, ok := s.requests[number]
	if !ok {
		s.fatalf("request %d is not in flight", number)
	}
	delete(s.requests, number)
	return r
}

func (s *script) respond(r Request, in Response) {
	if in.Alive {
		in.Date = s.date()
	}
	for _, it := range r.Items {
		in.Bytes += s.ops[it.Index].Size
	}
	s.running().Response(s.now(), r.Number, in)
}

// answer gives each operation its result:
//
//	answer 1: 0 201 g1, 1 404, 2 no result, rest left out
func (s *script) answer(w *words) {
	r := s.request(w)
	w.accept(":")
	items := map[int]Item{}
	for w.more() {
		var indexes []int
		all := w.accept("all") || w.accept("rest")
		if all {
			for _, it := range r.Items {
				if _, ok := items[it.Index]; !ok {
					indexes = append(indexes, it.Index)
				}
			}
		} else {
			indexes = []int{w.number()}
		}
		it := s.item(w)
		for _, i := range indexes {
			one := it
			if all && it.Found && it.Err == nil && s.ops[i].Method == Post {
				one.ID = "id" + strconv.Itoa(i)
			}
			items[i] = one
		}
		w.accept(",")
	}
	in := Response{Kind: Answered, Status: 200, Alive: true}
	for _, it := range r.Items {
		one, ok := items[it.Index]
		if !ok {
			s.fatalf("the answer says nothing about %d", it.Index)
		}
		in.Items = append(in.Items, one)
		delete(items, it.Index)
	}
	for i := range items {
		s.fatalf("%d is not in the request", i)
	}
	s.respond(r, in)
}

func (s *script) item(w *words) Item {
	switch {
	case w.accept("left"):
		w.expect("out")
		return Item{LeftOut: true}
	case w.accept("no"):
		w.expect("result")
		return Item{}
	}
	it := Item{Found: true, Status: w.number()}
	if it.Status < 200 || it.Status > 299 {
		it.Err = errors.New("status " + strconv.Itoa(it.Status))
	} else if w.more() && w.rest[0] != "," {
		it.ID = w.next()
	}
	return it
}

// lost: the request left, and nothing, or what a gateway or the service says
// instead, came back.
func (s *script) lost(w *words) {
	r := s.request(w)
	in := Response{Kind: NoResponse, Err: errors.New("no answer")}
	if w.accept(":") {
		in.Status = w.number()
		in.Alive = s.sender(w)
		in.Err = fmt.Errorf("no answer but %d", in.Status)
	}
	s.respond(r, in)
}

// sender reports whether the service itself speaks.
func (s *script) sender(w *words) bool {
	w.expect("of")
	if w.accept("a") {
		w.expect("gateway")
		return false
	}
	w.expect("the")
	w.expect("service")
	return true
}

func (s *script) unsent(w *words) {
	r := s.request(w)
	in := Response{Kind: NotSent, Err: errors.New("no connection")}
	if w.accept("for") {
		w.expect("good")
		in.GaveUp = true
	}
	s.respond(r, in)
}

func (s *script) throttled(w *words) {
	r := s.request(w)
	w.expect(":")
	in := Response{Kind: Waiting, Status: w.number(), Alive: true}
	in.Err = errors.New("status " + strconv.Itoa(in.Status))
	if w.accept("for") {
		w.expect("good")
		in.GaveUp = true
	}
	s.respond(r, in)
}

func (s *script) rejected(w *words) {
	r := s.request(w)
	w.expect(":")
	in := Response{Kind: Rejected, Status: w.number(), Alive: true}
	text := ""
	for w.more() {
		switch word := w.next(); word {
		case "max-operations":
			in.MaxOperations = w.number()
		case "max-bytes":
			in.MaxBytes = w.number()
		default:
			if !strings.HasPrefix(word, `"`) {
				s.fatalf("unknown word %q", word)
			}
			text = word
		}
	}
	in.Err = errors.New(strings.TrimSpace("status " + strconv.Itoa(in.Status) + " " + text))
	in.Uniform = in.Err.Error()
	in.TooLarge = in.Status == 413
	s.respond(r, in)
}

func (s *script) denied(w *words) {
	r := s.request(w)
	w.expect(":")
	in := Response{Kind: Denied, Status: w.number(), Alive: true}
	in.Err = errors.New("denied with " + strconv.Itoa(in.Status))
	s.respond(r, in)
}

// What lookups find.

// found gives a lookup its findings:
//
//	found 1: 0 absent, 1 g1 equal created 5s ago and g2 created 2h ago, 2 seen
func (s *script) found(w *words) {
	l := s.lookup(w)
	w.expect(":")
	var findings []Finding
	for w.more() {
		findings = append(findings, s.finding(w))
		w.accept(",")
	}
	for _, f := range findings {
		if !slices.Contains(looksUp(l), f.Index) {
			s.fatalf("%d is not in the lookup", f.Index)
		}
	}
	s.running().Found(s.now(), l.Number, findings, true, s.date())
}

func (s *script) lookup(w *words) Lookup {
	number := w.number()
	l, ok := s.lookups[number]
	if !ok {
		s.fatalf("lookup %d is not under way", number)
	}
	delete(s.lookups, number)
	return l
}

func describeLookup(l Lookup) string {
	text := joinNumbers(looksUp(l))
	for _, c := range l.Creates {
		for _, k := range c.Known {
			text += fmt.Sprintf(" (%s is %s)", k.Name, k.ID)
		}
	}
	return text
}

// looksUp returns the operations of a lookup.
func looksUp(l Lookup) []int {
	var indexes []int
	for _, c := range l.Creates {
		indexes = append(indexes, c.Index)
	}
	for _, r := range l.Reads {
		indexes = append(indexes, r.Index)
	}
	return indexes
}

func (s *script) finding(w *words) Finding {
	f := Finding{Index: w.number()}
	switch word := w.next(); {
	case word == "absent" || word == "gone":
	case word == "error":
		f.Err, f.Final = errors.New("the lookup failed"), w.accept("final")
	case s.ops[f.Index].Method != Post:
		if word != "seen" && word != "there" {
			s.fatalf("unknown finding %q", word)
		}
		f.Exists, f.Seen = true, word == "seen"
		if w.accept("modified") {
			f.Modified = s.ago(w)
		}
	default:
		f.Candidates = append(f.Candidates, s.candidate(w, word))
		for w.accept("and") {
			f.Candidates = append(f.Candidates, s.candidate(w, w.next()))
		}
	}
	return f
}

func (s *script) candidate(w *words, id string) Candidate {
	c := Candidate{ID: id, Owned: s.journal.owns(id)}
	for w.more() && w.rest[0] != "," && w.rest[0] != "and" {
		switch word := w.next(); word {
		case "equal":
			c.Equal = true
		case "created":
			c.Created = s.ago(w)
		case "same":
			w.expect("externalId")
			c.ExternalID = Same
		case "other":
			w.expect("externalId")
			c.ExternalID = Different
		case "lone":
			w.expect("externalId")
			c.ExternalID = OneMissing
		default:
			s.fatalf("unknown word %q", word)
		}
	}
	s.equal[id] = c.Equal
	return c
}

// compare says that what was not found equal differs.
func (s *script) compare(index int, id string, known []plan.Known) (change Operation, differs bool, err error) {
	if s.equal[id] {
		return Operation{}, false, nil
	}
	in := s.ops[index]
	path, _, _ := strings.Cut(strings.TrimPrefix(s.text[index], "POST "), " ")
	change = Operation{Index: index, Method: Patch, ResourceID: id, Guarded: true, Size: 100}
	change.Resource = strings.ToLower(path + "/" + id)
	change.Content = scriptKey("update", string(in.Content[:]), id, fmt.Sprint(known))
	s.ops[index], s.text[index] = change, "PATCH "+path+"/"+id
	for _, k := range known {
		s.text[index] += fmt.Sprintf(" (%s is %s)", k.Name, k.ID)
	}
	return change, true, nil
}

// ago is a time by the clock of the service's store.
func (s *script) ago(w *words) time.Time {
	d := w.duration()
	w.expect("ago")
	return s.truth.Add(-d)
}

func (s *script) failedLookup(w *words) {
	w.expect("lookup")
	l := s.lookup(w)
	alive := false
	if w.accept(":") {
		w.number()
		alive = s.sender(w)
	}
	var findings []Finding
	for _, i := range looksUp(l) {
		findings = append(findings, Finding{Index: i, Err: errors.New("the lookup failed")})
	}
	date := time.Time{}
	if alive {
		date = s.date()
	}
	s.running().Found(s.now(), l.Number, findings, alive, date)
}

// standing has lookups answered at once from now on.
func (s *script) standing(w *words) {
	w.expect("show")
	rest := w.rest
	w.rest = nil
	for _, part := range strings.Split(strings.Join(rest, " "), " , ") {
		words := &words{s: s, rest: splitWords(part)}
		s.reads[s.finding(words).Index] = part
		words.end()
	}
}

func (s *script) answerLookup(number int) {
	l := s.lookups[number]
	var parts []string
	for _, i := range looksUp(l) {
		if s.reads[i] == "" {
			return
		}
		parts = append(parts, s.reads[i])
	}
	s.found(&words{s: s, rest: splitWords(fmt.Sprintf("%d: %s", number, strings.Join(parts, ", ")))})
}

// The journal.

// hold has the journal answer when the script says so.
func (s *script) hold(w *words) {
	w.expect("journal")
	s.holding = true
}

func (s *script) claimed(w *words) {
	i := w.number() - 1
	if i < 0 || i >= len(s.claims) || s.claims[i] == nil {
		s.fatalf("no such claim")
	}
	answer := s.claims[i]
	s.claims[i] = nil
	answer(w.failure())
}

// failure is the error of a journal that "fails".
func (w *words) failure() error {
	if w.accept("fails") {
		return errors.New("disk full")
	}
	return nil
}

func (s *script) recorded(w *words) {
	if len(s.writes) == 0 {
		s.fatalf("nothing is written")
	}
	write := s.writes[0]
	s.writes = s.writes[1:]
	write(w.failure())
}

func (s *script) showJournal(*words) { s.printf("%s", s.journal.String()) }

func (s *script) status(*words) {
	st := s.running().Status()
	s.printf("in flight %d, waiting %d, looking up %d for %v", st.InFlight, st.Waiting, st.LookingUp, st.LookingFor)
}

// Commands.

// carryOut does what the engine asks for and prints it.
func (s *script) carryOut() {
	for s.engine != nil {
		r := s.engine.Ready()
		if len(r.Claims)+len(r.Records)+len(r.Requests)+len(r.Lookups)+len(r.Results) == 0 {
			break
		}
		if len(r.Claims) > 0 {
			s.claim(r.Claims)
		}
		for _, rec := range r.Records {
			s.record(rec)
		}
		for _, req := range r.Requests {
			s.requests[req.Number] = req
			s.printf("%s", s.describeRequest(req))
		}
		for _, l := range r.Lookups {
			s.looked++
			s.lookups[s.looked] = l
			s.printf("lookup %d: %s", s.looked, describeLookup(l))
		}
		for _, res := range r.Results {
			if s.results[res.Index] {
				s.fatalf("operation %d has a second outcome", res.Index)
			}
			s.results[res.Index] = true
			s.printf("%s", describeResult(res, s.engine.Stopped()))
		}
		for i := range r.Lookups {
			s.answerLookup(s.looked - len(r.Lookups) + 1 + i)
		}
	}
	if s.engine == nil {
		return
	}
	if err := s.engine.Stopped(); err != nil && !s.stopped {
		s.stopped = true
		s.printf("stop: %s", oneLine(err))
	}
	if s.engine.Finished() && !s.finished {
		s.finished = true
		if len(s.results) != len(s.ops) {
			s.fatalf("%d operations, %d outcomes", len(s.ops), len(s.results))
		}
		s.printf("finished")
	}
}

func (s *script) claim(claims []Claim) {
	known := make([]Earlier, len(claims))
	var texts []string
	for i, c := range claims {
		known[i] = s.journal.claim(c)
		what := ""
		if c.Key == (Key{}) {
			what = "under its other name "
		}
		texts = append(texts, fmt.Sprintf("%d %s%s", c.Index, what, describeEarlier(known[i])))
	}
	s.printf("claim %s", strings.Join(texts, ", "))
	e := s.engine
	answer := func(err error) {
		if err != nil {
			known = nil
		}
		e.Claimed(s.now(), known, err)
	}
	if s.holding {
		s.claims = append(s.claims, answer)
		return
	}
	answer(nil)
}

func (s *script) record(rec Record) {
	var texts []string
	for _, c := range rec.Changes {
		texts = append(texts, s.journal.describe(c))
	}
	s.printf("record %s", strings.Join(texts, ", "))
	e := s.engine
	write := func(err error) {
		if err == nil {
			s.journal.write(rec.Changes, s.now().Wall)
		}
		e.Recorded(s.now(), rec.Number, err)
	}
	if s.holding {
		s.writes = append(s.writes, write)
		return
	}
	write(nil)
}

func (s *script) describeRequest(r Request) string {
	var texts []string
	for _, it := range r.Items {
		text := fmt.Sprintf("%d %s", it.Index, s.text[it.Index])
		for _, k := range it.Known {
			text += fmt.Sprintf(" (%s is %s)", k.Name, k.ID)
		}
		texts = append(texts, text)
	}
	head := fmt.Sprintf("send %d", r.Number)
	if r.FailOnErrors > 0 {
		head += fmt.Sprintf(" failOnErrors %d", r.FailOnErrors)
	}
	if len(texts) > 6 {
		var indexes []int
		for _, it := range r.Items {
			indexes = append(indexes, it.Index)
		}
		texts = []string{joinNumbers(indexes)}
	}
	return head + ": " + strings.Join(texts, "; ")
}

func describeResult(r Result, stop error) string {
	text := fmt.Sprintf("result %d: %v", r.Index, r.Outcome)
	if r.Outcome == Succeeded {
		text += with(" ", r.ID)
	} else {
		text += ", " + describeReason(r, stop)
	}
	switch {
	case r.Unchanged:
		text += ", unchanged"
	case r.Existing && r.Outcome == Succeeded:
		text += ", updated"
	}
	if r.Recovered {
		text += ", recovered"
	}
	if r.Replayed {
		text += ", by an earlier run"
	}
	if r.Attempts > 1 {
		text += fmt.Sprintf(", %d attempts", r.Attempts)
	}
	return text
}

func describeReason(r Result, stop error) string {
	err := r.Err
	switch d := r.Drop; {
	case d != nil:
		switch d.Why {
		case plan.Unknown:
			return "nothing is called " + d.Name
		case plan.Duplicate:
			return d.Name + " is taken"
		case plan.TooLarge:
			return "too large"
		case plan.Cycle:
			return "a cycle of too many: " + strings.Join(d.Cycle, ", ")
		case plan.Forward:
			return "refers forward to " + d.Name
		case plan.Needed:
			return fmt.Sprintf("needs %d", d.Of)
		case plan.NoID:
			return fmt.Sprintf("needs the id of %d", d.Of)
		}
	case err == stop && err != nil && r.Outcome == Skipped && !r.Refused:
		return "the job stopped"
	case errors.Is(err, ErrCorrected):
		return "an earlier run has created that name from other content"
	case err == ErrAmbiguous:
		return "several have its name"
	case err == ErrTaken:
		if r.ExistingID == "" {
			return "another operation makes it"
		}
		return "there is " + r.ExistingID + ", of another operation"
	case err == ErrNotCreated:
		return r.ExistingID + " was there before"
	}
	return oneLine(err) + with(", there is ", r.ExistingID)
}

func describeEarlier(k Earlier) string {
	switch {
	case k.Known == KnownDone:
		return "done"
	case k.Known == KnownSent && len(k.Rivals) > 0:
		return "sent with rivals"
	case k.Known == KnownSent:
		return "sent"
	case len(k.Rivals) > 0:
		return "new with rivals"
	}
	return "new"
}

func with(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

func oneLine(err error) string {
	if err == nil {
		return "no reason"
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}

// joinNumbers writes ranges of three and more as one.
func joinNumbers(n []int) string {
	var texts []string
	for i := 0; i < len(n); {
		k := i
		for k+1 < len(n) && n[k+1] == n[k]+1 {
			k++
		}
		if k-i >= 2 {
			texts = append(texts, fmt.Sprintf("%d to %d", n[i], n[k]))
			i = k + 1
			continue
		}
		texts = append(texts, strconv.Itoa(n[i]))
		i++
	}
	return strings.Join(texts, ", ")
}

// scriptJournal is a journal that outlives the runs of a script.
type scriptJournal struct {
	rows        []*scriptRow
	foreign     map[string]bool
	owned       map[string]bool // by earlier runs
	lastWritten time.Time
	lastDate    time.Time
	asked       []Claim          // in all stages of this run
	claims      map[uint64]Claim // of this run
	ticket      uint64
}

type scriptRow struct {
	change  Change // the first SentChange, with the success once it is done
	done    bool
	claimed bool
}

func (j *scriptJournal) begin() (lastWritten, lastDate time.Time) {
	j.claims, j.owned = map[uint64]Claim{}, maps.Clone(j.foreign)
	if j.owned == nil {
		j.owned = map[string]bool{}
	}
	for _, r := range j.rows {
		r.claimed = false
		if r.done {
			j.owned[r.change.ID] = true
		}
	}
	return j.lastWritten, j.lastDate
}

func (j *scriptJournal) owns(id string) bool { return j.owned[id] }

// claimAgain claims for the stages before what they have claimed.
func (j *scriptJournal) claimAgain() {
	again := j.asked
	j.asked = nil
	for _, c := range again {
		j.claim(c)
	}
}

func (j *scriptJournal) claim(c Claim) Earlier {
	j.asked = append(j.asked, c)
	var row *scriptRow
	for _, r := range j.rows {
		if r.change.Key == c.Key && !r.claimed && (row == nil || r.done && !row.done) {
			row = r
		}
	}
	known := Earlier{Index: c.Index}
	switch {
	case row == nil:
		j.ticket++
		known.Ticket = j.ticket
	case row.done:
		known = Earlier{
			Index: c.Index, Ticket: row.change.Ticket, Known: KnownDone, Status: row.change.Status, ID: row.change.ID,
			Location: row.change.Location, Version: row.change.Version, Recovered: row.change.Recovered,
		}
	default:
		known.Ticket, known.Known, known.Sent, known.Date = row.change.Ticket, KnownSent, row.change.Sent, row.change.Date
	}
	j.claims[known.Ticket] = c
	if row != nil {
		row.claimed = true
	}
	if known.Known == KnownDone || known.Known == KnownSent && c.Create {
		return known
	}
	for _, r := range j.rows {
		if c.Name != (Key{}) && r.change.Name == c.Name && r.change.Key != c.Key && !r.claimed {
			if !r.done && r.change.Sent.IsZero() {
				continue
			}
			known.Rivals = append(known.Rivals, r.change.Ticket)
			known.RivalSent = known.RivalSent || !r.done
		}
	}
	return known
}

func (j *scriptJournal) row(ticket uint64) *scriptRow {
	for _, r := range j.rows {
		if r.change.Ticket == ticket {
			return r
		}
	}
	return nil
}

func (j *scriptJournal) write(changes []Change, wall time.Time) {
	j.lastWritten = wall
	for _, c := range changes {
		row := j.row(c.Ticket)
		if c.Date.After(j.lastDate) {
			j.lastDate = c.Date
		}
		switch {
		case c.Kind == ForeignChange:
			if j.foreign == nil {
				j.foreign = map[string]bool{}
			}
			j.foreign[c.ID] = true
		case c.Kind == Forget, c.Kind == ReplacedChange:
			j.rows = slices.DeleteFunc(j.rows, func(r *scriptRow) bool { return r == row })
		case c.Kind == UndoneChange:
			row.done, row.change.Sent, row.change.Date = false, time.Time{}, time.Time{}
		case c.Kind == SentChange && row == nil:
			j.rows = append(j.rows, &scriptRow{change: c, claimed: true})
		case c.Kind == DoneChange && row != nil:
			c.Key, c.Name, c.Sent, c.Date = row.change.Key, row.change.Name, row.change.Sent, row.change.Date
			row.change, row.done = c, true
		}
	}
}

func (j *scriptJournal) describe(c Change) string {
	index := j.claims[c.Ticket].Index
	switch c.Kind {
	case SentChange:
		if j.row(c.Ticket) != nil {
			return fmt.Sprintf("sent %d again", index)
		}
		return fmt.Sprintf("sent %d", index)
	case DoneChange:
		return fmt.Sprintf("done %d", index)
	case Forget:
		return fmt.Sprintf("forget %d", index)
	case ReplacedChange:
		return "replaced one of an earlier run"
	case UndoneChange:
		if _, claimed := j.claims[c.Ticket]; claimed {
			return fmt.Sprintf("undone %d", index)
		}
		return "undone one of an earlier run"
	}
	return "foreign " + c.ID
}

// String tells what the journal holds.
func (j *scriptJournal) String() string {
	var texts []string
	for _, r := range j.rows {
		state := "sent"
		if r.done {
			state = "done"
		}
		texts = append(texts, fmt.Sprintf("%d %s", j.claims[r.change.Ticket].Index, state))
	}
	for _, id := range slices.Sorted(maps.Keys(j.foreign)) {
		texts = append(texts, "foreign "+id)
	}
	return "journal: " + cmp.Or(strings.Join(texts, ", "), "empty")
}

// words are what is left of a line.
type words struct {
	s    *script
	rest []string
}

// splitWords takes a line apart. Quoted text is one word, which keeps its
// quotes, and a comma or colon at the end of a word is one of its own.
func splitWords(line string) (out []string) {
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		if line[0] == '"' {
			if quoted, err := strconv.QuotedPrefix(line); err == nil {
				out, line = append(out, quoted), line[len(quoted):]
				continue
			}
		}
		word, rest, _ := strings.Cut(line, " ")
		line = rest
		if at := len(word) - 1; at > 0 && (word[at] == ',' || word[at] == ':') {
			out = append(out, word[:at], word[at:])
			continue
		}
		out = append(out, word)
	}
	return out
}

func (w *words) more() bool { return len(w.rest) > 0 }

func (w *words) next() string {
	if !w.more() {
		w.s.fatalf("the line ends too soon")
	}
	word := w.rest[0]
	w.rest = w.rest[1:]
	return word
}

func (w *words) accept(word string) bool {
	if w.more() && w.rest[0] == word {
		w.rest = w.rest[1:]
		return true
	}
	return false
}

func (w *words) expect(word string) {
	if !w.accept(word) {
		w.s.fatalf("got %q, expected %q", strings.Join(w.rest, " "), word)
	}
}

func (w *words) end() {
	if w.more() {
		w.s.fatalf("unknown words %q", strings.Join(w.rest, " "))
	}
}

func (w *words) number() int { return w.s.parseNumber(w.next()) }

func (w *words) duration() time.Duration { return w.s.parseDuration(w.next()) }

func (w *words) text() string {
	word := w.next()
	text, err := strconv.Unquote(word)
	if err != nil {
		w.s.fatalf("got %s, expected a text in quotes", word)
	}
	return text
}

// list is one or more words with commas between.
func (w *words) list() (list []string) {
	list = append(list, w.next())
	for w.accept(",") {
		list = append(list, w.next())
	}
	return list
}

func (s *script) parseNumber(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		s.fatalf("got %q, expected a number", text)
	}
	return n
}

func (s *script) parseDuration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.fatalf("got %q, expected a duration such as 5s", text)
	}
	return d
}
