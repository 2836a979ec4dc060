package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/webextest"
)

// The organization that every client creates: each manager has eight reports,
// each group 50 members.
const (
	people    = 400
	teams     = 8
	teamSize  = people / teams
	relations = people - 1 // the first person has no manager
	reports   = 8
)

// maxRuns is how often a client is started that stops with an error.
const maxRuns = 2

// trial is what a client is to do.
type trial struct {
	name string
	// references says that the operations refer to each other, and are in random
	// order, so that half of the references point to a later one. Otherwise they
	// are in order, and the last of five requests has all groups.
	references bool
	cut        int // the number of the request whose answer is lost; 0 is none
}

var trials = []trial{
	{"with references", true, 0},
	{"with references, the second answer is lost", true, 2},
	{"without references, the last answer is lost", false, people/perRequest + 1},
}

func userName(i int) string { return fmt.Sprintf("user%d@example.com", i) }
func teamName(i int) string { return fmt.Sprintf("Team %d", i) }

// operations are those that create the organization.
func (t trial) operations() (ops []gen.BulkOperation) {
	add := func(path, bulkID string, data any) {
		text, err := json.Marshal(data)
		if err != nil {
			panic(err) // cannot happen: strings alone
		}
		ops = append(ops, gen.BulkOperation{Method: gen.BulkMethodPOST, Path: path, BulkID: bulkID, Data: text})
	}
	for i := range people {
		user := map[string]any{
			"schemas": []string{client.SchemaUser}, "userName": userName(i), "displayName": "User " + strconv.Itoa(i),
			"emails": []any{map[string]any{"value": userName(i), "type": "work", "primary": true}},
		}
		if i > 0 && t.references {
			user["schemas"] = []string{client.SchemaUser, client.SchemaEnterpriseUser}
			user[client.SchemaEnterpriseUser] = map[string]any{"manager": map[string]any{"value": client.Ref("u" + strconv.Itoa((i-1)/reports))}}
		}
		add("/Users", "u"+strconv.Itoa(i), user)
	}
	for i := range teams {
		group := map[string]any{"schemas": []string{client.SchemaGroup}, "displayName": teamName(i)}
		if t.references {
			var members []any
			for k := i; k < people; k += teams {
				members = append(members, map[string]any{"value": client.Ref("u" + strconv.Itoa(k)), "type": "user"})
			}
			group["members"] = members
		}
		add("/Groups", "g"+strconv.Itoa(i), group)
	}
	if t.references {
		rand.New(rand.NewPCG(1, 1)).Shuffle(len(ops), func(i, k int) { ops[i], ops[k] = ops[k], ops[i] })
	}
	return ops
}

// ending is the organization that a client has left.
type ending struct {
	client      string
	trial       trial
	runs        int
	failed      bool // the last run stopped with an error
	users       int
	managers    int // users whose manager is the right one
	groups      int // names of groups that exist
	doubled     int // groups of a name that exists already
	memberships int // in the first group of each name
	untold      int // resources that exist, and were not reported as created by the last run
}

// measureReferences lets each client create the organization against the
// simulator. A client that stops with an error is started again with the same
// operations, as a person would.
func (b *bench) measureReferences(ctx context.Context) error {
	for _, t := range trials {
		file := filepath.Join(b.dir, "organization.ndjson")
		if err := writeFile(file, 0, func(w *bufio.Writer, _ int) {
			for _, op := range t.operations() {
				encode(w, op)
			}
		}); err != nil {
			return err
		}
		for _, c := range b.contenders() {
			if c.name == nameFloor || c.name == nameJournal {
				continue
			}
			e, err := t.run(ctx, c, file)
			if err != nil {
				return err
			}
			b.results.references = append(b.results.references, e)
		}
	}
	return nil
}

// run lets a client do the operations of a file.
func (t trial) run(ctx context.Context, c contender, file string) (ending, error) {
	simulator := webextest.New(webextest.Config{OrgID: orgID, Token: token})
	if t.cut > 0 {
		for range t.cut - 1 {
			simulator.Script(&webextest.Fault{})
		}
		simulator.Script(webextest.CutAt(webextest.AfterWork))
	}
	server := httptest.NewServer(inRFCForm(simulator))
	defer server.Close()
	e := ending{client: c.name, trial: t}
	var created []string
	for e.failed = true; e.failed && e.runs < maxRuns; e.runs++ {
		input, err := json.Marshal(work{Client: c.work.Client, URL: server.URL, InFlight: 4, Organization: file})
		if err != nil {
			return e, err
		}
		cmd := c.start(ctx)
		cmd.Stdin, cmd.Stderr = bytes.NewReader(input), nil
		out, err := cmd.Output()
		e.failed = err != nil
		if err != nil {
			fmt.Fprintf(os.Stderr, "          %s stopped: %s\n", c.name, lastLine(err))
			continue
		}
		lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
		if err := json.Unmarshal(lines[len(lines)-1], &created); err != nil {
			return e, fmt.Errorf("%s: %w: %q", c.name, err, out)
		}
	}
	e.inspect(simulator, created)
	fmt.Fprintf(os.Stderr, "          %+v\n", e)
	return e, nil
}

// lastLine returns the last line that a process wrote before it failed.
func lastLine(err error) string {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		lines := strings.Split(strings.TrimSpace(string(exit.Stderr)), "\n")
		return lines[len(lines)-1]
	}
	return err.Error()
}

// inspect counts what is in the simulator.
func (e *ending) inspect(s *webextest.Simulator, created []string) {
	ids := make([]string, people)
	for i := range people {
		user, ok := s.UserByName(userName(i))
		if !ok {
			continue
		}
		ids[i] = user.ID()
		e.users++
		if !slices.Contains(created, "u"+strconv.Itoa(i)) {
			e.untold++
		}
	}
	for i := 1; i < people; i++ {
		user, _ := s.UserByName(userName(i))
		if manager := ids[(i-1)/reports]; manager != "" && user.Manager() == manager {
			e.managers++
		}
	}
	for t := range teams {
		groups := s.GroupsByName(teamName(t))
		if len(groups) == 0 {
			continue
		}
		e.groups++
		e.doubled += len(groups) - 1
		if !slices.Contains(created, "g"+strconv.Itoa(t)) {
			e.untold++
		}
		members := groups[0].Members()
		for i := t; i < people; i += teams {
			if ids[i] != "" && slices.Contains(members, ids[i]) {
				e.memberships++
			}
		}
	}
}

// createOrganization sends the operations of w.Organization, and writes the
// bulkIds of those that the client reports as created.
func createOrganization(w work, out io.Writer) error {
	f, err := os.Open(w.Organization)
	if err != nil {
		return err
	}
	defer f.Close()
	var ops []gen.BulkOperation
	for d := json.NewDecoder(f); ; {
		var op gen.BulkOperation
		if err := d.Decode(&op); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		ops = append(ops, op)
	}
	create := createByLibrary
	if w.Client == "loop" {
		create = createByLoop
	}
	created, err := create(w, ops)
	if err != nil {
		return err
	}
	encode(out, created)
	return nil
}

func createByLibrary(w work, ops []gen.BulkOperation) (created []string, err error) {
	c, err := newClient(w)
	if err != nil {
		return nil, err
	}
	var all []client.Operation
	for _, op := range ops {
		all = append(all, client.Operation{Method: client.MethodPost, Path: op.Path, BulkID: op.BulkID, Data: op.Data})
	}
	results, err := c.Do(context.Background(), all...)
	if err != nil {
		return nil, err
	}
	for _, res := range results {
		if res.Outcome == client.Succeeded {
			created = append(created, res.Operation.BulkID)
		}
	}
	return created, nil
}

// createByLoop sends requests of 100 operations in the given order, one after
// the other, and stops at the first error.
func createByLoop(w work, ops []gen.BulkOperation) (created []string, err error) {
	c, err := loopClient(w)
	if err != nil {
		return nil, err
	}
	for some := range slices.Chunk(ops, perRequest) {
		items, err := post(c, some)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			if item.Status.OK() {
				created = append(created, item.BulkID)
			}
		}
	}
	return created, nil
}

// inRFCForm serves the simulator also in the form of RFC 7644, which SCIM-SDK
// needs: its media type, the key "Operations", and the configuration.
func inRFCForm(s http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /identity/scim/{org}/v2/ServiceProviderConfig", configuration)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Content-Type"), scimJSON) {
			s.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		body = bytes.Replace(body, []byte(`"Operations"`), []byte(`"operations"`), 1)
		r.Header.Set("Content-Type", "application/json")
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		s.ServeHTTP(rfcWriter{w}, r)
	})
	return mux
}

// rfcWriter writes an answer in the form of RFC 7644.
type rfcWriter struct{ http.ResponseWriter }

func (w rfcWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w rfcWriter) WriteHeader(status int) {
	w.Header().Set("Content-Type", scimJSON)
	w.ResponseWriter.WriteHeader(status)
}

func (w rfcWriter) Write(p []byte) (int, error) {
	_, err := w.ResponseWriter.Write(bytes.Replace(p, []byte(`"operations"`), []byte(`"Operations"`), 1))
	return len(p), err
}

const aboutReferences = `
## An organization with references

Each client creates %d users and %d groups in the simulator (package webextest).
With references, %d of the users have a manager and each group has %d members: the
bulkIds of other operations, which are in random order. When an answer is lost, the
service has carried out the request. A client that stops with an error is started
once more with the same operations.

The plain loop and wxc_sdk send 100 operations in each request and leave references
to the service, which knows those of the same request only. SCIM-SDK gets all
operations at once, splits them, and resolves references.

| organization | client | runs | users | managers | groups | doubled groups | memberships | created, but not reported as such |
|---|---|---|---|---|---|---|---|---|
`

func (b *bench) writeReferences(w *bytes.Buffer) {
	fmt.Fprintf(w, aboutReferences, people, teams, relations, teamSize)
	row := func(name, client string, e ending, runs string) {
		managers, memberships := fmt.Sprint(e.managers), fmt.Sprint(e.memberships)
		if !e.trial.references {
			managers, memberships = "", ""
		}
		fmt.Fprintf(w, "| %s | %s | %s | %d | %s | %d | %d | %s | %d |\n", name, client, runs,
			e.users, managers, e.groups, e.doubled, memberships, e.untold)
	}
	for i, e := range b.results.references {
		if i == 0 || b.results.references[i-1].trial != e.trial {
			row(e.trial.name, "*expected*", ending{trial: e.trial, users: people, managers: relations, groups: teams, memberships: people}, "1")
		}
		runs := strconv.Itoa(e.runs)
		if e.failed {
			runs += ", each stopped"
		}
		row("", e.client, e, runs)
	}
	fmt.Fprint(w, "\nPingIdentity's scim2 client 5.0.0 has no bulk request, so it is in no table.\n")
}
