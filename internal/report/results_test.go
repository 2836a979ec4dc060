package report

import (
	"errors"
	"strings"
	"testing"

	"github.com/webexscim/bulk/client"
)

// The members of a result are fixed: programs read them.
func TestResultLinesHaveFixedMembers(t *testing.T) {
	var b strings.Builder
	out := NewResults(&b)
	location, err := client.ParseLocation("https://example.com/v2/Users/" + someID)
	if err != nil {
		t.Fatal(err)
	}
	lines := []Line{
		NewLine(client.Result{
			Index: 0, Operation: create(0, "u0"), Outcome: client.Succeeded, Status: 201,
			Location: location, Version: `W/"1"`, Attempts: 1,
		}, 2),
		NewLine(client.Result{Index: 1, Operation: create(1, "<&>"), Outcome: client.Failed, Status: 409,
			Attempts: 2, Err: refused(409, "uniqueness", "ROUTER_1")}, 3),
		NewLine(client.Result{Index: 2, Outcome: client.Succeeded, Recovered: true, Replayed: true}, 0),
		NewLine(client.Result{Index: 3, Outcome: client.Unknown, Err: errors.New("lost")}, 0),
	}
	for _, l := range lines {
		if err := out.Write(l); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	const want = `{"index":0,"line":2,"method":"POST","path":"/Users","bulkId":"u0","outcome":"succeeded","status":201,"id":"` + someID + `","location":"https://example.com/v2/Users/` + someID + `","version":"W/\"1\"","attempts":1,"recovered":false}
{"index":1,"line":3,"method":"POST","path":"/Users","bulkId":"<&>","outcome":"failed","status":409,"attempts":2,"recovered":false,"error":{"status":409,"errorCode":"400108","trackingId":"ROUTER_1","message":"status 409, error code 400108 (tracking id ROUTER_1)"}}
{"index":2,"line":0,"method":"","path":"","outcome":"succeeded","attempts":0,"recovered":true,"replayed":true}
{"index":3,"line":0,"method":"","path":"","outcome":"unknown","attempts":0,"recovered":false,"error":{"message":"lost"}}
`
	if got := b.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	bad := NewResults(&broken{})
	if err := errors.Join(bad.Write(lines[0]), bad.Flush()); err == nil {
		t.Error("the writer's error is lost")
	}
}
