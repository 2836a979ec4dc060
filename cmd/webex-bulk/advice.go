package main

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/auth"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/internal/textfile"
	"github.com/webexscim/bulk/journal"
)

// beforeSending gives the error of a command that has sent nothing its exit code
// and advice about the next step.
func beforeSending(ctx context.Context, err error) error {
	wrong, bad := errors.AsType[*textfile.Errors](err)
	known, advised := errors.AsType[*exit](err)
	switch {
	case ctx.Err() != nil:
		return &exit{exitInterrupted, errors.New("interrupted; nothing was sent")}
	case advised:
		return &exit{known.code, terminal.Errorf("nothing was sent: %w", known.err)}
	case errors.Is(err, textfile.ErrChanged):
		return &exit{exitStopped, terminal.Errorf("%w; nothing was sent\n"+
			"run the same command again: it checks the file anew", err)}
	case bad && wrong.Count == 1:
		return terminal.Errorf("%w\nnothing was sent; correct this and run the same command again", err)
	case bad:
		return terminal.Errorf("%w\n%d errors; nothing was sent; correct them and run the same command again",
			err, wrong.Count)
	case isOfService(err):
		return &exit{exitStopped, terminal.Errorf("%w; nothing was sent\n%s", err, adviseRepeat(err))}
	}
	return err
}

// readingFailed gives the error of reading an organization its exit code and
// advice about the next step.
func readingFailed(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return &exit{exitInterrupted, errors.New("interrupted")}
	case isOfService(err), errors.Is(err, errUnread):
		return &exit{exitStopped, terminal.Errorf("%w\n%s", err, adviseRepeat(err))}
	}
	return err
}

// isOfService reports whether an error is an answer of the service, or means
// that it cannot be used.
func isOfService(err error) bool {
	_, answered := errors.AsType[*client.ResponseError](err)
	return answered || errors.Is(err, client.ErrUnauthorized) || errors.Is(err, client.ErrEndpoint) ||
		errors.Is(err, client.ErrUnavailable)
}

// adviseRepeat says how to remove the cause of an error, and to try again.
func adviseRepeat(err error) terminal.Text { return then(advice(err), "run the same command again") }

// errUnread says that an organization could not be read to its end.
var errUnread = errors.New("the organization could not be read to its end")

// ending is how a job ended.
type ending struct {
	sum      *report.Summary
	stop     error  // the error that stopped it early
	writeErr error  // the error of results or files that could not be written
	failed   string // the file of the rows that did not succeed, "" without --failed
}

// conclude returns the exit code and advice about the next step.
func (c *jobCommand) conclude(ctx context.Context, e ending) error {
	again := c.adviseAgain(e)
	switch {
	case e.stop != nil && ctx.Err() != nil:
		text := terminal.Text("interrupted; the same command continues")
		if c.job.Journal == nil {
			text = "interrupted; " + again
		}
		return &exit{exitInterrupted, errors.Join(terminal.Errorf("%s", text), e.writeErr)}
	case e.stop != nil && e.writeErr != nil:
		return &exit{exitStopped, terminal.Errorf("the job stopped early: %w\n%s", e.writeErr, again)}
	case errors.Is(e.stop, client.ErrBudget):
		return &exit{exitStopped, terminal.Errorf("the job stopped early: %w\n%s", e.stop, c.adviseCorrection(e, again))}
	case e.stop != nil:
		return &exit{exitStopped, terminal.Errorf("the job stopped early: %w\n%s", e.stop, then(advice(e.stop), again))}
	case e.writeErr != nil:
		return &exit{exitSome, e.writeErr}
	case e.sum.Succeeded < e.sum.Operations && c.quiet && !c.asJSON:
		return &exit{exitSome, inOneLine(e.sum)}
	case e.sum.Succeeded < e.sum.Operations:
		c.say("\n%s", c.adviseCorrection(e, again))
		return &exit{code: exitSome}
	}
	return nil
}

// inOneLine is the summary of a quiet job in which operations did not succeed,
// with the first of their reasons.
func inOneLine(sum *report.Summary) error {
	n := sum.Operations - sum.Succeeded
	text := terminal.Sprintf("%d of %s did not succeed", n, terminal.Plural(sum.Operations, "operation"))
	if len(sum.Reasons) > 0 {
		first := sum.Reasons[0]
		if first.Count < n {
			text += terminal.Sprintf(", %d of them", first.Count)
		}
		text += terminal.Sprintf(": %s", first.Text)
	}
	return terminal.Errorf("%s", text)
}

// adviseCorrection is the advice about operations that did not succeed.
func (c *jobCommand) adviseCorrection(e ending, again terminal.Text) terminal.Text {
	switch {
	case e.sum.Mistakes == 0:
		return then("the service failed, and nothing needs to be corrected: wait until it works", again)
	case c.job.Journal == nil || e.failed == "" || !isNamedFile(c.file):
		return then("correct the operations that failed", again)
	}
	return terminal.Sprintf("correct them in %s and run the same command again: it sends only\n"+
		"operations that have not succeeded; or correct %s and apply that", shellWord(c.file), shellWord(e.failed))
}

// adviseAgain says what the same command does if it is run again.
func (c *jobCommand) adviseAgain(e ending) terminal.Text {
	switch {
	case e.sum.Skipped == e.sum.Operations:
		return "run the same command again"
	case c.job.Journal != nil:
		return "run the same command again: it sends only operations that have not succeeded"
	case e.failed != "" && e.sum.Mistakes == 0:
		return terminal.Sprintf("there is no journal: the same command would send everything once more;\n"+
			"apply %s", shellWord(e.failed))
	case e.failed != "":
		return terminal.Sprintf("there is no journal: the same command would send everything once more;\n"+
			"correct %s and apply that", shellWord(e.failed))
	}
	return "there is no journal: the same command would send everything once more;\n" +
		"--failed FILE would have written the operations that did not succeed, as a file for apply"
}

// then joins the advice for the first step and for the second.
func then(first, second terminal.Text) terminal.Text {
	switch {
	case first == "":
		return second
	case strings.HasPrefix(string(second), "run "):
		return first + ";\nthen " + second
	}
	return first + "\n" + second
}

// advice is remedy, followed by a way to check whether it helped.
func advice(err error) terminal.Text {
	text := remedy(err)
	if errors.Is(err, client.ErrUnauthorized) || errors.Is(err, client.ErrEndpoint) {
		text += ";\ntry it with webex-bulk whoami"
	}
	return text
}

// noEndpoint reports whether a status says that there is nothing at an address.
func noEndpoint(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed || status == http.StatusGone
}

// remedy says how to remove the cause of an error that ended a job, or kept it
// from starting.
func remedy(err error) terminal.Text {
	var e *client.ResponseError
	errors.As(err, &e)
	_, elsewhere := errors.AsType[*journal.TargetError](err)
	refresh, noToken := errors.AsType[*auth.Error](err)
	redirected := e != nil && e.Status/100 == 3
	switch {
	case elsewhere:
		return "another --journal FILE begins anew, without the record of earlier runs"
	case errors.Is(err, client.ErrUnauthorized) && e != nil && e.Status == http.StatusForbidden:
		return "the token is valid, but not allowed to do this: check that --org is its organization, " +
			"that it has the scope\n" +
			"identity:people_rw, and that its owner is a full or user administrator"
	case errors.Is(err, client.ErrUnauthorized) && e != nil:
		return "the token is wrong or has expired: get a new one (a personal one, of developer.webex.com,\n" +
			"lasts 12 hours; those of a service app or integration are renewed: --credentials FILE)"
	case noToken && (refresh.Status == http.StatusNotFound || refresh.Status/100 == 3):
		return "tokens are requested from the base url: check --base-url or WEBEX_BASE_URL"
	case noToken && refresh.Status/100 == 4 && refresh.Status != http.StatusTooManyRequests:
		return "check that the client id, the client secret and the refresh token belong to the app"
	case errors.Is(err, client.ErrUnauthorized) && !noToken:
		return "check WEBEX_ACCESS_TOKEN, --token-file or --credentials"
	case errors.Is(err, client.ErrEndpoint) && redirected:
		return "redirects are not followed, since token and data are sent to one host only: check --base-url"
	case errors.Is(err, client.ErrEndpoint) && e != nil && e.Status == http.StatusProxyAuthRequired:
		return "the proxy asks for a user and a password: HTTPS_PROXY=http://user:password@host:port"
	case errors.Is(err, client.ErrEndpoint) && e != nil && !noEndpoint(e.Status):
		return "check --base-url and the proxy (HTTPS_PROXY)"
	case errors.Is(err, client.ErrEndpoint):
		return "there is no such organization, or no SCIM at this address: check --org and --base-url"
	case noToken, errors.Is(err, client.ErrUnavailable):
		return "check the network, the proxy (HTTPS_PROXY), --base-url and the certificates (--ca-file), or wait"
	case errors.Is(err, journal.ErrWrite):
		return "check that the disk has free space and that the folder is writable"
	case errors.Is(err, textfile.ErrChanged):
		return "only operations that had been checked were sent"
	}
	return ""
}
