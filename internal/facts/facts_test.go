package facts_test

import (
	"fmt"

	"github.com/webexscim/bulk/internal/facts"
	"github.com/webexscim/bulk/internal/plan"
)

func ExampleReader() {
	var r facts.Reader
	o := r.Read(0, facts.Given{Method: "POST", Path: "/Groups", BulkID: "g", Data: []byte(
		`{"displayName":"Board","members":[{"value":"bulkId:ann","type":"user"}]}`)})
	fmt.Println(o.Invalid, o.SentName, o.Refs[0].Name)
	sent := o.Encode([]plan.Known{{Name: "ann", ID: "2819c223"}}, "g")
	fmt.Printf("%s %s %s\n", sent.Method, sent.Path, sent.Data)

	o = r.Read(1, facts.Given{Method: "DELETE", Path: "/Users"})
	fmt.Println(o.Invalid)
	// Output:
	// <nil> Board ann
	// POST /Groups {"displayName":"Board","members":[{"value":"2819c223","type":"user"}]}
	// invalid operation: path of a DELETE, expected a resource such as "/Users/<id>"
}
