package journal

import (
	"database/sql"
	"fmt"
	"slices"
	"testing"

	"github.com/webexscim/bulk/client"
)

// The view operations of a closed journal can be read with any SQLite.
func TestView(t *testing.T) {
	path := newPath(t)
	j := opened(t, path)
	e := client.Entry{Key: client.Key{0xab, 15: 1}, Name: client.Key{15: 2}}
	r := claim(t, j, e, client.Entry{Key: client.Key{15: 3}})
	first := sent(r[0].Ticket, e)
	first.Date = sentAt
	write(t, j, first, sent(r[1].Ticket, client.Entry{Key: client.Key{15: 3}}),
		client.Update{Kind: client.UpdateDone, Ticket: r[0].Ticket, Success: client.Success{Status: 201, Location: "/Users/1", Version: "v"}})
	mustClose(t, j)
	db, err := sql.Open("sqlite", dataSource(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT * FROM operations")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var c [10]any
		if err := rows.Scan(&c[0], &c[1], &c[2], &c[3], &c[4], &c[5], &c[6], &c[7], &c[8], &c[9]); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%v %v %v %v %v %v %v %v %v %v", c[:]...))
	}
	want := []string{
		"1 ab000000000000000000000000000001 00000000000000000000000000000002 " +
			"2026-09-21 14:13:20.123Z 2026-09-21 14:13:20Z done 201 /Users/1 v 0",
		"2 00000000000000000000000000000003 <nil> 2026-09-21 14:13:20.123Z <nil> sent <nil> <nil> <nil> <nil>",
	}
	if err := rows.Err(); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n%q, want\n%q", err, got, want)
	}
}
