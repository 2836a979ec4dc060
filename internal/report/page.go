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
