package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/foundids"
	"github.com/webexscim/bulk/internal/input"
	"github.com/webexscim/bulk/internal/outcomes"
	"github.com/webexscim/bulk/internal/outfile"
	"github.com/webexscim/bulk/internal/plain"
	"github.com/webexscim/bulk/internal/terminal"
	"github.com/webexscim/bulk/journal"
)

// jobCommand is the common part of apply and sync, the commands that run a job:
// its flags, its input, its journal and its summary.
type jobCommand struct {
	stdio
	connection
	messages
	inputFlags
	job                    client.Job
	results, journalFile   string
	noJournal, yes, asJSON bool
}

func newJobCommand(std stdio) jobCommand {
	return jobCommand{stdio: std, messages: messages{w: std.err}}
}

// addLimits adds the flags that say how much is sent, and when to stop.
func (c *jobCommand) addLimits(f *pflag.FlagSet) {
	c.connection.addLimits(f)
	f.IntVar(&c.job.FailOnErrors, "fail-on-errors", 0,
		"stop once the service has refused operations this many times; 0: never")
}

// checkFlags finds mistakes for which no input and no service is needed. Without
// --journal, it sets the journal of a file that can be read again: the path of
// the file with an ending. files are those that only one of the commands
// writes.
func (c *jobCommand) checkFlags(ending string, files ...outfile.File) error {
	if err := c.checkLimits(); err != nil {
		return err
	}
	switch {
	case c.job.FailOnErrors < 0:
		return fmt.Errorf("--fail-on-errors %d: expected 0 or more", c.job.FailOnErrors)
	case c.journalFile != "" && c.noJournal:
		return errors.New("--journal FILE and --no-journal contradict each other: give one of them")
	case c.journalFile == "" && !c.noJournal && isNamedFile(c.file):
		c.journalFile = c.file + ending
	}
	return outfile.Check(c.files(files)...)
}

// files lists all files of the command: Check keeps those that are written
// apart from the others.
func (c *jobCommand) files(others []outfile.File) []outfile.File {
	files := c.connection.files()
	if c.file != input.Stdin {
		files = append(files, outfile.File{Flag: "FILE", Path: c.file})
	} else if f, ok := c.in.(*os.File); ok {
		files = append(files, outfile.File{Flag: "standard input", Open: f})
	}
	if c.results != input.Stdin {
		files = append(files, outfile.File{Flag: "--results", Path: c.results, Mode: outfile.InPlace})
	}
	files = append(files, others...)
	for _, path := range journalFiles(c.journalFile) {
		files = append(files, outfile.File{Flag: "--journal", Path: path, Mode: outfile.InPlace})
	}
	if f, ok := c.out.Stream().(*os.File); ok {
		files = append(files, outfile.File{Flag: "standard output", Open: f, Mode: outfile.Written})
	}
	return files
}

// journalFiles returns the paths of a journal: the database, the files that
// SQLite keeps beside it, and the ids that were looked up.
func journalFiles(path string) []string {
	if path == "" {
		return nil
	}
	names := []string{path, foundids.PathOf(path)}
	for _, end := range []string{"-wal", "-shm", "-journal", ".lock"} {
		names = append(names, path+end)
	}
	return names
}

// openInput reads the input and makes the client. The error describes the
// mistakes in the input and in the settings of the client.
func (c *jobCommand) openInput(ctx context.Context) (*input.File, *client.Client, error) {
	service, clientErr := c.client(c.messages.warn)
	in, inputErr := c.open(ctx, c.in, c.quiet, func(note string) { c.sayAlways("%s", note) })
	if inputErr == nil && clientErr != nil {
		inputErr = in.Close()
	}
	return in, service, errors.Join(clientErr, inputErr)
}

// openJournal opens the journal of the job. It is nil if the command keeps
// none.
func (c *jobCommand) openJournal() (*journal.Journal, error) {
	if c.noJournal || c.journalFile == "" {
		return nil, nil
	}
	j, err := journal.Open(c.journalFile)
	if errors.Is(err, journal.ErrWrite) {
		err = terminal.Errorf("%w\na journal can also be kept elsewhere: --journal FILE; temporary files: TMPDIR", err)
	}
	if err != nil {
		return nil, fmt.Errorf("nothing was sent: %w", err)
	}
	c.job.Journal = j
	c.setEndMessage("what was sent is in " + c.journalFile + "; the same command continues")
	return j, nil
}

// closeJournal closes the journal; nil is none. Its results are on disk
// already, so that an error is only a warning.
func (c *jobCommand) closeJournal(j *journal.Journal) {
	if j == nil {
		return
	}
	if err := j.Close(); err != nil {
		c.messages.warn(string(plain.Text(err)))
	}
}

// watch shows the progress of a job of so many operations until stop is called,
// and tells a person who interrupts it what happens next.
func (c *jobCommand) watch(ctx context.Context, total int) (stop func()) {
	c.startBar(&c.job, total)
	interrupted := context.AfterFunc(ctx, func() {
		c.stopBar()
		c.say("\nstopping: requests in flight get a moment to be answered (Ctrl-C once more ends at once)")
	})
	return func() {
		interrupted()
		c.stopBar()
	}
}

// neverBegan reports whether the journal refused the job before an operation
// was read.
func (c *jobCommand) neverBegan(stop error) bool {
	return errors.Is(stop, client.ErrJournal) && c.job.Progress().Read == 0
}

// summaryWriter is standard output, unless the results are written there.
func (c *jobCommand) summaryWriter() *terminal.Writer {
	if c.results == input.Stdin {
		return c.err
	}
	return c.out
}

// printSummary prints the summary, for a program or for a person.
func (c *jobCommand) printSummary(collected *outcomes.Collector) error {
	switch {
	case c.asJSON:
		return writeJSON(c.summaryWriter(), &collected.Summary)
	case c.quiet:
		return nil
	}
	return c.summaryWriter().PrintTable(cmp.Or(collected.Private, &collected.Summary).WriteTable)
}

// readAnswer reads a line that the user types, without the spaces around it.
// Once ctx has ended, it returns "".
func (c *jobCommand) readAnswer(ctx context.Context) string {
	answer, _ := bufio.NewReader(input.Interruptible(ctx, c.in)).ReadString('\n')
	return strings.TrimSpace(answer)
}

// isNamedFile reports whether the same command can read the path again: it is
// not standard input or a pipe.
func isNamedFile(path string) bool {
	info, err := os.Stat(path)
	return path != input.Stdin && (err != nil || info.Mode().IsRegular())
}
