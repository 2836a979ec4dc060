package contract_test

import (
	"fmt"

	"github.com/webexscim/bulk/webextest/internal/contract"
)

func Example() {
	at := contract.Route("/identity/scim/3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01/v2/Users/7c5b1f0e")
	fmt.Println(at.Method(), at.Kind, at.ID)

	request, refused := contract.ParseRequest([]byte(`{
		"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
		"operations": [{"method": "DELETE", "path": "/Users/7c5b1f0e", "version": "1"}]
	}`), &contract.Rules{MaxOperations: 100})
	fmt.Println(len(request.Operations), refused)
	// Output:
	// GET Users 7c5b1f0e
	// 1 invalidSyntax: operation 0 has an unknown member "version"
}
