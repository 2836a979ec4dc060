package opfile_test

import (
	"fmt"
	"strings"

	"github.com/webexscim/bulk/internal/opfile"
	"github.com/webexscim/bulk/internal/sheet"
	"github.com/webexscim/bulk/internal/textfile"
)

func Example() {
	people := strings.NewReader(`User ID/Email (Required);Title;Manager;Location
ada@example.com;Analyst;charles@example.com;London
charles@example.org;Engineer;ada@example.com;London
bob@example.com;Clerk;eve@example.com;London
`)
	in, err := opfile.Read(people, opfile.Options{Name: "users.csv"})
	if err != nil {
		fmt.Println(err)
		return
	}
	var wrong textfile.Errors
	for _, err := range in.Check() {
		if err != nil && !wrong.Add(err) {
			fmt.Println(err)
			return
		}
	}
	fmt.Println("mistakes:", wrong.Count)
	for _, note := range in.Notes() {
		fmt.Println(note)
	}
	fmt.Println("to be looked up:", in.Lookups())
	in.Resolve(func(l sheet.Lookup) (id string, ok bool) {
		return "7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001", l.Name == "charles@example.com"
	})
	for row, err := range in.Rows() {
		if err == nil {
			fmt.Println(row.Line, row.Operation.Method, row.Operation.Path, row.Name)
		} else {
			fmt.Println(err)
		}
	}
	// Output:
	// mistakes: 0
	// ignored: 1 column that SCIM does not carry (Location)
	// to be looked up: [{Users charles@example.com} {Users eve@example.com}]
	// 2 POST /Users ada@example.com
	// 3 POST /Users charles@example.org
	// users.csv, line 4, column "Manager", value "eve@example.com": neither in this sheet nor in the organization; expected the email address of a user of one of them
}
