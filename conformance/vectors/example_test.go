package vectors_test

import (
	"fmt"

	"github.com/webexscim/bulk/conformance/vectors"
)

func Example() {
	v, err := vectors.Numbered(34)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v.Number, v.Kind, v.Expect.Outcome)
	for _, op := range v.Expect.Operations {
		fmt.Println(op.BulkID, op.Outcome, op.Status)
	}
	// Output:
	// 34 conforms answered
	// ada failed 409
	// grace succeeded 201
}
