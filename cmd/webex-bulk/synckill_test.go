package main

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/webexscim/bulk/webextest"
)

var (
	syncKills = flag.Int("sync.kills", 3, "kills of each sheet in TestKilledSyncIsCompletedByRepetition; the long form is 60")
	syncSeed  = flag.Uint64("sync.seed", 1, "seed of their moments")
)

// killedSync is an organization, and a process that makes it as sheets say and
// that is killed.
type killedSync struct {
	t       *testing.T
	sim     *webextest.Simulator
	dir     string
	env     []string
	rng     *rand.Rand
	leavers string
	met     int // kills while the service had a request
	nothing int // runs that were left to themselves until there was nothing to do
}

// A sync that is killed at any moment, and repeated until it has nothing to do,
// makes the organization as the sheet says: nobody and no group twice, nobody
// removed who is in the sheet or must stay.
func TestKilledSyncIsCompletedByRepetition(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no SIGKILL")
	}
	t.Parallel()
	people, groups := 40+4**syncKills, 6+2**syncKills
	k := &killedSync{t: t, dir: t.TempDir(), rng: rand.New(rand.NewPCG(*syncSeed, 1))}
	k.sim = webextest.New(webextest.Config{
		Token: token, Owner: "owner@example.com", Latency: 15 * time.Millisecond, ReadLag: 150 * time.Millisecond,
	})
	server := httptest.NewServer(k.sim)
	defer server.Close()
	k.env = append(os.Environ(), access(server.URL)...)

	k.leavers = []string{"delete", "deactivate"}[*syncSeed%2]
	ids := k.addPeople(people)
	k.write("people.csv", k.peopleSheet(people))
	k.untilDone("people.csv")
	k.checkPeople(people, ids)

	k.leavers = "delete"
	k.addGroups(groups, people)
	k.write("groups.csv", k.groupSheet(groups, people))
	k.untilDone("groups.csv")
	k.checkGroups(groups, people)
	if err := k.sim.Check(); err != nil {
		t.Error(err)
	}
	t.Logf("%d kills, %d of them with a request under way; %d runs after them; %d requests",
		2**syncKills, k.met, k.nothing, k.sim.Stats().Requests)
	if *syncKills >= 20 && k.met < *syncKills/2 {
		t.Error("the kills prove little")
	}
}

// run runs a sync; killed tells that it is killed at some moment.
func (k *killedSync) run(sheet string, killed bool) (code int, said string) {
	k.t.Helper()
	cmd := exec.Command(filepath.Join(program(), "webex-bulk"), "sync", "--yes", "--leavers", k.leavers, "--max-removals", "100%",
		"--max-operations", "4", "--concurrency", "2", "--lookup-patience", "250ms", "--max-service-time", "250ms", sheet)
	cmd.Dir, cmd.Env = k.dir, k.env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	before := k.sim.Stats()
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	if killed {
		k.await(ended, func(now webextest.Stats) bool { return now.Bulk > before.Bulk })
		select {
		case <-ended:
		case <-time.After(time.Duration(k.rng.IntN(120)) * time.Millisecond):
			if k.sim.Stats().InFlight > 0 {
				k.met++
			}
			_ = cmd.Process.Kill()
		}
	}
	select {
	case <-ended:
	case <-time.After(time.Minute):
		_ = cmd.Process.Kill()
		k.t.Fatalf("it does not end:\n%s", &out)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// await waits until the service has seen something, or the process has ended.
func (k *killedSync) await(ended chan struct{}, seen func(webextest.Stats) bool) {
	for !seen(k.sim.Stats()) {
		select {
		case <-ended:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// untilDone kills syncs of a sheet, and then repeats the same command until it
// has nothing to do.
func (k *killedSync) untilDone(sheet string) {
	k.t.Helper()
	for range *syncKills {
		k.run(sheet, true)
	}
	said := ""
	for range 10 {
		k.nothing++
		var code int
		if code, said = k.run(sheet, false); code == exitDone && strings.Contains(said, "nothing to do") {
			return
		}
	}
	k.t.Fatalf("%s: no end:\n%s", sheet, said)
}

func (k *killedSync) write(name, text string) {
	if err := os.WriteFile(filepath.Join(k.dir, name), []byte(text), 0o600); err != nil {
		k.t.Fatal(err)
	}
}

func (k *killedSync) add(path string, resource map[string]any) string {
	id, err := k.sim.Add(path, resource)
	if err != nil {
		k.t.Fatal(err)
	}
	return id
}

// addPeople adds n people: those of odd numbers leave. Some have a role or are
// no people, and stay. It returns who must stay, by id.
func (k *killedSync) addPeople(n int) (stay map[string]string) {
	stay = map[string]string{}
	keep := func(user map[string]any) { stay[k.add("/Users", user)] = user["userName"].(string) }
	keep(map[string]any{"userName": "owner@example.com"})
	admin := map[string]any{"type": "cirole", "value": "id_full_admin"}
	keep(map[string]any{"userName": "admin@example.com", "roles": []any{admin}})
	keep(map[string]any{"userName": "room@example.com", "userType": "room"})
	for i := range n {
		user := map[string]any{"userName": fmt.Sprintf("old%d@example.com", i), "externalId": fmt.Sprintf("x%d", i), "title": "Clerk"}
		id := k.add("/Users", user)
		if i%2 == 0 {
			stay[id] = renamed(i)
		}
	}
	return stay
}

// renamed is the userName that somebody who stays gets: every sixth has a new
// one, and somebody new has the old one.
func renamed(i int) string {
	if i%6 == 0 {
		return fmt.Sprintf("renamed%d@example.com", i)
	}
	return fmt.Sprintf("old%d@example.com", i)
}

func (k *killedSync) peopleSheet(n int) string {
	rows := []string{"userName,externalId,title,Manager"}
	for i := 0; i < n; i += 2 {
		rows = append(rows, fmt.Sprintf("%s,x%d,Engineer,new0@example.com", renamed(i), i))
		if i%6 == 0 {
			rows = append(rows, fmt.Sprintf("old%d@example.com,y%d,Heir,new1@example.com", i, i))
		}
	}
	for i := range n {
		rows = append(rows, fmt.Sprintf("new%d@example.com,n%d,Apprentice,new%d@example.com", i, i, i/3))
	}
	return strings.Join(rows, "\n") + "\n"
}

func (k *killedSync) checkPeople(n int, stay map[string]string) {
	k.t.Helper()
	for id, name := range stay {
		if u, ok := k.sim.User(id); !ok || u["userName"] != name {
			k.t.Errorf("%s has gone, or has the name %v", name, u["userName"])
		}
	}
	users, _ := k.sim.Count()
	heirs, leavers := (n+5)/6, 0
	for i := 1; i < n; i += 2 {
		leaver, ok := k.sim.UserByName(fmt.Sprintf("old%d@example.com", i))
		if ok {
			leavers++
		}
		if (k.leavers == "deactivate") != ok || ok && leaver["active"] != false {
			k.t.Errorf("a leaver, to %s: there %v, active %v", k.leavers, ok, leaver["active"])
		}
	}
	if want := len(stay) + heirs + n + leavers; users != want {
		k.t.Errorf("%d users, want %d", users, want)
	}
	boss, _ := k.sim.UserByName("new0@example.com")
	check := func(name, title, manager string) {
		u, ok := k.sim.UserByName(name)
		if extension, _ := u["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"].(map[string]any); !ok || u["title"] != title ||
			extension == nil || fmt.Sprint(extension["manager"].(map[string]any)["value"]) != manager {
			k.t.Errorf("%s: %v", name, u)
		}
	}
	for i := range n {
		if i%2 == 0 {
			check(renamed(i), "Engineer", boss.ID())
		}
		name := fmt.Sprintf("new%d@example.com", i)
		manager, _ := k.sim.UserByName(fmt.Sprintf("new%d@example.com", i/3))
		if check(name, "Apprentice", manager.ID()); k.sim.Created(name) != 1 {
			k.t.Errorf("%s was created %d times", name, k.sim.Created(name))
		}
	}
}

// membersOf are the members that a group has in the sheet: some people, in a
// ring.
func membersOf(i, people int) (names []string) {
	for m := range 5 {
		names = append(names, fmt.Sprintf("new%d@example.com", (3*i+m)%people))
	}
	return names
}

// addGroups adds n groups with other members than they are to have, and others
// that leave.
func (k *killedSync) addGroups(n, people int) {
	for i := range n {
		var list []any
		for _, name := range membersOf(i+1, people) {
			u, _ := k.sim.UserByName(name)
			list = append(list, map[string]any{"value": u.ID(), "type": "user"})
		}
		name := fmt.Sprintf("Group %d", i)
		if i%4 == 0 {
			name = fmt.Sprintf("Leaver %d", i)
		}
		k.add("/Groups", map[string]any{"displayName": name, "members": list})
	}
}

// groupSheet has all groups that stay, and as many new ones.
func (k *killedSync) groupSheet(n, people int) string {
	rows := []string{"displayName,members"}
	for i := range 2 * n {
		if i >= n || i%4 != 0 {
			rows = append(rows, fmt.Sprintf("Group %d,%s", i, strings.Join(membersOf(i, people), "; ")))
		}
	}
	return strings.Join(rows, "\n") + "\n"
}

func (k *killedSync) checkGroups(n, people int) {
	k.t.Helper()
	for i := range 2 * n {
		name := fmt.Sprintf("Group %d", i)
		groups := k.sim.GroupsByName(name)
		if i < n && i%4 == 0 {
			continue
		}
		if len(groups) != 1 {
			k.t.Errorf("%s is there %d times", name, len(groups))
			continue
		}
		var want, have []string
		for _, m := range membersOf(i, people) {
			u, _ := k.sim.UserByName(m)
			want = append(want, u.ID())
		}
		for _, m := range groups[0]["members"].([]any) {
			have = append(have, m.(map[string]any)["value"].(string))
		}
		slices.Sort(want)
		slices.Sort(have)
		if !slices.Equal(want, have) {
			k.t.Errorf("%s: members %v, want %v", name, have, want)
		}
	}
	if _, groups := k.sim.Count(); groups != 2*n-(n+3)/4 {
		k.t.Errorf("%d groups", groups)
	}
}
