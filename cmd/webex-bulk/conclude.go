package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/auth"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/internal/textfile"
	"github.com/webexscim/bulk/journal"
)

// conclude returns the exit code and advice about the next step.
func (a *application) conclude(ctx context.Context, sum *report.Summary, stop, broken error) error {
	again := a.again(sum)
	switch {
	case stop != nil && ctx.Err() != nil:
		text := terminal.Text("interrupted; the same command goes on")
		if a.job.Journal == nil {
			text = "interrupted; " + again
		}
		return &exit{exitInterrupted, errors.Join(terminal.Errorf("%s", text), broken)}
	case stop != nil && broken != nil:
		return &exit{exitStopped, terminal.Errorf("the job stopped early: %w\n%s", broken, again)}
	case errors.Is(stop, client.ErrBudget):
		return &exit{exitStopped, terminal.Errorf("the job stopped early: %w\n%s", stop, a.correct(sum, again))}
	case stop != nil:
		return &exit{exitStopped, terminal.Errorf("the job stopped early: %w\n%s", stop, then(advice(stop), again))}
	case broken != nil:
		return &exit{exitSome, broken}
	case sum.Succeeded < sum.Operations:
		a.say("\n%s", a.correct(sum, again))
		return &exit{code: exitSome}
	case a.begun != "" && sum.Replayed > 0 && sum.Replayed == sum.Operations:
		a.sayReplayed(sum.Operations)
	}
	return nil
}

// correct is the advice about operations that did not succeed.
func (a *application) correct(sum *report.Summary, again terminal.Text) terminal.Text {
	switch {
	case sum.Mistakes == 0:
		return then("the service failed, and nothing needs to be corrected: wait until it works", again)
	case a.job.Journal == nil || a.failed == "" || !isNamedFile(a.file):
		return then("correct what failed", again)
	}
	return terminal.Sprintf("correct them in %s and run the same command again: it sends only what has not succeeded;\n"+
		"or correct %s and apply that", word(a.file), word(a.failed))
}

// sayReplayed says that the whole file was applied before, and how to apply it
// anew, which a user may want for a file of leavers.
func (a *application) sayReplayed(n int) {
	what := "the operation was"
	if n > 1 {
		what = fmt.Sprintf("all %d operations were", n)
	}
	a.say("\n%s already done according to %s (begun %s); nothing was sent\n"+
		"to apply the file anew, remove %s or give the file another name", what, a.journalFile, a.begun, word(a.journalFile))
}

// again says what the same command would do if it is given again.
func (a *application) again(sum *report.Summary) terminal.Text {
	switch {
	case sum.Skipped == sum.Operations:
		return "run the same command again"
	case a.job.Journal != nil:
		return "run the same command again: it sends only what has not succeeded"
	case a.failed != "" && sum.Mistakes == 0:
		return terminal.Sprintf("there is no journal: the same command would send everything once more;\napply %s", word(a.failed))
	case a.failed != "":
		return terminal.Sprintf("there is no journal: the same command would send everything once more;\ncorrect %s and apply that", word(a.failed))
	}
	return "there is no journal: the same command would send everything once more;\n" +
		"--failed FILE would have kept what did not succeed, to be applied by itself"
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
		return "another --journal FILE starts afresh, and forgets what was done"
	case errors.Is(err, client.ErrUnauthorized) && e != nil && e.Status == http.StatusForbidden:
		return "the token is valid, but not allowed to do this: check that --org is its organization, that it has the scope\n" +
			"identity:people_rw, and that whoever it belongs to is a full or user administrator"
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
