package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// commandUse is the resource use of one run of webex-bulk, including its start.
type commandUse struct {
	command   string // its name in the page
	rows      int
	processor time.Duration
	peak      int64 // bytes
}

// measureCommands runs the program webex-bulk on files.
func (b *bench) measureCommands(ctx context.Context) error {
	program := filepath.Join(b.dir, "webex-bulk")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/webex-bulk")
	build.Dir = b.root
	if err := quietly(build); err != nil {
		return err
	}
	for _, rows := range b.commands {
		operations, people := filepath.Join(b.dir, "creates.ndjson"), filepath.Join(b.dir, "people.csv")
		if err := errors.Join(writeFile(operations, rows, writeCreates), writeFile(people, rows, writePeople)); err != nil {
			return err
		}
		for _, c := range []struct {
			name string
			args []string
		}{
			{"apply --no-journal, creates from NDJSON", []string{"apply", "--quiet", "--no-journal", operations}},
			{"apply, creates from NDJSON", []string{"apply", "--quiet", operations}},
			{"apply, a sheet of users with managers in random order", []string{"apply", "--quiet", people}},
			{"plan, the same sheet", []string{"plan", people}},
		} {
			cmd := exec.CommandContext(ctx, program, c.args...)
			cmd.Env = append(os.Environ(), "WEBEX_ACCESS_TOKEN="+token, "WEBEX_ORG_ID="+orgID, "WEBEX_BASE_URL="+b.service.url)
			if err := quietly(cmd); err != nil {
				return err
			}
			state := cmd.ProcessState
			u := commandUse{c.name, rows, state.UserTime() + state.SystemTime(), peak(state)}
			b.results.commands = append(b.results.commands, u)
			fmt.Fprintf(os.Stderr, "          %-60s %9d rows %6.1f s %5d MiB\n", u.command, u.rows, u.processor.Seconds(), u.peak>>20)
		}
		for _, journal := range []string{operations, people} {
			if err := os.Remove(journal + ".journal"); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeFile(path string, rows int, write func(w *bufio.Writer, rows int)) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	write(w, rows)
	return errors.Join(w.Flush(), f.Close())
}

// writeCreates writes the users of the other measurements.
func writeCreates(w *bufio.Writer, rows int) {
	enc := json.NewEncoder(w)
	for i := range rows {
		_ = enc.Encode(map[string]any{"method": "POST", "path": "/Users", "bulkId": fmt.Sprint("u", i), "data": person(i)})
	}
}

// writePeople writes a sheet in random order in which each manager has eight
// reports: half of the managers come after their reports.
func writePeople(w *bufio.Writer, rows int) {
	fmt.Fprintln(w, "First Name,Last Name,Display Name,User ID/Email (Required),Title,Department,Manager")
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(rows) {
		manager := ""
		if i > 0 {
			manager = fmt.Sprintf("user%d@example.com", (i-1)/8)
		}
		fmt.Fprintf(w, "User,Number %d,User Number %d,user%d@example.com,Engineer,Sales,%s\n", i, i, i, manager)
	}
}
