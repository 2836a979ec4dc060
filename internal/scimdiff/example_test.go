package scimdiff_test

import (
	"fmt"

	"github.com/webexscim/bulk/internal/scimdiff"
)

func Example() {
	given := []byte(`{"userName":"ADA@example.com","title":"Chair"}`)
	stored := []byte(`{"id":"1","userName":"ada@example.com","title":"Clerk","nickName":"Ada"}`)
	differences, err := scimdiff.Compare(given, stored, scimdiff.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range differences {
		fmt.Printf("%s: %s -> %s\n", d.Path, d.Old, d.New)
	}
	fmt.Printf("%s\n", scimdiff.Patch(differences))
	// Output:
	// title: "Clerk" -> "Chair"
	// {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"title","value":"Chair"}]}
}
