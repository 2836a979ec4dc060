package gen_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/webexscim/bulk/gen"
)

// One deletion, against a server that stands in for the service.
func Example() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Println(r.Method, r.URL.Path, r.Header.Get("Content-Type"), r.Header.Get("Authorization"))
		fmt.Println(string(body))
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"operations":[{"method":"DELETE","bulkId":"d1","status":"204"}]}`)
	}))
	defer service.Close()

	authorize := func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer example")
		return nil
	}
	c, err := gen.NewClient(service.URL, gen.WithRequestEditorFn(authorize))
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := c.ExecuteBulk(context.Background(), "3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01", gen.BulkRequest{
		Schemas: []string{"urn:ietf:params:scim:api:messages:2.0:BulkRequest"},
		Operations: []gen.BulkOperation{
			{Method: gen.BulkMethodDELETE, Path: "/Users/7c5b1f0e", BulkID: "d1"},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	var done gen.BulkResponse
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&done); err != nil {
		fmt.Println(err)
		return
	}
	for _, result := range done.Operations {
		fmt.Println(result.BulkID, int(result.Status), result.Status.OK())
	}
	// Output:
	// POST /identity/scim/3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01/v2/Bulk application/json Bearer example
	// {"operations":[{"bulkId":"d1","method":"DELETE","path":"/Users/7c5b1f0e"}],"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]}
	// d1 204 true
}
