package report

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
)

// refusal is a *client.ResponseError with a text, which only client can give
// it.
type refusal struct {
	text string
	said *client.ResponseError
}

func (r *refusal) Error() string { return r.text }
func (r *refusal) Unwrap() error { return r.said }

// refused is what a service says of an operation, with a tracking id.
func refused(status int, text, id string) error {
	c, err := client.New(client.Config{
		OrgID: someID, Token: client.StaticToken("token"), MaxAttempts: 1, HTTPClient: &http.Client{Transport: refuser{status, text, id}},
	})
	if err == nil {
		_, err = c.FindUsers(context.Background(), "nobody")
	}
	e, ok := errors.AsType[*client.ResponseError](err)
	if !ok {
		panic(err)
	}
	return e
}

// refuser is a service that refuses a search.
type refuser struct {
	status   int
	text, id string
}

func (r refuser) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := json.Marshal(map[string]any{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:Error"}, "status": strconv.Itoa(r.status), "detail": r.text,
		"urn:scim:schemas:extension:cisco:webexidentity:api:messages:2.0:Error": map[string]string{"errorCode": "400108", "trackingId": r.id},
	})
	return &http.Response{
		StatusCode: r.status, Header: http.Header{"Content-Type": {"application/scim+json"}}, Body: io.NopCloser(bytes.NewReader(body)), Request: req,
	}, err
}

// create is the creation of a person who can be told from other texts.
func create(i int, name string) client.Operation {
	return client.Operation{
		Method: client.MethodPost, Path: "/Users", BulkID: name,
		Data: json.RawMessage(fmt.Sprintf(`{"userName":%q}`, name+"@example.com")),
	}
}

const someID = "8c6f1f9e-5d5b-4a57-9a5e-0c4f2d1b7a10"

// importOf is the record of a made-up job of n operations that takes a minute
// and a half: some fail, some are skipped, and the service asks for patience.
func importOf(n int) (*Summary, *Recorder) {
	random := rand.New(rand.NewPCG(1, 2))
	r := &Recorder{began: time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)}
	sum := &Summary{}
	var p client.Progress
	r.timeline.add(0, p)
	closed := time.Duration(0)
	for i, at := 0, time.Duration(0); i < n; at += 250 * time.Millisecond {
		p.Waiting = min(n-i, 900+random.IntN(120))
		p.InFlight = 1 + random.IntN(4)
		if closed -= 250 * time.Millisecond; closed <= 0 && random.IntN(40) == 0 {
			closed, p.Refused = 6*time.Second, p.Refused+1
		}
		if p.ClosedFor = max(0, closed); closed <= 0 {
			for range min(n-i, 1+n/240) {
				add(sum, r, &p, result(i, random))
				i++
			}
			p.Requests++
		}
		r.timeline.add(at+250*time.Millisecond, p)
	}
	last := r.timeline.samples[len(r.timeline.samples)-1].At
	p.InFlight, p.Waiting, p.ClosedFor = 0, 0, 0
	r.timeline.add(last+100*time.Millisecond, p)
	sum.Finish(p, last, nil)
	return sum, r
}

func result(i int, random *rand.Rand) client.Result {
	name := fmt.Sprintf("person.%04d", i)
	res := client.Result{Index: i, Operation: create(i, name), Outcome: client.Succeeded, Status: 201, Attempts: 1}
	id := fmt.Sprintf("ROUTER_%08X-%04X", random.Uint32(), random.IntN(1<<16))
	switch draw := random.IntN(100); {
	case draw < 3:
		res.Outcome, res.Status, res.Err = client.Failed, 409, refused(409,
			"uniqueness: user "+name+"@example.com exists", id)
	case draw < 4:
		res.Outcome, res.Status = client.Failed, 400
		res.Err = refused(400, `invalidValue: the operation with bulkId "`+name+`" did not succeed`, id)
	case draw < 5:
		res.Operation.Method, res.Operation.Path = client.MethodPatch, "/Users/"+someID
		res.Outcome, res.Status, res.Err = client.Failed, 404, refused(404, "no such user: "+someID, id)
	case draw < 7:
		res.Operation.Method, res.Operation.Path = client.MethodPatch, "/Groups/"+client.Ref(name)
		res.Outcome, res.Status = client.Skipped, 0
		cause := refused(409, "uniqueness: user exists", id)
		res.Err = &NeededError{Line: max(0, i-7) + 2,
			Err: &client.SkippedError{Index: max(0, i-7), BulkID: "person.0001", Cause: cause}}
	case draw == 7 && i%3 == 0:
		res.Outcome, res.Status = client.Unknown, 0
		res.Err = fmt.Errorf("%w: the connection was cut; the lookup failed", client.ErrUnknown)
	case draw < 10:
		res.Recovered = true
	}
	return res
}

// add does what the caller and the client do with a result.
func add(sum *Summary, r *Recorder, p *client.Progress, res client.Result) {
	switch res.Outcome {
	case client.Succeeded:
		p.Succeeded++
	case client.Failed:
		p.Failed++
	case client.Skipped:
		p.Skipped++
	case client.Unknown:
		p.Unknown++
	}
	line := res.Index + 2
	sum.Add(res, line)
	r.Add(res, line)
}

func pageOf(sum *Summary, r *Recorder) *Page {
	return &Page{
		Title: "Bulk report", Organization: "1eb65fdf-9643-417f-9974-ad72cae0e10f", Input: "/home/ann/new starters.csv",
		Began: r.Began(), Summary: sum, Samples: r.Samples(), Failures: r.Failures(),
	}
}

func render(t *testing.T, p *Page) string {
	t.Helper()
	var b strings.Builder
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
