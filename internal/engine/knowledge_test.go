package engine

import (
	"fmt"
	"strings"
	"testing"
)

// knowledgeTable says what is known after one more observation, for every pair,
// written down from the rules and not from the code. A dot means that nothing
// changes, since that cannot be observed then or tells nothing.
const knowledgeTable = `
              unsent   sent      lost       repeated   disputed   done   refused
attempted     sent     .         repeated   .          repeated   .      .
not_done      .        unsent    .          lost       .          .      .
success       .        done      .          done       .          .      .
conflict      .        refused   .          disputed   .          .      .
missing       .        refused   .          done       .          .      .
refusal       .        refused   .          disputed   .          .      .
no_answer     .        lost      .          lost       .          .      .
ours          .        .         done       .          done       .      .
foreign       .        .         .          .          refused    .      .
absent        .        .         unsent     .          refused    .      .
untouched     .        .         unsent     .          refused    .      .
`

func TestLearnEveryPair(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(knowledgeTable), "\n")
	names := strings.Fields(lines[0])
	known := map[string]Knowledge{}
	for k := Unsent; k <= Refused; k++ {
		if names[k] != k.String() {
			t.Fatalf("column %d is %q, expected %q", k, names[k], k)
		}
		known[k.String()] = k
	}
	if len(names) != len(known) || len(lines)-1 != evidenceKinds {
		t.Fatalf("%d columns and %d rows for %d and %d", len(names), len(lines)-1, len(known), evidenceKinds)
	}
	for i, line := range lines[1:] {
		e := Evidence(i)
		row := strings.Fields(line)
		if row[0] != strings.ReplaceAll(e.String(), " ", "_") {
			t.Fatalf("row %d is %q, expected %q", i, row[0], e)
		}
		for k := Unsent; k <= Refused; k++ {
			want := k
			if row[k+1] != "." {
				want = known[row[k+1]]
			}
			if got := k.Learn(e); got != want {
				t.Errorf("%v, %v: got %v, want %v", k, e, got, want)
			}
		}
	}
}

func TestMaybeEndsOnlyByEvidenceAboutTheAttempt(t *testing.T) {
	about := map[Evidence]bool{ // a lost attempt
		Success: true, // of its repetition, which comes to the same
		Missing: true, // a DELETE is in effect
		Ours:    true, Foreign: true, Absent: true, Untouched: true,
	}
	for e := range Evidence(evidenceKinds) {
		for _, k := range []Knowledge{Lost, Repeated, Disputed} {
			if after := k.Learn(e); !after.Maybe() && !about[e] {
				t.Errorf("%v becomes %v by %q, which says nothing about the lost attempt", k, after, e)
			}
		}
		for _, k := range []Knowledge{Done, Refused} {
			if after := k.Learn(e); after != k {
				t.Errorf("%v becomes %v by %q", k, after, e)
			}
		}
	}
}

// world is one operation at a service, of which the engine knows only evidence.
type world struct {
	done  bool // the service has carried it out
	late  bool // a lost attempt may still be carried out
	other bool // the resource is gone, or its name taken, by somebody else
	known Knowledge
}

// TestLearnIsNeverContradicted walks through everything that can happen to an
// operation, and compares what is known with what is true.
func TestLearnIsNeverContradicted(t *testing.T) {
	seen := map[world]string{{}: "start"}
	todo := []world{{}}
	for len(todo) > 0 {
		w := todo[0]
		todo = todo[1:]
		history := seen[w]
		switch k := w.known; {
		case (k == Unsent || k == Refused) && (w.done || w.late):
			t.Errorf("%v, but it was done or may be yet: %s", k, history)
		case k == Done && !w.done && !w.other:
			t.Errorf("done, but it was not: %s", history)
		}
		for what, next := range w.steps() {
			if _, ok := seen[next]; !ok {
				seen[next] = history + ", " + what
				todo = append(todo, next)
			}
		}
	}
	t.Logf("%d situations", len(seen))
}

// steps are all that can happen next.
func (w world) steps() map[string]world {
	steps := map[string]world{}
	learn := func(next world, e ...Evidence) {
		for _, e := range e {
			next.known = next.known.Learn(e)
		}
		steps[fmt.Sprint(e)] = next
	}
	if w.late {
		steps["late work is done"] = world{done: true, other: w.other, known: w.known}
		steps["late work is given up"] = world{done: w.done, other: w.other, known: w.known}
	}
	if !w.other && !w.done {
		steps["somebody else interferes"] = world{late: w.late, other: true, known: w.known}
	}
	switch w.known {
	case Unsent, Lost, Disputed: // not in flight: it may be sent
		done, late := w, w
		done.done, late.late = true, true
		learn(w, Attempted, NotDone)
		learn(w, Attempted, Refusal)
		learn(late, Attempted, NoAnswer)
		if w.done || w.other {
			learn(w, Attempted, Conflict)
			learn(w, Attempted, Missing)
		}
		if !w.other {
			learn(done, Attempted, Success)
		}
	}
	if w.known != Lost && w.known != Disputed {
		return steps
	}
	switch {
	case w.done:
		learn(w, Ours)
	case !w.late:
		learn(w, Absent)
		learn(w, Untouched)
		if w.other {
			learn(w, Foreign)
		}
	}
	return steps
}

func TestOutcomeFollowsFromKnowledge(t *testing.T) {
	want := map[Knowledge]Outcome{
		Unsent: Skipped, Sent: Unknown, Lost: Unknown, Repeated: Unknown, Disputed: Unknown, Done: Succeeded, Refused: Failed,
	}
	for k := Unsent; k <= Refused; k++ {
		if got := k.Outcome(); got != want[k] {
			t.Errorf("%v: got %v, want %v", k, got, want[k])
		}
	}
}
