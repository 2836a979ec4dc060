package report

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/plain"
)

// Of what a service says, the reason beside a kept row has neither its own
// words nor anything that breaks a line.
func TestKeptReasonHasNoWordsOfTheService(t *testing.T) {
	for want, err := range map[string]error{
		"status 409, error code 990409, uniqueness": &client.ResponseError{Status: 409, ErrorCode: "990409",
			ScimType: "uniqueness", Details: []string{"ann@example.com is taken"}},
		"depends on line 7, which did not succeed": &NeededError{Line: 7, Err: errors.New("ann@example.com")},
		unsent: &client.SkippedError{Index: -1},
	} {
		outcome := client.Failed
		if want == unsent {
			outcome = client.Skipped
		}
		if got := KeptReason(client.Result{Outcome: outcome, Err: err}); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	odd := KeptReason(client.Result{Outcome: client.Failed,
		Err: &client.ResponseError{Status: 400, ScimType: "a\nb\x1b[1m" + strings.Repeat("x", 1000)}})
	if strings.ContainsAny(odd, "\n\x1b") || len(odd) > 400 {
		t.Errorf("%q", odd)
	}
}

// Whatever a service says and wherever its refusal stands in an error, its
// words are in no result for machines, no page, no reason beside a row, no log,
// and not in the summary unless it is told so.
func TestWordsStayPrivate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SampledFrom([]string{"Zora Quill is taken", "王芳", "zq", `say "Zora": no`,
			"Zora, Quill (tracking id x)", "a: Zora: b"}).Draw(t, "words")
		id := rapid.SampledFrom([]string{"", "ROUTER_1"}).Draw(t, "tracking id")
		refusal := refused(rapid.SampledFrom([]int{400, 403, 404, 409}).Draw(t, "status"), words, id)
		err := rapid.SampledFrom([]error{
			refusal,
			fmt.Errorf("%w: %w", client.ErrUnknown, refusal),
			&client.SkippedError{Index: 1, BulkID: "b",
				Cause: &client.SkippedError{Index: 2, BulkID: "c", Cause: refusal}},
			&NeededError{Line: 3, Index: 1, Err: &client.SkippedError{Index: 1, Cause: refusal}},
			errors.Join(errors.New("first"), fmt.Errorf("x: %w", refusal)),
		}).Draw(t, "error")
		res := client.Result{Outcome: client.Failed, Operation: create(0, "u"), Err: err}
		var own, shared Summary
		own.Words = true
		rec := &Recorder{}
		own.Add(res, 2)
		shared.Add(res, 2)
		rec.Add(res, 2)
		shared.Finish(client.Progress{}, time.Second, err)
		var table, page strings.Builder
		if err := errors.Join(shared.WriteTable(&table),
			(&Page{Summary: &shared, Failures: rec.Failures(), Names: true}).Write(&page)); err != nil {
			t.Fatal(err)
		}
		for where, text := range map[string]string{
			"a result": NewLine(res,
				2).Error.Message, "a page": page.String(), "the table": table.String(),
			"why the job stopped":     shared.Stopped,
			"the reason beside a row": KeptReason(res), "a log": string(plain.TextOfCodes(err)),
		} {
			if strings.Contains(text, "Zora") || strings.Contains(text, "王芳") || strings.Contains(text, "zq") ||
				strings.Contains(text, "Quill") {
				t.Fatalf("%s: %s", where, text)
			}
		}
		if message := NewLine(res, 2).Error.Message; !strings.Contains(message, "error code 400108") ||
			!strings.Contains(message, id) {
			t.Fatalf("the codes are lost: %s", message)
		}
		if plain := string(plain.Text(err)); strings.HasPrefix(words, "Zora Quill") && !strings.Contains(plain, words) {
			t.Fatalf("the words are lost where they may be shown: %s", plain)
		}
		if _, ok := errors.AsType[*NeededError](err); !ok && skippedError(err) == nil &&
			words == "Zora Quill is taken" && !strings.Contains(own.Reasons[0].Text, "is taken") {
			t.Fatalf("the summary does not quote the service: %s", own.Reasons[0].Text)
		}
	})
}

// Operations that did not succeed because of others are counted under the cause
// of these, each once, however long the chain.
func TestDependentsStandUnderTheirCause(t *testing.T) {
	taken := refused(409, "uniqueness", "")
	var s Summary
	s.Add(failure(0, taken), 1)
	cause := taken
	for i := 1; i <= 95; i++ {
		cause = &client.SkippedError{Index: i - 1, BulkID: "x", Cause: cause}
		s.Add(skip(i, &NeededError{Line: i, Index: i - 1, Err: cause}), i+1)
	}
	s.Add(skip(200, &NeededError{Line: 150, Index: 149, Err: errors.New("nobody knows why")}), 201)
	// Refused for a row that was refused for another; the cause comes last.
	s.Add(failure(300, &NeededError{Line: 302, Index: 301, Err: refused(400, "failed", "")}), 301)
	s.Add(failure(301, &NeededError{Line: 303, Index: 302, Err: refused(400, "failed", "")}), 302)
	s.Add(failure(302, refused(404, "gone", "")), 303)
	for range 2 { // to finish again changes nothing
		s.Finish(client.Progress{}, time.Second, nil)
	}
	var b strings.Builder
	if err := s.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(b.String(), "\n\n")
	const want = `1 failed: status 409, error code 400108
  line 1, bulkId "u0"
  95 that depend on it did not succeed either:
    line 2, bulkId "u1", depends on line 1
    line 3, bulkId "u2", depends on line 2
    line 4, bulkId "u3", depends on line 3
    and 92 more

1 failed: status 404, error code 400108
  line 303, bulkId "u302"
  2 that depend on it did not succeed either:
    line 301, bulkId "u300", depends on line 302
    line 302, bulkId "u301", depends on line 303

1 skipped: depends on an operation that did not succeed
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// What was not sent since an operation on the same resource failed does not
// claim to refer to that one.
func TestSameResourceIsNoReference(t *testing.T) {
	err := &NeededError{Line: 4, Index: 3, SameResource: true,
		Err: &client.SkippedError{Index: 3, Cause: refused(400, "no", "")}}
	if want := "not sent: depends on line 4, which changes the same resource and did not succeed: status 400"; !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v", err)
	}
	got := KeptReason(client.Result{Outcome: client.Skipped, Err: err})
	if got != "depends on line 4, which changes the same resource and did not succeed" {
		t.Errorf("%s", got)
	}
}

// Wherever an error is shown, its text is plain: a job that was interrupted
// says so in the table, the results, the page and the summary.
func TestInterruptedIsPlain(t *testing.T) {
	var sum Summary
	r := &Recorder{}
	res := skip(0, &client.SkippedError{Index: -1, Cause: context.Canceled})
	sum.Add(res, 2)
	r.Add(res, 2)
	sum.Finish(client.Progress{}, time.Second, context.Canceled)
	if sum.Stopped != "interrupted" {
		t.Errorf("stopped: %q", sum.Stopped)
	}
	for _, text := range []string{NewLine(res, 2).Error.Message, r.Failures()[0].Reason} {
		if text != "skipped: interrupted" {
			t.Errorf("%q", text)
		}
	}
}

// An operation that refers to one that did not succeed is told by the line of
// that one, whether it was sent or not.
func TestDependencyIsNamedByItsLine(t *testing.T) {
	var sum Summary
	sum.Add(failure(3, &NeededError{Line: 2,
		Err: refused(400, `the operation with bulkId "x" did not succeed`, "ROUTER_1")}), 5)
	sum.Add(skip(4, &NeededError{Line: 5,
		Err: &client.SkippedError{Index: 3, BulkID: "u3", Cause: refused(409, "uniqueness", "")}}), 6)
	var b strings.Builder
	if err := sum.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"1 failed: depends on an operation that did not succeed\n  line 5, bulkId \"u3\", depends on line 2\n",
		"1 skipped: depends on an operation that did not succeed\n  line 6, bulkId \"u4\", depends on line 5\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("got:\n%s\nwant in it:\n%s", &b, want)
		}
	}
}
