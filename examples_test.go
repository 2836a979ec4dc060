package bulk_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/webextest"
)

// simulatorTakes posts the example of a request and checks the status.
// References may point to resources that do not exist; the form must conform.
func simulatorTakes(t *testing.T, body []byte, want int) {
	t.Helper()
	s := webextest.New(webextest.Config{})
	w := newWitness(t, s.Transport())
	url := "https://webexapis.com/identity/scim/" + webextest.DefaultOrgID + "/v2/Bulk"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+webextest.DefaultToken)
	req.Header.Set("Content-Type", "application/json")
	resp, err := w.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != want {
		t.Errorf("the simulator answers %d, want %d", resp.StatusCode, want)
	}
	if v := s.Violations(); (len(v) > 0) != (want == http.StatusBadRequest) {
		t.Errorf("the simulator sees violations: %+v", v)
	}
}

// canned answers every request with the same answer.
type canned struct {
	status int
	body   []byte
}

func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: c.status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(c.body)), ContentLength: int64(len(c.body)),
	}, nil
}

// clientReads sends the operations of an example and checks that the results
// match the answer of the example.
func clientReads(t *testing.T, status string, request []byte, answer any) {
	t.Helper()
	var sent gen.BulkRequest
	if err := json.Unmarshal(request, &sent); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	code, err := strconv.Atoi(status)
	if err != nil {
		code = http.StatusTeapot // the example of `default`
	}
	var ops []client.Operation
	for _, op := range sent.Operations {
		var data any
		if op.Data != nil {
			data = op.Data
		}
		ops = append(ops, client.Operation{Method: string(op.Method), Path: op.Path, BulkID: op.BulkID, Data: data})
	}
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, canned{code, body}, "token")
		results, stop := c.DoJob(t.Context(), &client.Job{Ordered: true, FailOnErrors: sent.FailOnErrors}, ops...)
		if code != http.StatusOK {
			refused(t, code, results, stop)
			return
		}
		var want gen.BulkResponse
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatal(err)
		}
		said := map[string]gen.BulkResult{}
		for _, r := range want.Operations {
			said[r.BulkID] = r
		}
		for _, res := range results {
			r, ok := said[res.Operation.BulkID]
			if !ok || res.Operation.BulkID == "" {
				continue
			}
			if (res.Outcome == client.Succeeded) != r.Status.OK() || res.Status != int(r.Status) {
				t.Errorf("operation %d: %v %d, the answer says %d: %v", res.Index, res.Outcome, res.Status, r.Status, res.Err)
			}
			if loc, err := client.ParseLocation(r.Location); err == nil && res.Location != loc {
				t.Errorf("operation %d: location %+v, the answer says %+v", res.Index, res.Location, loc)
			}
		}
	})
}

func refused(t *testing.T, code int, results []client.Result, stop error) {
	t.Helper()
	err := stop
	for _, res := range results {
		if res.Outcome == client.Succeeded {
			t.Errorf("status %d: operation %d succeeded", code, res.Index)
		}
		err = errors.Join(err, res.Err)
	}
	if said, ok := errors.AsType[*client.ResponseError](err); !ok || said.Status != code || said.TrackingID == "" {
		t.Errorf("status %d is reported as %v", code, err)
	}
}
