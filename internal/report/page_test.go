package report

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/webextest"
)

// hostile is what a file, a service or a person may be called.
var hostile = []string{
	`<script>window.hacked=1</script>`, `"><img src=x onerror=window.hacked=1>`, `</style><script>window.hacked=1</script>`,
	`' onmouseover='window.hacked=1`, `javascript:window.hacked=1`, `</option></select><iframe src=//example.com>`, "{{.Policy}}",
	`<!-- `, `]]>`, "\x00\u202e\xff", `<meta http-equiv=refresh content="0;url=//example.com">`, `<base href=//example.com>`,
}

// hostilePage has the hostile texts in every place that is not ours.
func hostilePage() *Page {
	sum, rec := &Summary{}, &Recorder{}
	for i, text := range hostile {
		res := client.Result{
			Index: i, Outcome: client.Failed, Status: 400, Operation: client.Operation{Method: text, Path: text,
				BulkID: text, Data: map[string]string{"userName": text}},
			Err: &refusal{text, &client.ResponseError{TrackingID: text, Details: []string{text}}},
		}
		sum.Add(res, i+1)
		rec.Add(res, i+1)
	}
	all := strings.Join(hostile, " ")
	sum.Finish(client.Progress{}, time.Second, errors.New(all))
	return &Page{Title: all, Organization: all, Input: strings.ReplaceAll(all, "/", " "), Summary: sum,
		Failures: rec.Failures(), Names: true}
}

func TestPageIsEscaped(t *testing.T) {
	clean := pageOf(&Summary{}, &Recorder{})
	count := func(html, tag string) int { return strings.Count(strings.ToLower(html), tag) }
	plain, html := render(t, clean), render(t, hostilePage())
	for _, tag := range []string{"<script", "</script", "<style", "<base", "<iframe", "<img", "<!--", "http-equiv"} {
		if got, want := count(html, tag), count(plain, tag); got != want && tag != "http-equiv" {
			t.Errorf("%d of %s, want %d", got, tag, want)
		}
	}
	for _, attribute := range []string{" onerror=", " onmouseover=", ` href="`, ` src="`} {
		if regexp.MustCompile(`<[^>]*` + attribute).MatchString(html) {
			t.Errorf("an element has%s", attribute)
		}
	}
	if !strings.Contains(html, "&lt;script&gt;window.hacked=1&lt;/script&gt;") {
		t.Error("the text itself is lost")
	}
}

// The page has nothing that a browser could fetch, and forbids it besides.
func TestPageStandsAlone(t *testing.T) {
	sum, rec := importOf(300)
	html := render(t, pageOf(sum, rec))
	for _, forbidden := range []string{"http://", "https://", "//cdn", "url(", "@import", "<link", "<iframe",
		"<img", "<form", " src=", " href=", " style=", "fetch(", "XMLHttp", "import("} {
		if strings.Contains(html, forbidden) {
			t.Errorf("the page has %s", forbidden)
		}
	}
	if !strings.Contains(html, `content="default-src &#39;none&#39;; style-src &#39;sha256-`) ||
		strings.Contains(html, "unsafe-") {
		t.Errorf("the policy is not %s", policy())
	}
}

// Without Names there is nobody in the page: only lines.
func TestPageNamesNobody(t *testing.T) {
	sum, rec := importOf(3000)
	sum.Stopped = `operation "person.0001" (person.0001@example.com)`
	p := pageOf(sum, rec)
	if html := render(t, p); strings.Contains(html, "person.") || strings.Contains(html, "example.com") ||
		strings.Contains(html, "/home/ann") {
		t.Errorf("%q", regexp.MustCompile(`.{40}(person\.|example\.com|/home/ann).{20}`).FindString(html))
	}
	p.Names = true
	html := render(t, p)
	for _, r := range p.Failures[:10] {
		if !strings.Contains(html, ">"+r.BulkID+"<") || !strings.Contains(html, r.BulkID+"@example.com") {
			t.Errorf("%s is not in the page", r.BulkID)
		}
	}
}

func TestRowNamesNobody(t *testing.T) {
	row := Row{Line: 7, Index: 5, Method: "zed", Path: "/zed", BulkID: "zed", Name: "zed", Outcome: "failed",
		Status: 400, Reason: "zed is taken", TrackingID: "ROUTER_1"}
	want := Row{Line: 7, Index: 5, Method: hidden, Path: hidden, Outcome: "failed", Status: 400,
		Reason: "… is taken", TrackingID: "ROUTER_1"}
	if got := row.discreet(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestPageIsBounded(t *testing.T) {
	var sum Summary
	rec := &Recorder{}
	for i := range 2 * maxRows {
		res := failure(i, errors.New(strings.Repeat("long reason ", 30)))
		sum.Add(res, i+1)
		rec.Add(res, i+1)
	}
	html := render(t, pageOf(&sum, rec))
	if rows := strings.Count(html, "<tr") - 3; rows != maxRows {
		t.Errorf("%d rows", rows)
	}
	if !strings.Contains(html, "2,000 more are not in this page") {
		t.Error("what is not listed is not counted")
	}
	if len(html) > 3<<20 {
		t.Errorf("%d bytes", len(html))
	}
}

func TestPageOfFewOperations(t *testing.T) {
	if err := (&Page{}).Write(&strings.Builder{}); err == nil {
		t.Error("a page without a summary")
	}
	sum := &Summary{}
	p := &Page{Summary: sum, Samples: []Sample{{}, {At: time.Millisecond}}}
	if html := render(t, p); !strings.Contains(html, "There was nothing to do.") ||
		strings.Contains(html, "<table") || strings.Contains(html, "<figure") {
		t.Error("a job of nothing")
	}
	sum.Add(client.Result{Outcome: client.Succeeded}, 1)
	if html := render(t, p); !strings.Contains(html, "The operation succeeded.") {
		t.Error("a job of one")
	}
	sum.Add(client.Result{Outcome: client.Succeeded}, 2)
	if html := render(t, p); !strings.Contains(html, "All 2 operations succeeded.") ||
		strings.Contains(html, "<table") {
		t.Error("a job of two")
	}
	// Plots are shown if there are enough samples, the time that the service asked
	// to wait in any case.
	for _, c := range []struct {
		requests int
		took     time.Duration
		want     bool
	}{{2, time.Minute, false}, {3, 999 * time.Millisecond, false}, {3, time.Second, true}} {
		some := *sum
		some.Add(failure(2, errors.New("no")), 3)
		some.Finish(client.Progress{Requests: c.requests}, c.took, nil)
		html := render(t, &Page{Summary: &some, Samples: []Sample{{}, {At: time.Second, Closed: time.Second}}})
		over, why := strings.Index(html, "Over time"), strings.Index(html, "Why operations did not")
		if (over > 0) != c.want || over > 0 && over < why || why < 0 ||
			!strings.Contains(html, "Waited for the service") {
			t.Errorf("%d requests in %v: plots at %d, reasons at %d", c.requests, c.took, over, why)
		}
	}
	const holds = "This page holds names of people."
	if html := render(t, &Page{Summary: sum, Names: true}); strings.Contains(html, holds) ||
		!strings.Contains(html, "holds no names") {
		t.Error("a page without a row holds names")
	}
	html := render(t, &Page{Summary: sum, Names: true, Failures: []Row{{Name: "Ann"}}})
	if !strings.Contains(html, holds) {
		t.Error("a page with a name holds none")
	}
	if err := p.Write(&broken{}); err == nil {
		t.Error("the writer's error is lost")
	}
	for n, want := range []string{"The operation did not succeed.", "None of the 2 operations succeeded."} {
		var none Summary
		for i := range n + 1 {
			none.Add(failure(i, errors.New("refused")), i+2)
		}
		if html := render(t, &Page{Summary: &none}); !strings.Contains(html, want) {
			t.Errorf("of %d none: %q is not said", n+1, want)
		}
	}
}

// A real job against the simulator: what the service says of people does not
// come through, and its reasons group.
func TestReportOfRealJobNamesNobody(t *testing.T) {
	service := webextest.New(webextest.Config{})
	c, err := client.New(client.Config{
		OrgID: webextest.DefaultOrgID, Token: client.StaticToken(webextest.DefaultToken), HTTPClient: &http.Client{Transport: service.Transport()},
	})
	if err != nil {
		t.Fatal(err)
	}
	var ops []client.Operation
	for i := range 300 {
		name := fmt.Sprintf("zed%c%d", 'a'+i%26, i/3) // some of them twice
		ops = append(ops, client.Users.Create(gen.User{UserName: name +
			"@example.com"}).Named(fmt.Sprintf("zed.%d", i)))
		if i%50 == 0 {
			ops = append(ops,
				client.Groups.Create(gen.Group{DisplayName: "Zedgroup",
					Members: []gen.GroupMember{{Value: client.Ref("zed.299")}}}).Named(fmt.Sprint("zedgroup",
					i)),
				client.Users.Patch(someID, client.Replace("title", "Zedder")))
		}
	}
	ops = append(ops, ops[1], client.Users.Create(gen.User{UserName: "zeda0@example.com"}).Named("zed.last"))
	job := &client.Job{Source: client.Operations(ops...)}
	rec := NewRecorder(RecorderOptions{Sample: job.Progress, Every: time.Millisecond})
	bar := NewProgress(&strings.Builder{}, len(ops), ProgressOptions{Sample: job.Progress, Every: time.Millisecond})
	var sum Summary
	began := time.Now()
	for res, err := range c.Run(t.Context(), job) {
		if err != nil {
			t.Fatal(err)
		}
		sum.Add(res, res.Index+1)
		rec.Add(res, res.Index+1)
	}
	bar.Stop()
	rec.Stop()
	sum.Finish(job.Progress(), time.Since(began), nil)
	html := render(t, &Page{Summary: &sum, Samples: rec.Samples(), Failures: rec.Failures()})
	if i := strings.Index(strings.ToLower(html), "zed"); i >= 0 {
		t.Errorf("somebody is named: %s", html[max(0, i-100):i+20])
	}
	if sum.Operations != len(ops) || sum.Failed < 3 || len(rec.Failures()) != sum.Failed+sum.Skipped {
		t.Errorf("%+v", sum)
	}
	if len(sum.Reasons) == 0 || len(sum.Reasons) > 6 {
		texts := slices.Collect(func(yield func(string) bool) {
			for _, r := range sum.Reasons {
				if !yield(r.Text) {
					return
				}
			}
		})
		t.Errorf("%d reasons: %q", len(texts), texts)
	}
	if last := rec.Samples(); last[len(last)-1].Succeeded != sum.Succeeded {
		t.Errorf("the last sample is %+v", last[len(last)-1])
	}
}
