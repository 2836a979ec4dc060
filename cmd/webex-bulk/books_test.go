package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/terminal"
)

// TestBits holds that the set has what was added and nothing else.
func TestBits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		added := rapid.SliceOf(rapid.IntRange(0, 1000)).Draw(t, "added")
		var b bits
		for _, i := range added {
			b.add(i)
		}
		for i := range 1100 {
			if b.has(i) != slices.Contains(added, i) {
				t.Fatalf("has(%d) is %v", i, b.has(i))
			}
		}
	})
}

// TestOlderResultsStay holds that a results file is emptied by the first result
// and not before, and that a file that was not there is not left behind empty.
func TestOlderResultsStay(t *testing.T) {
	dir := t.TempDir()
	old, fresh := filepath.Join(dir, "old"), filepath.Join(dir, "new")
	if err := os.WriteFile(old, []byte("older results, longer than the new ones\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{old, fresh} {
		r, err := openResults(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}
	if raw, _ := os.ReadFile(old); !strings.HasPrefix(string(raw), "older") {
		t.Errorf("older results are gone: %q", raw)
	}
	if _, err := os.Stat(fresh); err == nil {
		t.Error("an empty file is left")
	}
	r, err := openResults(old, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.write(report.Line{Index: 7}); err != nil {
		t.Error(err)
	}
	if raw, _ := os.ReadFile(old); !strings.HasPrefix(string(raw), `{"index":7,`) || bytes.Contains(raw, []byte("older")) {
		t.Errorf("not flushed, or not emptied: %q", raw)
	}
	if err := r.close(); err != nil {
		t.Error(err)
	}
}

// TestMessagesWaitForTheProgressBar holds that nothing is written across the bar, and that
// nothing is lost.
func TestMessagesWaitForTheProgressBar(t *testing.T) {
	var out, screen bytes.Buffer
	s := talk{w: terminal.NewWriter(&out)}
	s.say("before")
	s.bar = report.NewProgress(&screen, 10, report.ProgressOptions{Sample: func() client.Progress { return client.Progress{} }})
	s.say("during")
	s.warn("watch out")
	if out.String() != "before\n" {
		t.Errorf("written across the bar: %q", out.String())
	}
	s.rest()
	s.rest()
	s.say("after")
	if want := "before\nduring\nwebex-bulk: warning: watch out\nafter\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	mute := talk{w: terminal.NewWriter(&out), quiet: true}
	out.Reset()
	mute.say("nothing")
	mute.warn("a secret is exposed")
	if out.String() != "webex-bulk: warning: a secret is exposed\n" {
		t.Errorf("%q", out.String())
	}
}

// TestCompany holds that equal seeds make equal companies, that names are
// unique, and that every reference is to somebody.
func TestCompany(t *testing.T) {
	collect := func(seed int64) (ops []client.Operation) {
		for op, err := range newCompany(300, seed).operations(func(string) {}) {
			if err != nil {
				t.Fatal(err)
			}
			ops = append(ops, op)
		}
		return ops
	}
	names, made := map[string]bool{}, map[string]bool{}
	first, second, other := collect(1), collect(1), collect(2)
	same := 0
	for i, op := range first {
		if op.BulkID != second[i].BulkID || text(t, op) != text(t, second[i]) {
			t.Fatalf("operation %d differs", i)
		}
		if i < len(other) && text(t, op) == text(t, other[i]) {
			same++
		}
		made[op.BulkID] = true
		if user, ok := op.Data.(gen.User); ok {
			if names[user.UserName] {
				t.Errorf("%s is there twice", user.UserName)
			}
			names[user.UserName] = true
		}
	}
	if len(names) != 300 || same == len(first) {
		t.Errorf("%d people, %d operations as with another seed", len(names), same)
	}
	for _, op := range first {
		for _, r := range references(raw(t, op)) {
			if !made[r] {
				t.Errorf("%s refers to %s, which is not made", op.BulkID, r)
			}
		}
	}
}

// raw is the operation as it travels.
func raw(t *testing.T, op client.Operation) client.Operation {
	t.Helper()
	data, err := json.Marshal(op.Data)
	if err != nil {
		t.Fatal(err)
	}
	op.Data = json.RawMessage(data)
	return op
}

func text(t *testing.T, op client.Operation) string {
	t.Helper()
	return string(raw(t, op).Data.(json.RawMessage))
}
