package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"
)

// stdio is what a command reads and writes.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// The exit codes.
const (
	exitDone        = 0
	exitSome        = 1 // some operations did not succeed
	exitUsage       = 2 // usage or bad input, nothing was sent
	exitStopped     = 3 // the job stopped early
	exitInterrupted = 130
)

// exit is an error that ends the program with a code. Its message was printed
// already when there is none.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// run is the program: it returns the exit code.
func run(args []string, io stdio) int {
	ctx, stop := interruptible(io)
	defer stop()
	root := newRoot(io)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	code := exitUsage
	if e, ok := errors.AsType[*exit](err); ok {
		code = e.code
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(io.err, "webex-bulk:", text)
	}
	return code
}

// interruptible is a context that the first Ctrl-C ends; the second ends the
// program at once, which the journal survives.
func interruptible(io stdio) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	var over atomic.Bool
	go func() {
		for range signals {
			if over.Swap(true) {
				os.Exit(exitInterrupted)
			}
			fmt.Fprintln(io.err, "\nwebex-bulk: stopping; requests in flight get a moment to be answered (once more to end at once)")
			cancel()
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	}
}

func newRoot(io stdio) *cobra.Command {
	root := &cobra.Command{
		Use:           "webex-bulk",
		Short:         "Create, change and delete Webex users and groups in bulk, safely",
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Example: `  webex-bulk demo                               try it: a simulated organisation is imported
  webex-bulk plan users.ndjson                  see what would be sent
  WEBEX_ACCESS_TOKEN=… webex-bulk apply --org 3f1d2c8a-… users.ndjson`,
	}
	root.SetIn(io.in)
	root.SetOut(io.out)
	root.SetErr(io.err)
	root.AddCommand(newApply(io), newPlan(io), newServe(io), newDemo(io), newLocate(io), newSpec(io))
	return root
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
