package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/input"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/sheet"
	"github.com/webexscim/bulk/internal/textfile"
	"github.com/webexscim/bulk/reconcile"
)

// compare reads the organization and compares it with the sheet.
func (a *reconciliation) compare(ctx context.Context, c *client.Client, in *input.File) (*reconcile.Difference, error) {
	kind := reconcile.Users
	for row, err := range in.Rows() {
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(row.Operation.Path, "/"+reconcile.Groups) {
			kind = reconcile.Groups
		}
		break
	}
	if in.Len() == 0 {
		return nil, fmt.Errorf("%s has no rows: expected a row for everybody who is to be there", in.Name)
	}
	org, err := reconcile.Read(ctx, c, kind, func(n int) {
		if n%every == 0 && a.err.IsTerminal() {
			a.say("reading the organization: %d so far", n)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnread, err)
	}
	if org.NoMe != nil {
		a.sayMe(org.NoMe)
	}
	in.Resolve(func(l sheet.Lookup) (string, bool) {
		if l.Type != reconcile.Users {
			return "", false
		}
		return org.IDOf(l.Name)
	})
	var rows []reconcile.Row
	wrong := textfile.Errors{All: a.all}
	for row, err := range in.Rows() {
		switch {
		case err != nil && !wrong.Add(err):
			return nil, err
		case err == nil && row.Operation.Method != client.MethodPost && !strings.HasPrefix(row.Operation.Path, "/Groups/"+client.Ref("")):
			_ = wrong.Add(&textfile.Error{File: in.Name, Line: row.Line, Problem: "an operation that is no create", Expected: "a row for each who is to be there, and none for others; apply carries out operations"})
		case err == nil:
			rows = append(rows, reconcile.Row{Line: row.Line, Operation: row.Operation})
		}
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	if in.IsSheet() {
		a.opt.Protect = func(r client.Resource) string {
			if sheet.CanName(strings.ToLower(r.Type), r.Name) {
				return ""
			}
			return "no sheet can hold its name"
		}
	}
	return reconcile.Compare(rows, org, a.opt)
}

// sayMe tells that the account of the token is not known.
func (a *reconciliation) sayMe(err error) {
	if errors.Is(err, client.ErrAbsent) {
		a.say("the token belongs to no user (a service app?), so no account is protected for it")
		return
	}
	a.tell("the account of the token could not be found out: %s", report.Plain(err))
}
