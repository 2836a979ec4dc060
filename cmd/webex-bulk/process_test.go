package main

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/webextest"
)

// TestApplyHasNoDataRace runs apply with all that goes on at the same time, for
// the race detector: workers, results, the recorder of a page, names, a
// journal.
func TestApplyHasNoDataRace(t *testing.T) {
	sim := webextest.New(webextest.Config{Seed: 1, Token: token})
	server := httptest.NewServer(sim)
	defer server.Close()
	t.Chdir(t.TempDir())
	setAccess(t, server.URL)
	people := raced.Fewer(500, 1500)
	var sheet strings.Builder
	sheet.WriteString("userName,Manager\n")
	for i := range people {
		fmt.Fprintf(&sheet, "user%d@example.com,user%d@example.com\n", i, (i+7)/8)
	}
	if err := os.WriteFile("people.csv", []byte(sheet.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		var out, err bytes.Buffer
		code := run([]string{
			"apply", "--concurrency", "16", "--results", "r.ndjson", "--failed", "f.csv",
			"--report", "r.html", "--report-names", "people.csv",
		}, strings.NewReader(""), &out, &err)
		if code != exitDone {
			t.Fatalf("run %d: code %d\n%s%s", n, code, &out, &err)
		}
	}
	if users, _ := sim.Count(); users != people || sim.Stats().Created != people {
		t.Errorf("%d users, %d created", users, sim.Stats().Created)
	}
	if err := sim.Check(); err != nil {
		t.Error(err)
	}
	raw, err := os.ReadFile("r.ndjson")
	if n := bytes.Count(raw, []byte("\n")); n != people || err != nil {
		t.Errorf("%d results, %v", n, err)
	}
}
