package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
)

func failure(i int, err error) client.Result {
	return client.Result{Index: i, Operation: create(i, fmt.Sprintf("u%d", i)), Outcome: client.Failed,
		Status: 400, Err: err}
}

func skip(i int, err error) client.Result {
	return client.Result{Index: i, Operation: create(i, fmt.Sprintf("u%d", i)), Outcome: client.Skipped, Err: err}
}

// Reasons that differ only in what names one operation are one reason. The most
// frequent stands first, but those that are due to others come last.
func TestEqualReasonsAreCountedTogether(t *testing.T) {
	stop := fmt.Errorf("%w: 5 operations have failed", client.ErrBudget)
	type group struct {
		want string
		of   func(i int) client.Result
	}
	order := func(text string) string {
		if strings.HasPrefix(text, "depends") || strings.Contains(text, "stopped") {
			return "last"
		}
		return "first"
	}
	groups := []group{
		{"status 409, error code 400108: uniqueness: … exists", func(i int) client.Result {
			return failure(i, refused(409, fmt.Sprintf("uniqueness: %q exists", fmt.Sprint("u", i)),
				fmt.Sprint("ROUTER_", i)))
		}},
		{"status 400, error code 400108: the operation with bulkId … did not succeed", func(i int) client.Result {
			return failure(i, refused(400, fmt.Sprintf(`the operation with bulkId "u%d" did not succeed`, i), ""))
		}},
		{"status 400, error code 400108: … is no resource", func(i int) client.Result {
			return failure(i, refused(400, fmt.Sprintf("u%d is no resource", i), "")) // its own bulkId, in no quotes
		}},
		{"depends on an operation that did not succeed", func(i int) client.Result {
			return skip(i, &client.SkippedError{Index: i - 1, BulkID: fmt.Sprint("u", i-1),
				Cause: refused(409, fmt.Sprint(i), "")})
		}},
		{"the whole request was refused, which stopped the job", func(i int) client.Result {
			return skip(i, &client.SkippedError{Index: -1, Refused: true, Cause: client.ErrUnauthorized})
		}},
		{"service unavailable in 2 attempts: the connection was cut", func(i int) client.Result {
			res := skip(i, &client.SkippedError{Index: -1,
				Cause: fmt.Errorf("%w in 2 attempts: %w", client.ErrUnavailable, io.ErrUnexpectedEOF)})
			res.Attempts = 2
			return res
		}},
		{"the job stopped before it was sent", func(i int) client.Result {
			return skip(i, &client.SkippedError{Index: -1, Cause: fmt.Errorf("%w %d", stop, i)})
		}},
		{"reference to an unknown bulkId", func(i int) client.Result {
			return failure(i, fmt.Errorf("%w %q", client.ErrReference, fmt.Sprint("u", i)))
		}},
		{"operation larger than a request may be", func(i int) client.Result {
			return failure(i, fmt.Errorf("%w: %d bytes, at most 100", client.ErrTooLarge, 1000+i))
		}},
		{`invalid operation: no data, expected a JSON object in a POST`, func(i int) client.Result {
			return failure(i, fmt.Errorf("%w: no data, expected a JSON object in a POST", client.ErrInvalid))
		}},
	}
	s := Summary{Words: true}
	for n, g := range groups {
		for i := range 10 * (n + 1) { // the last kind is the most frequent
			s.Add(g.of(i+1), i+2)
		}
	}
	slices.Reverse(groups)
	counts := map[string]int{}
	for i, g := range groups {
		counts[g.want] = 10 * (len(groups) - i)
	}
	due := len(groups) - 3 // those that are due to others
	slices.SortStableFunc(groups, func(a, b group) int { return strings.Compare(order(a.want), order(b.want)) })
	if order(groups[due].want) == order(groups[due-1].want) {
		t.Fatal("not three are due to others")
	}
	for i, g := range groups {
		if i >= len(s.Reasons) {
			t.Fatalf("%d reasons, want %d", len(s.Reasons), len(groups))
		}
		r := s.Reasons[i]
		if r.Text != g.want || r.Count != counts[g.want] || len(r.Examples) != maxExamples {
			t.Errorf("reason %d: got %d times %q with %d examples, want %q", i, r.Count, r.Text,
				len(r.Examples), g.want)
		}
	}
	if len(s.Reasons) != len(groups) || s.Others != 0 {
		t.Errorf("%d reasons and %d others, want %d and none", len(s.Reasons), s.Others, len(groups))
	}
}

// A failure that the service could not help is no mistake in the input.
func TestFailuresOfTheServiceAreNoMistakes(t *testing.T) {
	for status, want := range map[int]int{400: 1, 401: 0, 403: 1, 404: 1, 408: 0, 409: 1, 413: 1, 423: 0,
		425: 0, 429: 0, 500: 0, 501: 0, 503: 0} {
		var s Summary
		s.Add(client.Result{Outcome: client.Failed,
			Err: fmt.Errorf("wrapped: %w", &client.ResponseError{Status: status})}, 1)
		if s.Mistakes != want {
			t.Errorf("status %d: %d mistakes", status, s.Mistakes)
		}
	}
	var s Summary
	s.Add(client.Result{Outcome: client.Failed, Err: client.ErrTooLarge}, 1)
	s.Add(client.Result{Outcome: client.Skipped, Err: client.ErrTooLarge}, 2)
	s.Add(client.Result{Outcome: client.Unknown, Err: client.ErrUnknown}, 3)
	if s.Mistakes != 1 {
		t.Errorf("%d mistakes", s.Mistakes)
	}
}

// Whatever comes: every result counts once, every failure stands under one
// reason, reasons are bounded and stand in the order of their counts.
func TestSummaryAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Summary
		failures := 0
		draws := rapid.SliceOfN(rapid.IntRange(0, 150), 0, 400).Draw(t, "results")
		for i, draw := range draws {
			res := client.Result{Index: i, Outcome: client.Succeeded}
			if draw > 30 {
				failures++
				res.Outcome = client.Outcome(2 + draw%3)
				res.Err = errors.New(strings.Repeat("w", draw))
			}
			if draw > 120 {
				res.Outcome, res.Err = client.Skipped, &client.SkippedError{Index: -1, Refused: draw%2 == 0,
					Cause: res.Err}
			}
			s.Add(res, i+1)
		}
		if s.Operations != len(draws) || s.Succeeded+s.Failed+s.Skipped+s.Unknown != len(draws) {
			t.Fatalf("%d results: %+v", len(draws), s)
		}
		sum := s.Others
		for i, r := range s.Reasons {
			sum += r.Count
			if i > 0 && r.before(s.Reasons[i-1]) || r.place != i || len(r.Examples) != min(r.Count, maxExamples) {
				t.Fatalf("reason %d: %+v", i, r)
			}
		}
		if sum != failures || len(s.Reasons) > maxReasons {
			t.Fatalf("%d reasons for %d of %d failures", len(s.Reasons), sum, failures)
		}
	})
}

func TestReasonsAreBounded(t *testing.T) {
	var s Summary
	for i := range 200 {
		s.Add(failure(i, errors.New(strings.Repeat("w", 1+i))), 0)
		s.Add(failure(i, errors.New("w")), 0)
	}
	if len(s.Reasons) != maxReasons || s.Reasons[0].Count != 201 || s.Others != 200-maxReasons {
		t.Errorf("%d reasons, the first %d times, %d others", len(s.Reasons), s.Reasons[0].Count, s.Others)
	}
}

func TestTableListsReasonsWithExamples(t *testing.T) {
	s := Summary{Words: true}
	for i := range 1200 {
		s.Add(client.Result{Index: i, Outcome: client.Succeeded, Replayed: i < 200, Recovered: i%600 == 0}, i+2)
	}
	for i := 1200; i < 1204; i++ {
		s.Add(failure(i, refused(409, fmt.Sprintf(`uniqueness: "%d" exists`, i), fmt.Sprint("ROUTER_", i))), i+2)
	}
	s.Add(skip(1204, &client.SkippedError{Index: -1, Cause: client.ErrBudget}), 0)
	s.Finish(client.Progress{Requests: 13, Refused: 2}, 90*time.Second, client.ErrBudget)
	s.Others = 7
	var b strings.Builder
	if err := s.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	const want = `operations      1205
  succeeded     1200  200 in an earlier run, 2 shown by a lookup, not by an answer
  failed           4
  skipped          1
requests          13  the service asked to wait 2 times
time          1m 30s  11 operations a second

4 failed: status 409, error code 400108: uniqueness: … exists
  line 1202, bulkId "u1200", tracking id ROUTER_1200
  line 1203, bulkId "u1201", tracking id ROUTER_1201
  line 1204, bulkId "u1202", tracking id ROUTER_1202
  and 1 more

1 skipped: the job stopped before it was sent
  operation 1204, bulkId "u1204"

7 for other reasons
`
	if got := b.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if err := s.WriteTable(&broken{}); err == nil {
		t.Error("the writer's error is lost")
	}
}

// The members of the summary's JSON are for programs: they stay.
func TestSummaryJSONHasFixedMembers(t *testing.T) {
	var s Summary
	s.Add(client.Result{Outcome: client.Succeeded}, 2)
	s.Add(failure(1, refused(409, "uniqueness", "ROUTER_1")), 3)
	s.Finish(client.Progress{Requests: 1}, 1500*time.Millisecond, nil)
	got, err := json.Marshal(&s)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"operations":2,"succeeded":1,"failed":1,"skipped":0,"unknown":0,"recovered":0,"replayed":0,"requests":1,"seconds":1.5,` +
		`"reasons":[{"outcome":"failed","reason":"status 409, error code 400108","count":1,"examples":[{"line":3,"index":1,"bulkId":"u1","trackingId":"ROUTER_1"}]}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRateIsOfThisRun(t *testing.T) {
	tests := []struct {
		s    Summary
		want string
	}{
		{Summary{}, ""},
		{Summary{Operations: 1, Took: time.Second}, ""},
		{Summary{Operations: 5000, Took: time.Second}, "5000 operations a second"},
		{Summary{Operations: 5000, Replayed: 4990, Took: 4 * time.Second}, "2.5 operations a second"},
		{Summary{Operations: 5000, Skipped: 4990, Took: 4 * time.Second}, "2.5 operations a second"},
		{Summary{Operations: 5000, Replayed: 5000, Took: time.Second}, ""},
		{Summary{Operations: 30, Took: time.Minute}, "30.0 operations a minute"},
	}
	for _, test := range tests {
		if got := test.s.rate(); got != test.want {
			t.Errorf("%+v: %q, want %q", test.s, got, test.want)
		}
	}
}

// The results at the end of a chain of references are as long as at its
// beginning.
func TestChainStaysShort(t *testing.T) {
	cause := refused(409, "uniqueness", "ROUTER_1")
	for i := 1; i < 1000; i++ {
		cause = &client.SkippedError{Index: i - 1, BulkID: fmt.Sprint("u", i-1), Cause: cause}
	}
	line := NewLine(skip(999, cause), 0)
	const want = `skipped: depends on operation 998 (bulkId "u998"), which was skipped because of operation 0 (bulkId "u0"), which failed: status 409, error code 400108 (tracking id ROUTER_1)`
	if line.Error.Message != want || line.Error.TrackingID != "ROUTER_1" || line.Error.Status != 409 {
		t.Errorf("got %+v", line.Error)
	}
}
