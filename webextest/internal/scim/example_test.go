package scim_test

import (
	"fmt"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

func Example() {
	user := map[string]any{
		"userName": "ada@example.com",
		"emails":   []any{map[string]any{"type": "work", "value": "ada@example.com"}},
	}
	filter, err := scim.ParseFilter(`userName Eq "ADA@example.com" or emails[type eq "work" and value ew "@example.com"]`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(filter.Match(user))
	changed, err := scim.Apply(user, "replace", `emails[type eq "work"].value`, "ada@example.org")
	fmt.Println(changed, err, user["emails"])
	// Output:
	// true
	// true <nil> [map[type:work value:ada@example.org]]
}

// An index can answer searches for many names.
func ExampleFilter_Equalities() {
	filter, err := scim.ParseFilter(`userName eq "ada@example.com" or userName eq "grace@example.com"`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(filter.Equalities())
	// Output: username [ada@example.com grace@example.com] true
}

// An Error has the status and the type for the answer.
func ExampleError() {
	_, err := scim.Apply(map[string]any{}, "replace", `emails[type eq "work"].value`, "ada@example.com")
	refusal := err.(*scim.Error)
	fmt.Println(refusal.Status, refusal.Type)
	fmt.Println(refusal.Detail)
	// Output:
	// 400 noTarget
	// no element of emails matches the filter
}
