package outcomes_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/input"
	"github.com/webexscim/bulk/internal/outcomes"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/sheet"
)

// collect opens an input, and returns a Collector of its operations.
func collect(t *testing.T, name, text string) (*outcomes.Collector, []client.Operation, *[]report.Line) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := input.Open(t.Context(), path, nil, input.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	if err := in.ResolveNames(func(sheet.Lookup) string { return "" }); err != nil {
		t.Fatal(err)
	}
	var ops []client.Operation
	for op, err := range in.Operations(nil) {
		if err != nil {
			t.Fatal(err)
		}
		ops = append(ops, op)
	}
	var lines []report.Line
	c := outcomes.NewCollector(outcomes.Options{
		Line: in.Line, Input: in, Failed: true,
		Write: func(l report.Line) error { lines = append(lines, l); return nil },
	})
	t.Cleanup(func() { c.Close() })
	return c, ops, &lines
}

func failed(status int) (client.Outcome, error) {
	return client.Failed, &client.ResponseError{Status: status}
}

// add adds the results of operations, in their order, and finishes.
func add(t *testing.T, c *outcomes.Collector, results ...client.Result) {
	t.Helper()
	for _, res := range results {
		if err := c.Add(res, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Finish(client.Progress{}, nil); err != nil {
		t.Fatal(err)
	}
}

// TestFailedOperationsKeepTheirReferences holds that a copied operation has the
// id of what was created in place of the reference, that a reference to another
// copied operation stays, and that an operation of unknown outcome is not
// copied.
func TestFailedOperationsKeepTheirReferences(t *testing.T) {
	c, ops, lines := collect(t, "ops.ndjson", `{"method":"POST","path":"/Users","bulkId":"good","data":{"userName":"a@example.com"}}
{"method":"POST","path":"/Users","bulkId":"bad","data":{"userName":"b@example.com"}}
{"method":"POST","path":"/Users","bulkId":"lost","data":{"userName":"c@example.com"}}
{"method":"POST","path":"/Groups","bulkId":"g","data":{"displayName":"G","members":[{"value":"bulkId:good"},{"value":"bulkId:bad"}]}}
`)
	outcome, err := failed(400)
	add(t, c,
		client.Result{Index: 0, Operation: ops[0], Outcome: client.Succeeded, Location: client.Location{ID: "id-of-good"}},
		client.Result{Index: 1, Operation: ops[1], Outcome: outcome, Status: 400, Err: err},
		client.Result{Index: 2, Operation: ops[2], Outcome: client.Unknown, Err: client.ErrUnavailable},
		client.Result{Index: 3, Operation: ops[3], Outcome: client.Skipped, Err: &client.SkippedError{Index: 1, BulkID: "bad", Cause: err}},
	)
	var text strings.Builder
	w := bufio.NewWriter(&text)
	if rows, err := c.CopyFailed(w); rows != 2 || err != nil || w.Flush() != nil {
		t.Errorf("%d rows, %v", rows, err)
	}
	want := `{"method":"POST","path":"/Users","bulkId":"bad","data":{"userName":"b@example.com"}}
{"method":"POST","path":"/Groups","bulkId":"g","data":{"displayName":"G","members":[{"value":"id-of-good"},{"value":"bulkId:bad"}]}}
`
	if text.String() != want {
		t.Errorf("%s", text.String())
	}
	if len(*lines) != 4 || c.Summary.Succeeded != 1 || c.Summary.Unknown != 1 || c.Dependents.OfOthers != 1 {
		t.Errorf("%d lines, %+v", len(*lines), c.Summary)
	}
}

// TestFailuresNameTheRowThatCausedThem holds that a row that was refused
// because of another one counts as its dependent, even if that one comes later,
// and that rows whose user exists are told apart.
func TestFailuresNameTheRowThatCausedThem(t *testing.T) {
	c, ops, _ := collect(t, "staff.csv", "userName,Manager\nann@example.com,bob@example.com\nbob@example.com,\ncem@example.com,\n")
	outcome, err := failed(400)
	taken, conflict := failed(409)
	add(t, c,
		client.Result{Index: 0, Operation: ops[0], Outcome: outcome, Status: 400, Err: err},
		client.Result{Index: 1, Operation: ops[1], Outcome: taken, Status: 409, Err: conflict},
		client.Result{Index: 2, Operation: ops[2], Outcome: client.Succeeded},
	)
	if c.Taken() != 1 || c.Dependents.OfTaken != 1 || c.Dependents.OfOthers != 0 {
		t.Errorf("%d taken, dependents %+v", c.Taken(), c.Dependents)
	}
	var text strings.Builder
	w := bufio.NewWriter(&text)
	if rows, err := c.CopyFailed(w); rows != 2 || err != nil || w.Flush() != nil {
		t.Errorf("%d rows, %v", rows, err)
	}
	if !strings.Contains(text.String(), "depends on line 3, which did not succeed") || strings.Contains(text.String(), "cem") {
		t.Errorf("%s", text.String())
	}
}
