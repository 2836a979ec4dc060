package scimfilter_test

import (
	"fmt"

	"github.com/webexscim/bulk/internal/scimfilter"
)

func Example() {
	f, err := scimfilter.Parse(`department eq "Sales" and not (title sw "Head")`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f.Match([]byte(`{"department":"sales","title":"Clerk"}`)))
	fmt.Println(f.Match([]byte(`{"department":"Sales","title":"Head of Sales"}`)))
	fmt.Println(f.Paths())

	_, err = scimfilter.Parse(`department is "Sales"`)
	fmt.Println(err)
	// Output:
	// true
	// false
	// [department title]
	// filter, after "department ": expected one of eq, ne, co, sw, ew, gt, ge, lt, le, pr
}
