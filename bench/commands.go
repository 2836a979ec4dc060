package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// commandUse is the resource use of one run of webex-bulk, including its start.
type commandUse struct {
	command   string // its name in the page
	rows      int
	processor time.Duration
	peak      int64 // bytes
}

// The commands that are measured, as the page names them.
const (
	commandCreates        = "apply of creates, without journal"
	commandCreatesJournal = "apply of creates, with journal"
	commandSheet          = "apply of the sheet, with journal"
	commandPlan           = "plan of the sheet"
)

// command is a run of webex-bulk on a file of a number of rows.
type command struct {
	name string // in the page
	rows int
	args []string
}

// measureCreates runs webex-bulk on creates from NDJSON.
func (b *bench) measureCreates(ctx context.Context) error {
	return b.runCommands(ctx, "creates.ndjson", writeCreates, []command{
		{commandCreates, b.creates, []string{"apply", "--quiet", "--no-journal"}},
		{commandCreatesJournal, b.creates, []string{"apply", "--quiet"}},
		{commandCreatesJournal, b.long, []string{"apply", "--quiet"}},
	})
}

// measureSheets runs webex-bulk on sheets of users.
func (b *bench) measureSheets(ctx context.Context) error {
	var all []command
	for _, rows := range b.sheets {
		all = append(all, command{commandSheet, rows, []string{"apply", "--quiet"}}, command{commandPlan, rows, []string{"plan"}})
	}
	return b.runCommands(ctx, "people.csv", writePeople, all)
}

// runCommands runs webex-bulk on files that write writes.
func (b *bench) runCommands(ctx context.Context, name string, write func(*bufio.Writer, int), all []command) error {
	program, file := filepath.Join(b.dir, "webex-bulk"), filepath.Join(b.dir, name)
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/webex-bulk")
	build.Dir = b.root
	if err := quietly(build); err != nil {
		return err
	}
	for _, c := range all {
		if err := writeFile(file, c.rows, write); err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, program, append(c.args, file)...)
		cmd.Env = append(os.Environ(), "WEBEX_ACCESS_TOKEN="+token, "WEBEX_ORG_ID="+orgID, "WEBEX_BASE_URL="+b.service.url)
		if err := quietly(cmd); err != nil {
			return err
		}
		state := cmd.ProcessState
		u := commandUse{c.name, c.rows, state.UserTime() + state.SystemTime(), peak(state)}
		b.results.commands = append(b.results.commands, u)
		fmt.Fprintf(os.Stderr, "          %-54s %9d rows %6.1f s %5d MiB\n", u.command, u.rows, u.processor.Seconds(), u.peak>>20)
		for _, f := range []string{file, file + ".journal"} {
			if err := os.Remove(f); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// use returns the resource use of a command with a number of rows.
func (b *bench) use(command string, rows int) (commandUse, bool) {
	for _, u := range b.results.commands {
		if u.command == command && u.rows == rows {
			return u, true
		}
	}
	return commandUse{}, false
}

const aboutCreates = `
## webex-bulk with creates from NDJSON

Processor time and peak resident memory of the whole process, in one run.

`

func (b *bench) writeCreates(w *bytes.Buffer) {
	fmt.Fprint(w, aboutCreates)
	b.writeUses(w, commandCreates, commandCreatesJournal)
}

const aboutSheets = `
## webex-bulk with a sheet

Processor time and peak resident memory of the whole process, in one run. In the
sheet, each manager has eight reports; the rows are in random order.

`

func (b *bench) writeSheets(w *bytes.Buffer) {
	fmt.Fprint(w, aboutSheets)
	b.writeUses(w, commandSheet, commandPlan)
}

// writeUses writes the resource use of some commands.
func (b *bench) writeUses(w *bytes.Buffer, names ...string) {
	fmt.Fprint(w, "| webex-bulk | rows | processor time | per row | memory |\n|---|---|---|---|---|\n")
	for _, u := range b.results.commands {
		if slices.Contains(names, u.command) {
			fmt.Fprintf(w, "| %s | %d | %.1f s | %.0f µs | %d MiB |\n", u.command, u.rows, u.processor.Seconds(),
				u.processor.Seconds()*1e6/float64(u.rows), u.peak>>20)
		}
	}
}

func writeFile(path string, rows int, write func(w *bufio.Writer, rows int)) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<16)
	write(w, rows)
	return errors.Join(w.Flush(), f.Close())
}

// writeCreates writes the users of the other measurements.
func writeCreates(w *bufio.Writer, rows int) {
	for ops := range requests(rows) {
		for _, op := range ops {
			fmt.Fprintf(w, `{"method":"POST","path":"/Users","bulkId":"%s","data":%s}`+"\n", op.BulkID, op.Data)
		}
	}
}

// writePeople writes a sheet in random order in which each manager has eight
// reports: half of the managers come after their reports.
func writePeople(w *bufio.Writer, rows int) {
	fmt.Fprintln(w, "First Name,Last Name,Display Name,User ID/Email (Required),Title,Department,Manager")
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(rows) {
		manager := ""
		if i > 0 {
			manager = "user" + strconv.Itoa((i-1)/8) + "@example.com"
		}
		fmt.Fprintf(w, "User,Number %d,User Number %d,user%d@example.com,Engineer,Sales,%s\n", i, i, i, manager)
	}
}
