package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/opfile"
	"github.com/webexscim/bulk/internal/terminal"
)

// confirm asks before anything is deleted for good.
func (a *application) confirm(ctx context.Context, in *input) error {
	n := in.counts[client.MethodDelete]
	switch {
	case n == 0:
		return nil
	case (a.yes || a.limitDeletes) && n > a.maxDeletes:
		return terminal.Errorf("%s in %s, more than --max-deletes %d allows; nothing was sent\n"+
			"%s; if they are right, give --max-deletes %d", plural(n, "delete"), in.name, a.maxDeletes, a.seeThem(), n)
	case a.yes:
		return nil
	case a.file == stdin || !isTerminal(a.in):
		return terminal.Errorf("%s in %s, and what is deleted cannot be brought back; nothing was sent\n"+
			"%s; if they are right, give --yes", plural(n, "delete"), in.name, a.seeThem())
	}
	_ = a.err.Printf("%d of %d operations delete, for good:\n", n, in.rows)
	for _, row := range in.deletes {
		_ = a.err.Printf("  line %d: %s\n", row.Line, subject(row))
	}
	if more := n - len(in.deletes); more > 0 {
		_ = a.err.Printf("  and %d more: %s\n", more, a.seeThem())
	}
	_ = a.err.Printf("Type the number of deletes (%d) to go on: ", n)
	answer, _ := bufio.NewReader(untilDone(ctx, a.in)).ReadString('\n')
	if strings.TrimSpace(answer) != fmt.Sprint(n) {
		return errors.New("not confirmed; nothing was sent")
	}
	return nil
}

// seeThem is how to see all deletes. What came through a pipe is gone.
func (a *application) seeThem() string {
	if isNamedFile(a.file) {
		return "see them with webex-bulk plan --all " + word(a.file)
	}
	return "put the operations into a file, and see them with webex-bulk plan --all FILE"
}

// subject is what a person calls what a row is about.
func subject(row opfile.Row) string {
	kind, id, _ := strings.Cut(strings.TrimPrefix(row.Operation.Path, "/"), "/")
	if row.Name != "" {
		id = row.Name
	}
	return strings.TrimSpace(strings.TrimSuffix(strings.ToLower(kind), "s") + " " + id)
}
