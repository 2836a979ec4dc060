package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/webextest"
)

// Operations that wait on disk are told as they were given, whatever the type
// of their data, and are sent as they were when they were read.
func TestOperationsOnDiskAreSentAsTheyWere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{})
		c := newClient(t, s, nil)
		client.KeepNothing(c)
		buffer := []byte(user("bytes", manager("boss")))
		model := gen.User{UserName: "model@example.com", Enterprise: gen.EnterpriseUser{Manager: gen.Manager{Value: client.Ref("boss")}}}
		given := map[string]any{"name": map[string]any{"familyName": "Map"}, "userName": "map@example.com", "schemas": []string{client.SchemaUser},
			client.SchemaEnterpriseUser: map[string]any{"manager": map[string]any{"value": client.Ref("boss")}}}
		ops := []client.Operation{
			create("text", manager("boss")),
			{Method: "POST", Path: "/Users", BulkID: "bytes", Data: buffer},
			client.Users.Create(model).Named("model"),
			{Method: "POST", Path: "/Users", Data: given},
			client.Users.Patch(client.Ref("boss"), client.Replace("title", "Chair")),
			client.Users.Delete(client.Ref("text")),
			create("boss"),
		}
		var results []client.Result
		source := func(yield func(client.Operation, error) bool) {
			for _, op := range ops {
				if !yield(op, nil) {
					return
				}
			}
			clear(buffer) // the source uses it again
		}
		for res, err := range c.Run(t.Context(), &client.Job{Source: source}) {
			if err != nil || res.Err != nil {
				t.Fatal(res, err)
			}
			results = append(results, res)
		}
		slices.SortFunc(results, func(a, b client.Result) int { return a.Index - b.Index })
		for i, res := range results {
			want := ops[i]
			if i == 1 {
				want.Data = []byte(user("bytes", manager("boss")))
			}
			if !reflect.DeepEqual(res.Operation, want) {
				t.Errorf("operation %d: got the data %#v, expected %#v", i, res.Operation.Data, want.Data)
			}
		}
		boss, _ := s.User(results[6].Location.ID)
		if len(results) != len(ops) || boss["title"] != "Chair" {
			t.Errorf("%d results, %v", len(results), boss)
		}
		for i, name := range []string{1: "bytes", 2: "model", 3: "map"} {
			if u, _ := s.User(results[i].Location.ID); i > 0 && (u.UserName() != name+"@example.com" || u.Manager() != boss.ID()) {
				t.Errorf("operation %d: %v", i, u)
			}
		}
	})
}

// A job that stops while thousands wait on disk tells each of them once, as
// skipped.
func TestStoppedJobTellsOperationsOnDisk(t *testing.T) {
	errEnough := errors.New("enough")
	for _, journaled := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{})
			c := newClient(t, s, nil)
			client.KeepNothing(c)
			ctx, cancel := context.WithCancelCause(t.Context())
			n := raced.Fewer(2_000, 5_000)
			source := func(yield func(client.Operation, error) bool) {
				for i := range n {
					if !yield(create(fmt.Sprint("u", i), manager("boss")), nil) {
						return
					}
				}
				cancel(errEnough)
				yield(create("boss"), nil)
			}
			job := &client.Job{Source: source, ReadOn: true}
			if journaled {
				job.Journal = newMemoryJournal()
			}
			told := map[int]bool{}
			for res, err := range c.Run(ctx, job) {
				if err != nil {
					if !errors.Is(err, errEnough) {
						t.Error(err)
					}
					continue
				}
				if res.Outcome != client.Skipped || told[res.Index] || !json.Valid(res.Operation.Data.(json.RawMessage)) {
					t.Fatalf("%v, told before: %v", res, told[res.Index])
				}
				told[res.Index] = true
			}
			if len(told) != n+1 || len(s.Ledger()) > 0 {
				t.Errorf("%d results, expected %d; %d effects", len(told), n+1, len(s.Ledger()))
			}
		})
	}
}

// Where no temporary file can be made, the job stops with an error that says
// so, and tells what became of each operation.
func TestFullTemporaryDiskStopsTheJob(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "gone"))
	s := webextest.New(webextest.Config{})
	c := newClient(t, s, nil)
	client.KeepNothing(c)
	var ops []client.Operation
	for i := range 1_000 {
		ops = append(ops, create(fmt.Sprint("u", i), manager("boss")))
	}
	results, err := c.Do(t.Context(), append(ops, create("boss"))...)
	if err == nil || !strings.Contains(err.Error(), "temporary file") {
		t.Errorf("the job ended with %v", err)
	}
	for _, res := range results {
		if res.Outcome != client.Skipped {
			t.Fatal(res)
		}
	}
	if n := len(s.Ledger()); n > 0 {
		t.Errorf("%d effects", n)
	}
}
