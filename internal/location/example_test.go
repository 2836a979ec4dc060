package location_test

import (
	"fmt"

	"github.com/webexscim/bulk/internal/location"
)

func Example() {
	const orgID = "3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01"
	l, err := location.Parse("https://webexapis.com/identity/scim/" + orgID + "/v2/Users/7c5b1f0e")
	fmt.Println(l.Type, l.ID, err)
	fmt.Println(l.IsOf("Users", orgID), l.IsOf("Groups", orgID))
	_, err = location.Parse("https://webexapis.com/identity/scim/" + orgID + "/v2/Users")
	fmt.Println(err)
	// Output:
	// Users 7c5b1f0e <nil>
	// true false
	// location: no id found, expected a url that ends in {resource type}/{id}
}
