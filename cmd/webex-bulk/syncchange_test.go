package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/webextest"
)

// While sync reads the organization, others delete, rename and create people,
// so that what follows a page moves. Nobody who is in the sheet is created
// twice or removed.
func TestSyncHarmsNobodyWhilePeopleChange(t *testing.T) {
	sim := webextest.New(webextest.Config{Token: token, Seed: 1})
	var rows []string
	for i := range 450 {
		name := fmt.Sprintf("p%d@example.com", i)
		user := map[string]any{"userName": name, "externalId": fmt.Sprint("e", i), "active": true}
		if _, err := sim.Add("/Users", user); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, name+",e"+fmt.Sprint(i))
	}
	others, err := client.New(client.Config{
		OrgID: webextest.DefaultOrgID, Token: client.StaticToken(token), HTTPClient: sim.Client(), BaseURL: "http://127.0.0.1",
	})
	if err != nil {
		t.Fatal(err)
	}
	change := &meanwhile{ctx: t.Context(), client: others, sim: sim}
	server := httptest.NewServer(change)
	defer server.Close()
	setAccess(t, server.URL)

	sheet := filepath.Join(t.TempDir(), "hr.csv")
	rows = append(rows, "new@example.com,") // somebody else creates her meanwhile
	text := "User ID/Email (Required),externalId\n" + strings.Join(rows, "\n") + "\n"
	if err := os.WriteFile(sheet, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	args := []string{"sync", "--yes", "--leavers", "delete", "--max-removals", "100%", "--no-journal", sheet}
	code := run(args, strings.NewReader(""), &out, &out)
	t.Logf("%d\n%s", code, out.String())
	if change.pages < 5 || change.err != nil {
		t.Fatalf("%d pages, %v", change.pages, change.err)
	}
	check := func() {
		users := map[string]int{}
		for _, u := range sim.Users() {
			users[u.UserName()]++
		}
		for _, row := range rows {
			name, _, _ := strings.Cut(row, ",")
			if n := users[name]; n > 1 || n == 0 && !change.deleted[name] && change.renamed[name] == "" {
				t.Errorf("%d users %s", n, name)
			}
		}
		for from, to := range change.renamed {
			if users[from]+users[to] != 1 {
				t.Errorf("%d users %s and %d %s", users[from], from, users[to], to)
			}
		}
	}
	check()
	if deleted := sim.Stats().Deleted - len(change.deleted); deleted != 0 {
		t.Errorf("sync deleted %d", deleted)
	}

	// In the end the organization is as the sheet says.
	change.quiet()
	for i := 0; ; i++ {
		out.Reset()
		code = run(args, strings.NewReader(""), &out, &out)
		if code == 0 && strings.Contains(out.String(), "nothing to do") {
			break
		}
		if i == 2 {
			t.Fatalf("%d\n%s", code, out.String())
		}
	}
	clear(change.deleted)
	clear(change.renamed)
	check()
	if users, _ := sim.Count(); users != 451 {
		t.Errorf("%d users", users)
	}
}

// meanwhile is a service whose people change after every page of a list.
type meanwhile struct {
	ctx    context.Context
	client *client.Client
	sim    *webextest.Simulator

	mu      sync.Mutex
	pages   int
	stopped bool
	deleted map[string]bool
	renamed map[string]string
	err     error
}

func (m *meanwhile) quiet() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stopped = true
}

func (m *meanwhile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.sim.ServeHTTP(w, r)
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/Users") || m.stopped || m.pages == 8 {
		return
	}
	if m.pages == 0 {
		m.deleted, m.renamed = map[string]bool{}, map[string]string{}
		m.do(client.Users.Create(gen.User{
			UserName: "new@example.com", UserType: "user",
			Emails: []gen.Email{{Type: "work", Value: "new@example.com", Primary: new(true)}},
		}))
	}
	// One of the first goes, so that those behind move up; one of the last gets
	// a new name.
	gone, other := fmt.Sprintf("p%d@example.com", m.pages*3), fmt.Sprintf("p%d@example.com", 449-m.pages*5)
	m.deleted[gone], m.renamed[other] = true, "x"+other
	if user, ok := m.sim.UserByName(gone); ok {
		m.do(client.Users.Delete(user.ID()))
	}
	if user, ok := m.sim.UserByName(other); ok {
		m.do(client.Users.Patch(user.ID(), client.Replace("userName", "x"+other)))
	}
	m.pages++
}

func (m *meanwhile) do(op client.Operation) {
	results, err := m.client.Do(m.ctx, op)
	if err == nil {
		err = client.JoinErrors(results)
	}
	if err != nil && m.err == nil {
		m.err = err
	}
}
