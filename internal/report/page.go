package report

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
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
	// Samples are the progress over time, from a Recorder. The page has no plots
	// if there are fewer than two, or if the job had fewer than three requests or
	// took less than a second.
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
		shown := r.open()
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
