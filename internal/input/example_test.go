package input_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/webexscim/bulk/internal/input"
	"github.com/webexscim/bulk/internal/sheet"
)

// A sheet names a manager whom it does not create. The id is looked up before
// the operations are read.
func Example() {
	text := "userName,Manager\nann@example.com,boss@example.com\nbob@example.com,ann@example.com\n"
	in, err := input.Open(context.Background(), input.Stdin, strings.NewReader(text), input.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer in.Close()
	fmt.Println(in.Len(), "operations:", in.Counts)
	for _, l := range in.Lookups() {
		fmt.Println("look up", l.Type, l.Name)
	}
	err = in.ResolveNames(func(sheet.Lookup) string { return "7c5b1f0e-51a4-4c3b-8f0d-2b9f6a5de001" })
	if err != nil {
		fmt.Println(err)
		return
	}
	index := 0
	for op, err := range in.Operations(nil) {
		fmt.Println("line", in.Line(index), op.Method, op.Path, err)
		index++
	}
	// Output:
	// 2 operations: map[POST:2]
	// look up Users boss@example.com
	// line 2 POST /Users <nil>
	// line 3 POST /Users <nil>
}

// All mistakes are found before anything is sent.
func ExampleOpen_mistakes() {
	text := `{"method":"PUT","path":"/Users/1"}
{"method":"POST","path":"/Users","bulkId":"ann","data":{"userName":"ann@example.com"}}
{"method":"POST","path":"/Users","bulkId":"ann","data":{"userName":"bob@example.com"}}
`
	_, err := input.Open(context.Background(), input.Stdin, strings.NewReader(text), input.Options{})
	fmt.Println(err)
	// Output:
	// standard input, line 1, member "method", value "PUT": a method that Webex does not support in a Bulk request; expected POST, PATCH or DELETE
	// standard input, line 3, member "bulkId", value "ann": the same as in line 2; expected a name of its own
}
