package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/report"
)

// preview is one run of plan.
type preview struct {
	stdio
	connection
	file, format string
	asJSON       bool
	job          client.Job
}

func newPlan(io stdio) *cobra.Command {
	p := &preview{stdio: io}
	cmd := &cobra.Command{
		Use:   "plan [flags] FILE",
		Short: "Show what would be sent; needs no token, sends nothing",
		Example: `  webex-bulk plan users.ndjson
  webex-bulk plan --json users.ndjson`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p.file = args[0]
			return p.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	p.limits(f)
	f.BoolVar(&p.job.Ordered, "ordered", false, "keep the order of the whole file, one request at a time")
	f.StringVar(&p.format, "format", "", "format of FILE: ndjson, json, csv, tsv (default by its ending)")
	f.BoolVar(&p.asJSON, "json", false, "print one JSON object a request")
	return cmd
}

// plannedRequest is a request as it is printed for machines.
type plannedRequest struct {
	Request    int                `json:"request,omitempty"` // its number, from 1
	Bytes      int                `json:"bytes,omitempty"`
	After      []int              `json:"after,omitempty"` // the requests whose ids it needs
	Operations []plannedOperation `json:"operations,omitempty"`
	Refused    []report.Line      `json:"refused,omitempty"`
}

type plannedOperation struct {
	Index  int      `json:"index"`
	Line   int      `json:"line"`
	Method string   `json:"method"`
	Path   string   `json:"path"`
	BulkID string   `json:"bulkId,omitempty"`
	Waits  []string `json:"waits,omitempty"` // bulkIds from earlier requests
	Joins  []string `json:"joins,omitempty"` // bulkIds of the same request
}

func (p *preview) run(ctx context.Context) error {
	in, err := open(p.file, p.format, p.in)
	if err != nil {
		return err
	}
	defer in.close()
	c, err := p.planner()
	if err != nil {
		return err
	}
	for _, note := range in.Notes() {
		fmt.Fprintln(p.err, note)
	}
	p.job.Source = in.operations()
	enc := json.NewEncoder(p.out)
	enc.SetEscapeHTML(false)
	requests, refused := 0, 0
	for req, err := range c.Plan(ctx, &p.job) {
		if err != nil {
			return &exit{exitStopped, err}
		}
		if len(req.Operations) > 0 {
			requests++
		}
		refused += len(req.Refused)
		shown := describe(req, in)
		if p.asJSON {
			err = enc.Encode(shown)
		} else {
			err = p.print(shown)
		}
		if err != nil {
			return err
		}
	}
	if !p.asJSON {
		fmt.Fprintf(p.out, "%d operations (%d create, %d change, %d delete): %d requests, %d refused\n", in.rows,
			in.counts[client.MethodPost], in.counts[client.MethodPatch], in.counts[client.MethodDelete], requests, refused)
	}
	if refused > 0 {
		return &exit{code: exitSome}
	}
	return nil
}

func describe(req client.Request, in *input) plannedRequest {
	out := plannedRequest{Request: req.Number, Bytes: req.Bytes, After: req.After}
	for _, o := range req.Operations {
		out.Operations = append(out.Operations, plannedOperation{
			Index: o.Index, Line: in.line(o.Index), Method: o.Operation.Method, Path: o.Operation.Path,
			BulkID: o.Operation.BulkID, Waits: o.Waits, Joins: o.Joins,
		})
	}
	for _, res := range req.Refused {
		out.Refused = append(out.Refused, report.NewLine(res, in.line(res.Index)))
	}
	return out
}

// print shows a request to a person: what it holds, and what it waits for.
func (p *preview) print(r plannedRequest) error {
	for _, l := range r.Refused {
		fmt.Fprintf(p.out, "refused: line %d: %s %s: %s\n", l.Line, l.Method, l.Path, l.Error.Message)
	}
	if len(r.Operations) == 0 {
		return nil
	}
	count := map[string]int{}
	waits := 0
	for _, o := range r.Operations {
		count[o.Method]++
		waits += len(o.Waits)
	}
	var parts []string
	for _, m := range []string{client.MethodPost, client.MethodPatch, client.MethodDelete} {
		if count[m] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[m], m))
		}
	}
	_, err := fmt.Fprintf(p.out, "request %d: %s, %d bytes%s\n", r.Request, strings.Join(parts, ", "), r.Bytes, after(r.After, waits))
	return err
}

func after(requests []int, waits int) string {
	if len(requests) == 0 {
		return ""
	}
	var numbers []string
	for _, n := range requests {
		numbers = append(numbers, fmt.Sprint(n))
	}
	return fmt.Sprintf(", after %s for %d ids", strings.Join(numbers, ", "), waits)
}
