package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/webexscim/bulk/internal/raced"
)

var exported = flag.Int("export.users", 10_000, "users in TestExportScale")

// bigOrganization answers searches for users as a service with n of them does,
// sorted by id.
func bigOrganization(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		start, _ := strconv.Atoi(r.URL.Query().Get("startIndex"))
		count, _ := strconv.Atoi(r.URL.Query().Get("count"))
		fmt.Fprintf(w, `{"totalResults":%d,"Resources":[`, n)
		for i := start; i < start+count && i <= n; i++ {
			if i > start {
				io.WriteString(w, ",")
			}
			fmt.Fprintf(w, `{"id":"00000000-0000-4000-8000-%012d","userName":"person.%d@example.com","active":true,"title":"Engineer","displayName":"Person %d",
				"name":{"givenName":"Person","familyName":"No %d"},"emails":[{"type":"work","primary":true,"value":"person.%d@example.com"}],
				"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R&D","manager":{"value":"00000000-0000-4000-8000-%012d"}},
				"meta":{"version":"W/\"1\"","created":"2026-01-01T00:00:00Z","lastModified":"2026-01-01T00:00:00Z"}}`, i, i, i, i, i, i%10+1)
		}
		io.WriteString(w, "]}")
	}
}

// The memory of export grows by little more than the names of the people,
// whatever their number: some 200 bytes each.
func TestExportScale(t *testing.T) {
	switch {
	case runtime.GOOS != "linux":
		t.Skip("memory is measured as Linux tells it")
	case raced.On:
		t.Skip("the program that is measured is built without the race detector")
	}
	dir := t.TempDir()
	var peak [2]int64
	for i, n := range []int{*exported / 10, *exported} {
		server := httptest.NewServer(bigOrganization(n))
		defer server.Close()
		out := filepath.Join(dir, "users.csv")
		cmd := exec.Command(filepath.Join(program(), "webex-bulk"), "export", "users", "--out", out)
		cmd.Env = append(os.Environ(), access(server.URL)...)
		began := time.Now()
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		peak[i] = maxRSS(cmd.ProcessState)
		sheet, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		last := fmt.Appendf(nil, "person.%d@example.com,Engineer,R&D,person.%d@example.com", n, n%10+1)
		if lines := bytes.Count(sheet, []byte("\n")); lines != n+1 || !bytes.Contains(sheet, last) {
			t.Errorf("%d lines for %d users", lines, n)
		}
		t.Logf("%d users: %v, %d MiB at most", n, time.Since(began).Round(time.Millisecond), peak[i]>>20)
	}
	if most := int64(20<<20 + 300*(*exported)); peak[1]-peak[0] > most {
		t.Errorf("%d bytes more for ten times as many users, %d allowed", peak[1]-peak[0], most)
	}
}
