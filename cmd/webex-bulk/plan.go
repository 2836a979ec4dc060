package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/foundids"
	"github.com/webexscim/bulk/internal/input"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/terminal"
)

// planCommand holds the flags of plan.
type planCommand struct {
	stdio
	connection
	inputFlags
	asJSON, online bool
	job            client.Job
}

func newPlan(std stdio) *cobra.Command {
	p := &planCommand{stdio: std}
	cmd := &cobra.Command{
		Use:   "plan [flags] FILE",
		Short: "Show the requests; needs no token, sends nothing",
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
		Args: oneArgument("the file of operations, or - for standard input"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p.file = args[0]
			return p.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&p.online, "online", false,
		"read the organization to show which resources exist and which attributes would change")
	addExisting(cmd, &p.job.Existing)
	p.connection.addTo(cmd)
	p.addLimits(f)
	f.BoolVar(&p.job.Ordered, "ordered", false, "keep the order of the whole file, one request at a time")
	p.inputFlags.addTo(cmd)
	f.BoolVar(&p.all, "all", false, fmt.Sprintf(
		"list every operation, request and error, not the first %d of a kind", maxListed))
	f.BoolVar(&p.asJSON, "json", false, "print one JSON object a request")
	return cmd
}

func (p *planCommand) run(ctx context.Context) error {
	if err := p.checkLimits(); err != nil {
		return err
	}
	if p.job.Existing != client.ExistingFail && !p.online {
		return errors.New("--existing needs --online: without it nothing is known of what is there")
	}
	p.whole = p.job.Existing == client.ExistingSkip
	in, err := p.open(ctx, p.in, false, func(note string) { _ = p.err.Printf("%s\n", note) })
	if err != nil {
		return beforeSending(ctx, err)
	}
	defer in.Close()
	in.KeepNames = !p.asJSON
	c, known, err := p.prepare(ctx, in)
	if err != nil {
		return beforeSending(ctx, err)
	}
	p.job.Source = in.Operations(nil)
	failures, err := p.print(ctx, c, in, known)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return beforeSending(ctx, err)
	}
	if n := len(in.Lookups()); n > 0 && !p.online {
		_ = p.err.Printf("apply will look up %s that %s names and does not create\n",
			terminal.Plural(n, "user or group"), in.Name)
	}
	if failures > 0 {
		return &exit{code: exitSome}
	}
	return nil
}

// organization is what plan --online reads of the organization.
type organization struct {
	existing map[int]client.Comparison // by index: creates of resources that exist
	people   map[string]string         // by id: names of those resources, and of others in the input
}

// prepare makes the client that plans. With --online it reads the organization.
func (p *planCommand) prepare(ctx context.Context, in *input.File) (*client.Client, organization, error) {
	known := organization{people: map[string]string{}}
	if !p.online {
		c, err := p.planner()
		return c, known, err
	}
	c, err := p.client(p.warn)
	if err != nil {
		return nil, known, err
	}
	ids := foundids.New(p.cfg.OrgID)
	if err := lookUpNames(ctx, c, in, ids); err != nil {
		return nil, known, err
	}
	if known.existing, err = compareExisting(ctx, c, in); err != nil {
		return nil, known, err
	}
	for _, l := range in.Lookups() {
		known.people[ids.ID(l)] = l.Name
	}
	for _, found := range known.existing {
		known.people[found.Location.ID] = report.NameIn(found.Operation.Data)
	}
	return c, known, nil
}

// print prints the plan, and returns the number of operations that would fail:
// those that are refused before sending and, with --online, creates of existing
// resources.
func (p *planCommand) print(
	ctx context.Context, c *client.Client, in *input.File, known organization,
) (failures int, err error) {
	text := &overview{w: p.out, all: p.all, online: p.online, people: known.people}
	for req, err := range c.Plan(ctx, &p.job) {
		if err != nil {
			return failures, err
		}
		described := p.describe(req, in, known)
		failures += len(described.Refused)
		for _, op := range described.Operations {
			if op.Existing != nil && op.Existing.Error != "" {
				failures++
			}
		}
		if p.asJSON {
			err = writeJSON(p.out, described)
		} else {
			err = text.add(described)
		}
		if err != nil {
			return failures, err
		}
	}
	if !p.asJSON {
		err = text.print(in)
	}
	return failures, err
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
	Touches []string `json:"touches,omitempty"` // attributes
	Waits   []string `json:"waits,omitempty"`   // bulkIds from earlier requests
	Joins   []string `json:"joins,omitempty"`   // bulkIds of the same request
	// Existing describes the resource of a create, with --online if it exists.
	Existing *plannedExisting `json:"existing,omitempty"`

	// For the overview.
	name    func() string
	touches func() []string
}

// subject names the resource of an operation, by its bulkId if it has no name.
func (op plannedOperation) subject() string {
	name := op.name()
	who := subject(op.Path, name)
	if name == "" && op.BulkID != "" {
		who += " " + op.BulkID
	}
	return who
}

func (p *planCommand) describe(req client.Request, in *input.File, known organization) plannedRequest {
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
		if found, ok := known.existing[o.Index]; ok {
			op.Existing = describeExisting(found, p.job.Existing, in)
		}
		out.Operations = append(out.Operations, op)
	}
	for _, res := range req.Refused {
		out.Refused = append(out.Refused, report.NewLine(res, in.Line(res.Index)))
	}
	return out
}
