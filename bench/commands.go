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
	commandCreates        = "apply --no-journal, creates from NDJSON"
	commandCreatesJournal = "apply, creates from NDJSON"
	commandSheet          = "apply, a sheet of users with managers in random order"
	commandPlan           = "plan, the same sheet"
)

// measureCommands runs the program webex-bulk on files.
func (b *bench) measureCommands(ctx context.Context) error {
	program := filepath.Join(b.dir, "webex-bulk")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/webex-bulk")
	build.Dir = b.root
	if err := quietly(build); err != nil {
		return err
	}
	operations, people := filepath.Join(b.dir, "creates.ndjson"), filepath.Join(b.dir, "people.csv")
	type run struct {
		command string
		rows    int
		args    []string
	}
	runs := []run{
		{commandCreates, b.creates, []string{"apply", "--quiet", "--no-journal", operations}},
		{commandCreatesJournal, b.creates, []string{"apply", "--quiet", operations}},
		{commandCreatesJournal, b.long, []string{"apply", "--quiet", operations}},
	}
	for _, rows := range b.sheets {
		runs = append(runs, run{commandSheet, rows, []string{"apply", "--quiet", people}}, run{commandPlan, rows, []string{"plan", people}})
	}
	for _, r := range runs {
		file, write := operations, writeCreates
		if r.args[len(r.args)-1] == people {
			file, write = people, writePeople
		}
		if err := writeFile(file, r.rows, write); err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, program, r.args...)
		cmd.Env = append(os.Environ(), "WEBEX_ACCESS_TOKEN="+token, "WEBEX_ORG_ID="+orgID, "WEBEX_BASE_URL="+b.service.url)
		if err := quietly(cmd); err != nil {
			return err
		}
		state := cmd.ProcessState
		u := commandUse{r.command, r.rows, state.UserTime() + state.SystemTime(), peak(state)}
		b.results.commands = append(b.results.commands, u)
		fmt.Fprintf(os.Stderr, "          %-60s %9d rows %6.1f s %5d MiB\n", u.command, u.rows, u.processor.Seconds(), u.peak>>20)
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

func (b *bench) writeCommands(w *bytes.Buffer) {
	fmt.Fprint(w, "\n## The command line\n\nProcessor time and peak resident memory of the whole process, in one run. In the\n"+
		"sheet, each manager has eight reports; the rows are in random order.\n\n"+
		"| webex-bulk | rows | processor time | per row | memory |\n|---|---|---|---|---|\n")
	for _, u := range b.results.commands {
		fmt.Fprintf(w, "| %s | %d | %.1f s | %.0f µs | %d MiB |\n", u.command, u.rows, u.processor.Seconds(),
			u.processor.Seconds()*1e6/float64(u.rows), u.peak>>20)
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
