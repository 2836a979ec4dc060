package report

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"time"
)

// Page is a report as one HTML file that loads nothing else and can be shared.
// Only Summary is required.
type Page struct {
	// Title is the page's heading, "Bulk report" if it is empty.
	Title string
	// Organization is the id of the organization.
	Organization string
	// Input is the name of the input. The page shows the last part of a path.
	Input string
	// Began is the time when the job began.
	Began time.Time
	// Summary counts the outcomes of the job.
	Summary *Summary
	// Samples are the progress over time, from a Recorder. The page has no
	// plots if there are fewer than two, or if the job had fewer than three
	// requests or took less than a second.
	Samples []Sample
	// Failures are the operations to list, from a Recorder.
	Failures []Row
	// Names allows bulkIds and names of people. Without it the page identifies
	// operations only by their line.
	Names bool
}

var (
	//go:embed page/page.html
	pageHTML string
	//go:embed page/page.css
	pageCSS string
	//go:embed page/page.js
	pageJS string

	pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
		"count": count, "place": place, "icon": icon,
	}).Parse(pageHTML))
)

// policy allows only the page's own style and script, which it identifies by
// their hashes. The page sends no requests and runs no other script (CSP Level
// 3, section 2.3.1).
func policy() string {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + hash(pageCSS) + "; script-src " + hash(pageJS) +
		"; base-uri 'none'; form-action 'none'"
}

// Write writes the page.
func (p *Page) Write(w io.Writer) error {
	if p.Summary == nil {
		return errors.New("report: a page without a summary")
	}
	shown := *p
	shown.Title = cmp.Or(p.Title, "Bulk report")
	if p.Input != "" {
		shown.Input = filepath.Base(p.Input)
	}
	return pageTemplate.Execute(w, shown.view())
}

// view is the data of the template.
type view struct {
	*Page
	*Summary
	Policy        string
	Style, Script template.HTML // whole elements, since the hash covers every byte
	Shares        []share
	Charts        []chart
	Waited        string
	Rate, Took    string
	Reasons       []reasonView
	Rows          []rowView
	Unlisted      int
}

// share is the part of the operations that had one outcome.
type share struct {
	Outcome, Meaning string
	Count            int
	X, Width         string // percent of the bar
	Note             string
}

// reasonView is a Reason with its number, which rows refer to.
type reasonView struct {
	*Reason
	Number int
}

// rowView is a row with the number of its reason, 0 if it has none.
type rowView struct {
	Row
	Number int
}

// view returns the data of a page.
func (p *Page) view() *view {
	sum := *p.Summary
	if !p.Names {
		sum.Stopped = discreet(sum.Stopped)
	}
	v := &view{
		Page: p, Summary: &sum,
		Policy: policy(),
		Style:  template.HTML("<style>" + pageCSS + "</style>"),
		Script: template.HTML("<script>" + pageJS + "</script>"),
		Shares: shares(&sum),
		Rate:   sum.rate(), Took: took(sum.Took),
		Unlisted: max(0, sum.Failed+sum.Skipped+sum.Unknown-len(p.Failures)),
	}
	numbers := map[kind]int{}
	for i, r := range sum.Reasons {
		numbers[kind{r.Outcome, r.Text}] = i + 1
		v.Reasons = append(v.Reasons, reasonView{r, i + 1})
	}
	for _, r := range p.Failures {
		shown := r.whole()
		if !p.Names {
			shown = r.discreet()
		}
		v.Rows = append(v.Rows, rowView{shown, numbers[kind{r.Outcome, r.kind}]})
	}
	if len(p.Samples) > 1 && sum.Operations > 0 {
		if sum.Requests >= fewRequests && sum.Took >= shortJob {
			v.Charts = charts(p.Samples)
		}
		v.Waited = waited(p.Samples)
	}
	return v
}

// A job with fewer requests, or a shorter one, gets no plots.
const (
	fewRequests = 3
	shortJob    = time.Second
)

// Named reports whether somebody may be named in the page.
func (v *view) Named() bool { return v.Names && (len(v.Rows) > 0 || v.Stopped != "") }

// Unsuccessful is the number of operations that did not succeed.
func (v *view) Unsuccessful() int { return v.Failed + v.Skipped + v.Unknown }

// shares divides the operations by outcome.
func shares(s *Summary) []share {
	list := []share{
		{Outcome: "succeeded", Count: s.Succeeded, Meaning: "The service did it.", Note: s.successNote(count)},
		{Outcome: "failed", Count: s.Failed, Meaning: "Refused, by the service or by a check before sending."},
		{Outcome: "unknown", Count: s.Unknown,
			Meaning: "Sent, and neither an answer nor a lookup shows whether it was done."},
		{Outcome: "skipped", Count: s.Skipped,
			Meaning: "Not sent: the job stopped, or an operation that it depends on did not succeed."},
	}
	before := 0
	for i := range list {
		list[i].X, list[i].Width = percentage(before, s.Operations), percentage(list[i].Count, s.Operations)
		before += list[i].Count
	}
	return list
}

func percentage(n, of int) string {
	if of == 0 {
		return "0%"
	}
	return fmt.Sprintf("%.3f%%", 100*float64(n)/float64(of))
}

// charts are the plots over time.
func charts(samples []Sample) []chart {
	last := samples[len(samples)-1]
	most := func(value func(Sample) int) (n int) {
		for _, s := range samples {
			n = max(n, value(s))
		}
		return n
	}
	done := last.Succeeded + last.Failed + last.Skipped + last.Unknown
	inFlight := func(s Sample) int { return s.InFlight }
	waiting := func(s Sample) int { return s.Waiting }
	return drawCharts(samples,
		plot{
			title: "Operations done", unit: "operations", height: 170,
			text: fmt.Sprintf("Operations done over time: %s after %s, %s of them succeeded.",
				count(done), took(last.At), count(last.Succeeded)),
			layers: []layer{
				{class: "succeeded", value: func(s Sample) int { return s.Succeeded }},
				{class: "failed", value: func(s Sample) int { return s.Failed }},
				{class: "unknown", value: func(s Sample) int { return s.Unknown }},
				{class: "skipped", value: func(s Sample) int { return s.Skipped }},
			},
		},
		plot{
			title: "Requests in flight", unit: "requests", height: 80,
			text:   fmt.Sprintf("Requests in flight over time: at most %s at once.", count(most(inFlight))),
			layers: []layer{{class: "flight", value: inFlight, steps: true}},
		},
		plot{
			title: "Operations waiting to be sent", unit: "operations", height: 80,
			text:   fmt.Sprintf("Operations that were read and not sent over time: at most %s.", count(most(waiting))),
			layers: []layer{{class: "waiting", value: waiting, steps: true}},
		})
}

// waited says how long the service had asked to wait, "" if it had not.
func waited(samples []Sample) string {
	var sum time.Duration
	for _, s := range samples {
		sum += s.Closed
	}
	if sum == 0 {
		return ""
	}
	return took(sum)
}

// icon returns a mark that differs by form, not only by color.
func icon(outcome string) template.HTML {
	shapes := map[string]template.HTML{
		"succeeded": `<path d="M3.5 8.5l3 3 6-7"/>`,
		"failed":    `<path d="M4 4l8 8M12 4l-8 8"/>`,
		"unknown":   `<path d="M5.2 6a2.8 2.8 0 1 1 4.2 2.4C8.4 9 8 9.4 8 10.3M8 13v.2"/>`,
		"skipped":   `<path d="M3.5 8h9"/>`,
	}
	shape, ok := shapes[outcome]
	if !ok {
		return ""
	}
	return `<svg class="icon ` + template.HTML(outcome) + `" viewBox="0 0 16 16" aria-hidden="true">` + shape + `</svg>`
}
