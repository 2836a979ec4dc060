package bulk_test

import (
	"fmt"
	"time"

	"github.com/webexscim/bulk/webextest/internal/bulk"
	"github.com/webexscim/bulk/webextest/internal/contract"
	"github.com/webexscim/bulk/webextest/internal/store"
)

func Example() {
	request, refused := contract.ParseRequest([]byte(`{
		"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
		"operations": [
			{"method": "POST", "path": "/Groups", "bulkId": "team", "data": {"displayName": "Team",
				"members": [{"value": "bulkId:ann", "type": "user"}]}},
			{"method": "POST", "path": "/Users", "bulkId": "ann", "data": {"userName": "ann@example.com"}}
		]}`), &contract.Rules{MaxOperations: 100})
	if refused != nil {
		fmt.Println(refused)
		return
	}
	s := store.New(0, 1)
	s.Lock()
	defer s.Unlock()
	outcomes := bulk.Do(bulk.Work{
		Store: s, Org: "3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01", Request: request, Now: time.Now(),
		Settings: bulk.Settings{Normalize: func(name string) string { return name }, UnknownReferenceStatus: 400},
		Enter:    func(i int, o bulk.Outcome) { fmt.Println("operation", i, o.Effect) },
	})
	fmt.Println(outcomes[0].Status, outcomes[1].Status)
	// Output:
	// operation 1 created
	// operation 0 created
	// 201 201
}
