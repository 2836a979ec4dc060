package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/webexscim/bulk/internal/raced"
)

// A sync of all that export writes has nothing to do, and holds some kilobytes
// for each person: it compares the sheet with the organization as a whole.
func TestSyncScale(t *testing.T) {
	switch {
	case runtime.GOOS != "linux":
		t.Skip("memory is measured as Linux tells it")
	case raced.On:
		t.Skip("the program that is measured is built without the race detector")
	}
	dir := t.TempDir()
	n := *exported
	organization := bigOrganization(n)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(strings.ToLower(r.URL.Path), "/me") {
			w.WriteHeader(http.StatusNotFound) // a service app
			return
		}
		organization(w, r)
	}))
	defer server.Close()
	var peak [2]int64
	for i, args := range [][]string{{"export", "users", "--out", "users.csv"}, {"sync", "--leavers", "delete", "--no-journal", "users.csv"}} {
		cmd := exec.Command(filepath.Join(program(), "webex-bulk"), args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), access(server.URL)...)
		began := time.Now()
		text, err := cmd.CombinedOutput()
		equal := bytes.Contains(text, []byte("nothing to do")) &&
			bytes.Contains(text, fmt.Appendf(nil, "unchanged: %d of %d rows", n, n))
		if err != nil || i == 1 && !equal {
			t.Fatalf("%v\n%s", err, text)
		}
		peak[i] = maxRSS(cmd.ProcessState)
		t.Logf("%s of %d users: %v, %d MiB at most", args[0], n, time.Since(began).Round(time.Millisecond), peak[i]>>20)
	}
	if most := int64(40<<20 + 8<<10*n); peak[1] > most {
		t.Errorf("%d bytes, %d allowed", peak[1], most)
	}
}
