package journal_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/journal"
)

// A job is cut short after its first operation. When it runs again, the journal
// has a record of each operation that was sent.
func Example() {
	dir, err := os.MkdirTemp("", "journal")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "users.ndjson.journal")

	ctx := context.Background()
	target := client.Target{OrgID: "01234567-89ab-cdef-0123-456789abcdef", BaseURL: "https://webexapis.com"}
	input := []client.Entry{{Key: client.Key{1}, Name: client.Key{11}}, {Key: client.Key{2}, Name: client.Key{12}}, {Key: client.Key{3}}}

	run := func(answers int) {
		j, err := journal.Open(path)
		if err != nil {
			log.Fatal(err) // nothing has been sent
		}
		defer j.Close()
		if _, err := j.Begin(ctx, target); err != nil {
			log.Fatal(err)
		}
		defer j.End(ctx)
		records, err := j.Claim(ctx, input)
		if err != nil {
			log.Fatal(err)
		}
		for i, r := range records {
			fmt.Println(i, [...]string{"is to be sent", "was sent: look it up", "is done: " + r.Success.Location}[r.Known])
		}
		first, second := records[0].Ticket, records[1].Ticket
		if answers > 0 {
			_ = j.Write(ctx, []client.Update{
				{Kind: client.UpdateSent, Ticket: first, Entry: input[0], Sent: time.Now()},
				{Kind: client.UpdateSent, Ticket: second, Entry: input[1], Sent: time.Now()},
			})
			// … the request leaves, and only the first is answered …
			_ = j.Write(ctx, []client.Update{
				{Kind: client.UpdateDone, Ticket: first, Success: client.Success{Status: 201, Location: "/Users/17"}},
			})
		}
	}
	run(1)
	run(0)

	// Output:
	// 0 is to be sent
	// 1 is to be sent
	// 2 is to be sent
	// 0 is done: /Users/17
	// 1 was sent: look it up
	// 2 is to be sent
}
