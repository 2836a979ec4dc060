package report

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
)

// However long a job is: its timeline has a bounded number of samples, in order,
// that end with its last state, keep the highest values, and lose no time of
// waiting.
func TestTimelineIsBoundedAndLosesNoWait(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c timeline
		var at, closed time.Duration
		var p client.Progress
		most := 0
		for i := range rapid.IntRange(1, 4500).Draw(t, "samples") {
			if i > 0 {
				d := time.Duration(1+i*7919%300) * time.Millisecond // not even
				at += d
				closed += min(p.ClosedFor, d)
			}
			p.Succeeded += i % 5
			p.InFlight = i * 31 % 97
			p.ClosedFor = time.Duration(max(0, i%50-40)) * 20 * time.Millisecond
			most = max(most, p.InFlight)
			c.add(at, p)
		}
		if len(c.samples) > maxSamples {
			t.Fatalf("%d samples", len(c.samples))
		}
		last := c.samples[len(c.samples)-1]
		if c.samples[0].At != 0 || last.At != at || last.Succeeded != p.Succeeded {
			t.Fatalf("ends with %+v, want %v and %d", last, at, p.Succeeded)
		}
		for _, samples := range [][]Sample{c.samples, thin(c.samples, 100)} {
			var sum time.Duration
			highest := 0
			for i, s := range samples {
				sum += s.Closed
				highest = max(highest, s.InFlight)
				if i > 0 && (s.At <= samples[i-1].At || s.Closed > s.At-samples[i-1].At ||
					s.Succeeded < samples[i-1].Succeeded) {
					t.Fatalf("%+v follows %+v", s, samples[i-1])
				}
			}
			if sum != closed || highest != most {
				t.Fatalf("waited %v and at most %d in flight, want %v and %d", sum, highest, closed, most)
			}
		}
		if n := len(thin(c.samples, 100)); n > 101 {
			t.Fatalf("%d of 100 samples", n)
		}
	})
}

// The beginning of a long job is not coarser than its end.
func TestTimelineIsEven(t *testing.T) {
	var c timeline
	for i := range 10_000 {
		c.add(time.Duration(i)*time.Second, client.Progress{})
	}
	var gaps []time.Duration
	for i := 1; i < len(c.samples)-1; i++ {
		gaps = append(gaps, c.samples[i].At-c.samples[i-1].At)
	}
	if least, most := slices.Min(gaps), slices.Max(gaps); most > 2*least || len(gaps) < maxSamples/3 {
		t.Errorf("%d samples, from %v to %v apart", len(gaps), least, most)
	}
}

func TestSamplesOfOneTimeAreMerged(t *testing.T) {
	var c timeline
	c.add(0, client.Progress{InFlight: 3})
	c.add(0, client.Progress{Succeeded: 5})
	if want := []Sample{{Succeeded: 5, InFlight: 3}}; !slices.Equal(c.samples, want) {
		t.Errorf("got %+v, want %+v", c.samples, want)
	}
}

func TestRecorderSamplesPeriodically(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		sample := func() client.Progress {
			switch at := time.Since(began); {
			case at < 1500*time.Millisecond:
				return client.Progress{}
			case at < 2500*time.Millisecond:
				return client.Progress{Succeeded: 7, ClosedFor: 600 * time.Millisecond}
			case at < 3500*time.Millisecond:
				return client.Progress{Succeeded: 7}
			}
			return client.Progress{Succeeded: 7, Failed: 1}
		}
		r := NewRecorder(RecorderOptions{Sample: sample, Every: time.Second})
		time.Sleep(3500 * time.Millisecond)
		r.Stop()
		r.Stop()
		want := []Sample{
			{At: 0},
			{At: time.Second},
			{At: 2 * time.Second, Succeeded: 7},
			{At: 3 * time.Second, Succeeded: 7, Closed: 600 * time.Millisecond},
			{At: 3500 * time.Millisecond, Succeeded: 7, Failed: 1},
		}
		if got := r.Samples(); !slices.Equal(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		if !r.Began().Equal(began) {
			t.Errorf("began %v, want %v", r.Began(), began)
		}
	})
}

// What was sent and did not succeed comes before what was not sent when there
// is no room for both.
func TestFailuresAreBounded(t *testing.T) {
	var r Recorder
	for i := range 3 * maxRows {
		res := skip(i, &client.SkippedError{Index: -1, Cause: client.ErrBudget})
		switch {
		case i%100 == 99:
			res = failure(i, errors.New("refused"))
		case i%100 == 98:
			res = client.Result{Index: i, Outcome: client.Succeeded}
		}
		r.Add(res, i+1)
	}
	rows := r.Failures()
	failed := 0
	for i, row := range rows {
		if row.Outcome == "failed" {
			failed++
		}
		if row.Outcome == "succeeded" || i > 0 && rows[i-1].Index >= row.Index {
			t.Fatalf("row %d is %+v", i, row)
		}
	}
	if len(rows) != maxRows || failed != 3*maxRows/100 {
		t.Errorf("%d rows, %d of them failed; want %d and %d", len(rows), failed, maxRows, 3*maxRows/100)
	}
}

func TestRowsTellCauseAndTrackingID(t *testing.T) {
	r := &Recorder{}
	needed := &client.SkippedError{Index: 4, BulkID: "ann", Cause: refused(409, "uniqueness", "ROUTER_1")}
	r.Add(skip(5, &NeededError{Line: 40, Err: needed}), 50)
	r.Add(skip(6, &client.SkippedError{Index: 0, BulkID: "ann", Cause: needed.Cause}), 60) // its line is not known
	r.AddNamed(failure(7, errors.New("refused")), 70, "person 7")
	want := []Row{
		{Line: 50, Index: 5, Method: "POST", Path: "/Users", BulkID: "u5", Name: "u5@example.com",
			Outcome: "skipped", TrackingID: "ROUTER_1",
			Reason: "not sent: depends on line 40, which did not succeed: status 409, error code 400108 (tracking id ROUTER_1)",
			kind:   "depends on an operation that did not succeed"},
		{Line: 60, Index: 6, Method: "POST", Path: "/Users", BulkID: "u6", Name: "u6@example.com",
			Outcome: "skipped", TrackingID: "ROUTER_1",
			Reason: `skipped: depends on operation 0 (bulkId "ann"), which failed: status 409, error code 400108 (tracking id ROUTER_1)`,
			kind:   "depends on an operation that did not succeed"},
		{Line: 70, Index: 7, Method: "POST", Path: "/Users", BulkID: "u7", Name: "person 7", Outcome: "failed",
			Status: 400, Reason: "refused", kind: "refused"},
	}
	for i, row := range r.Failures() {
		if row != want[i] {
			t.Errorf("got  %+v\nwant %+v", row, want[i])
		}
	}
}

func TestDiscreetPathKeepsUUIDs(t *testing.T) {
	tests := []struct{ path, want string }{
		{"/Users", "/Users"},
		{"/Groups/" + someID, "/Groups/" + someID},
		{"/Groups/bulkId:ann", "/Groups/…"},
		{"/Users/ann@example.com", "/Users/…"},
		{"/Users/" + someID + "/ann", "/Users/…"},
		{"/Users/8c6f1f9e_5d5b-4a57-9a5e-0c4f2d1b7a10", "/Users/…"},
		{"/ann", "…"},
		{"", "…"},
	}
	for _, test := range tests {
		if got := discreetPath(test.path); got != test.want {
			t.Errorf("%q: %q, want %q", test.path, got, test.want)
		}
	}
}

func TestNameInFindsUserNameFirst(t *testing.T) {
	tests := []struct {
		data any
		want string
	}{
		{nil, ""},
		{[]byte(`{"userName":"ann"}`), "ann"},
		{create(0, "ann").Data, "ann@example.com"},
		{map[string]any{"displayName": "Board"}, "Board"},
		{map[string]any{"userName": "ann", "displayName": "Ann"}, "ann"},
		{map[string]any{"userName": 5}, ""},
		{func() {}, ""},
	}
	for _, test := range tests {
		if got := NameIn(test.data); got != test.want {
			t.Errorf("%v: %q, want %q", test.data, got, test.want)
		}
	}
}
