package bulkapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/throttle"
	"github.com/webexscim/bulk/internal/transport"
)

// One request of two operations, of which one fails.
func Example() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"operations":[
			{"method":"DELETE","bulkId":"gone","status":"404"},
			{"method":"POST","bulkId":"ada","status":"201","location":"https://h/identity/scim/o/v2/Users/7c5b1f0e"}]}`)
	}))
	defer service.Close()

	c := transport.New(transport.Config{
		Server:   service.URL,
		OrgID:    "3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01",
		Token:    func(context.Context, string) (string, error) { return "secret", nil },
		Throttle: throttle.New(throttle.Config{}),
	})
	ctx := context.Background()
	answer := bulkapi.Send(ctx, ctx, c, []bulkapi.Operation{
		{Method: "POST", Path: "/Users", BulkID: "ada", Data: json.RawMessage(`{"userName":"ada@example.com"}`)},
		{Method: "DELETE", Path: "/Users/0b9e7a44", BulkID: "gone"},
	}, 0)
	fmt.Println(answer.Kind)
	for _, item := range answer.Items {
		fmt.Println(item.Status, item.Location, item.Err)
	}
	// Output:
	// answered
	// 201 https://h/identity/scim/o/v2/Users/7c5b1f0e <nil>
	// 404  status 404
}
