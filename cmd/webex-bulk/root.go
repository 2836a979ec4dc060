package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/webexscim/bulk/internal/plain"
	"github.com/webexscim/bulk/internal/terminal"
)

// stdio has the standard streams of a command. All output goes through these
// writers, so that no text of a file or a service reaches a terminal raw.
type stdio struct {
	in         io.Reader
	out, err   *terminal.Writer
	endMessage *atomic.Value // printed when a second Ctrl-C ends the program
}

// setEndMessage sets the text to print when a second Ctrl-C ends the program.
func (s stdio) setEndMessage(text string) {
	s.endMessage.Store("webex-bulk: ended at once; " + text)
}

// warn prints a warning.
func (s stdio) warn(text string) { _ = s.err.Printf("webex-bulk: warning: %s\n", text) }

// isTerminal reports whether standard input is a terminal.
func isTerminal(in io.Reader) bool {
	f, ok := in.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// The exit codes.
const (
	exitDone        = 0
	exitSome        = 1 // some operations did not succeed
	exitUsage       = 2 // usage or bad input, nothing was sent
	exitStopped     = 3 // the job stopped early
	exitInterrupted = 130
)

// exit is an error that ends the program with a code; any other error ends it
// with exitUsage. Without err, the message was printed before.
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
func run(args []string, in io.Reader, out, err io.Writer) int {
	std := stdio{in, terminal.NewWriter(out), terminal.NewWriter(err), &atomic.Value{}}
	defer std.out.Flush()
	defer std.err.Flush()
	ctx, stop := interruptible(std)
	defer stop()
	root := newRoot(std)
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		withoutBackticks(root)
	}
	root.SetArgs(args)
	failure := execute(ctx, root, args)
	if failure == nil {
		return exitDone
	}
	code := exitUsage
	if e, ok := errors.AsType[*exit](failure); ok {
		code = e.code
	}
	if failure.Error() != "" {
		text := plain.TextOfCodes
		if std.err.IsTerminal() {
			text = plain.Text
		}
		_ = std.err.Printf("webex-bulk: %s\n", text(failure))
	}
	return code
}

func execute(ctx context.Context, root *cobra.Command, args []string) error {
	err := root.ExecuteContext(ctx)
	if _, _, unknown := root.Find(args); unknown != nil { // cobra adds commands of its own when it executes
		return unknownCommand(root, args)
	}
	return err
}

// interruptible returns a context that the first Ctrl-C ends. The second one
// ends the program at once, which a journal survives.
func interruptible(std stdio) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		for range signals {
			if ctx.Err() != nil {
				text, _ := std.endMessage.Load().(string)
				_ = std.err.Printf("%s\n", cmp.Or(text, "webex-bulk: ended at once"))
				os.Exit(exitInterrupted)
			}
			cancel()
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	}
}

func newRoot(std stdio) *cobra.Command {
	root := &cobra.Command{
		Use:   "webex-bulk",
		Short: "Create, change and delete Webex users and groups in bulk, safely",
		Long: `Sends a file of operations to the SCIM 2.0 Bulk API in requests of 100, orders
them so that references resolve, and keeps to the service's rate limit. A journal
records what is done: after an interruption, run the same command again to
continue; nothing is done twice.

"webex-bulk help apply" explains sheets, tokens, the environment and exit codes,
"webex-bulk help sync" explains how to make an organization match a sheet.`,
		Example: `  webex-bulk demo                      import a made-up organization into the simulator
  webex-bulk template users > new.csv  print a sheet to fill in, or use a Control Hub export
  webex-bulk plan new.csv              show the requests; needs no token, sends nothing
  webex-bulk whoami                    check WEBEX_ACCESS_TOKEN and print the organization's id
  webex-bulk apply --org ID new.csv    send the requests
  webex-bulk sync --org ID all.csv     compare with a sheet of all users, ask, make the changes`,
		Version:       buildOf().version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	root.SetHelpTemplate(helpTemplate)
	root.SetUsageFunc(func(cmd *cobra.Command) error { return writeUsage(cmd, std.out.Width()) })
	root.SetHelpCommand(newHelp())
	root.SetHelpFunc(wrapped(std.out, root.HelpFunc()))
	root.SetFlagErrorFunc(wrongFlag)
	root.AddCommand(newApply(std), newPlan(std), newExport(std), newSync(std), newTemplate(std), newWhoami(std),
		newServe(std), newProxy(std), newDemo(std), newLocate(std), newSpec(std), newVersion(std), newManuals())
	root.InitDefaultCompletionCmd()
	if shells, _, err := root.Find([]string{"completion"}); err == nil {
		shells.RunE = noSuchShell
		shells.Args = cobra.ArbitraryArgs // which RunE refuses
	}
	return root
}

// noArguments is cobra.NoArgs with an error that does not take an argument for
// a command.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s, expected none; see %s --help", terminal.Plural(len(args), "argument"), cmd.CommandPath())
	}
	return nil
}

// oneArgument is cobra.ExactArgs(1) with an error that says what is missing.
func oneArgument(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("%d arguments, expected one: %s; see %s --help", len(args), what, cmd.CommandPath())
		}
		return nil
	}
}

// completeFlag lets the shell complete the values of a flag.
func completeFlag(cmd *cobra.Command, flag string, values ...string) {
	choices := cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	_ = cmd.RegisterFlagCompletionFunc(flag, choices) // fails only without such a flag
}
