package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/foundids"
	"github.com/webexscim/bulk/internal/input"
	"github.com/webexscim/bulk/internal/opfile"
	"github.com/webexscim/bulk/internal/report"
)

// preview is one run of plan.
type preview struct {
	stdio
	connection
	inputFlags
	asJSON bool
	online bool
	job    client.Job
	there  map[int]client.Comparison // creates of what is there, with --online
	people map[string]string         // their names, by id, and those of others that the file names
}

func newPlan(io stdio) *cobra.Command {
	p := &preview{stdio: io}
	cmd := &cobra.Command{
		Use:   "plan [flags] FILE",
		Short: "Show what would be sent; needs no token, sends nothing",
		Long: `Shows which user or group each operation creates, updates or deletes and which
attributes it writes, which operations are in one request, and which requests wait
for others. FILE is checked in the same way as by apply. Nothing is looked up, so
the ids of users and groups that FILE names and does not create stay unknown. The
journal is not read either: operations that an earlier run has done are included.

With --online the organization is read, but not changed. The plan then shows the
creates of users and groups that exist already, and the changes that --existing
would make, attribute by attribute, old → new. This needs a token, as apply does.

Exit codes:
  0    all operations could be sent
  1    some operations would be refused
  2    usage or bad input
  130  interrupted`,
		Example: `  webex-bulk plan users.csv
  webex-bulk plan --online --existing update users.csv
  webex-bulk plan --all leavers.csv
  webex-bulk plan --json users.ndjson`,
		Args: exactly("the file of operations, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p.file = args[0]
			return p.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&p.online, "online", false, "read the organization to show which resources exist and which attributes would change")
	addExisting(cmd, &p.job.Existing)
	p.connection.addTo(cmd)
	p.addLimits(f)
	f.BoolVar(&p.job.Ordered, "ordered", false, "keep the order of the whole file, one request at a time")
	p.inputFlags.addTo(cmd)
	f.BoolVar(&p.all, "all", false, fmt.Sprintf("list every operation, request and error, not the first %d of a kind", maxListed))
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
	Index   int      `json:"index"`
	Line    int      `json:"line"`
	Method  string   `json:"method"`
	Path    string   `json:"path"`
	BulkID  string   `json:"bulkId,omitempty"`
	Touches []string `json:"touches,omitempty"` // attributes, as touches writes them
	Waits   []string `json:"waits,omitempty"`   // bulkIds from earlier requests
	Joins   []string `json:"joins,omitempty"`   // bulkIds of the same request
	// Existing is there with --online where the resource of a create is.
	Existing *plannedExisting `json:"existing,omitempty"`

	// For a person who is to see them.
	name    func() string
	touches func() []string
}

// subject names the resource of an operation, by its bulkId if it has no name.
func (op plannedOperation) subject() string {
	name := op.name()
	who := subject(opfile.Row{Name: name, Operation: client.Operation{Path: op.Path}})
	if name == "" && op.BulkID != "" {
		who += " " + op.BulkID
	}
	return who
}

func (p *preview) run(ctx context.Context) error {
	if err := p.checkLimits(); err != nil {
		return err
	}
	in, err := p.open(ctx, p.in)
	if err != nil {
		return beforeSending(ctx, err)
	}
	defer in.Close()
	in.KeepNames = !p.asJSON
	c, err := p.ready(ctx, in)
	if err != nil {
		return beforeSending(ctx, err)
	}
	for _, note := range in.Notes() {
		_ = p.err.Printf("%s\n", note)
	}
	p.job.Source = in.Operations(nil)
	refused, err := p.show(ctx, c, in)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return beforeSending(ctx, err)
	}
	if n := len(in.Lookups()); n > 0 && !p.online {
		_ = p.err.Printf("apply will look up %s that %s names and does not create\n", plural(n, "user or group"), in.Name)
	}
	if refused > 0 {
		return &exit{code: exitSome}
	}
	return nil
}

// ready returns the client that plans, once the organization was read if that is
// asked for.
func (p *preview) ready(ctx context.Context, in *input.File) (*client.Client, error) {
	if !p.online {
		if p.job.Existing != client.ExistingFail {
			return nil, errors.New("--existing needs --online: without it nothing is known of what is there")
		}
		return p.planner()
	}
	c, err := p.client()
	if err != nil {
		return nil, err
	}
	lookups, ids := in.Lookups(), foundids.New(p.cfg.OrgID)
	if err := lookUpNames(ctx, c, in, ids); err != nil {
		return nil, err
	}
	if p.there, err = compareExisting(ctx, c, in); err != nil {
		return nil, err
	}
	p.people = map[string]string{}
	for _, l := range lookups {
		p.people[ids.ID(l)] = l.Name
	}
	for _, found := range p.there {
		p.people[found.Location.ID] = report.NameIn(found.Operation.Data)
	}
	return c, nil
}

// show prints the plan and returns how many operations would be refused.
func (p *preview) show(ctx context.Context, c *client.Client, in *input.File) (refused int, err error) {
	enc := json.NewEncoder(p.out)
	enc.SetEscapeHTML(false)
	add := func(r plannedRequest) error { return enc.Encode(r) }
	o := &overview{w: p.out, all: p.all, online: p.online, people: p.people}
	if !p.asJSON {
		add = o.add
	}
	for req, err := range c.Plan(ctx, &p.job) {
		if err != nil {
			return refused, err
		}
		described := p.describe(req, in)
		refused += len(described.Refused)
		for _, op := range described.Operations {
			if op.Existing != nil && op.Existing.Error != "" {
				refused++
			}
		}
		if err := add(described); err != nil {
			return refused, err
		}
	}
	if !p.asJSON {
		err = o.end(in)
	}
	return refused, err
}

func (p *preview) describe(req client.Request, in *input.File) plannedRequest {
	out := plannedRequest{Request: req.Number, Bytes: req.Bytes, After: req.After}
	for _, o := range req.Operations {
		op := plannedOperation{
			Index: o.Index, Line: in.Line(o.Index), Method: o.Operation.Method, Path: o.Operation.Path,
			BulkID: o.Operation.BulkID, Waits: o.Waits, Joins: o.Joins, name: in.NameOf(o.Index, o.Operation),
			touches: func() []string { return touches(o.Operation, in) },
		}
		if p.asJSON {
			op.Touches = op.touches()
		}
		if found, ok := p.there[o.Index]; ok {
			op.Existing = describeExisting(found, p.job.Existing, in)
		}
		out.Operations = append(out.Operations, op)
	}
	for _, res := range req.Refused {
		out.Refused = append(out.Refused, report.NewLine(res, in.Line(res.Index)))
	}
	return out
}
