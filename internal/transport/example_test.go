package transport_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/throttle"
	"github.com/webexscim/bulk/internal/transport"
)

// A request that a service refuses.
func Example() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, `{"message":"no such scope","trackingId":"ROUTER_1"}`)
	}))
	defer service.Close()

	c := transport.New(transport.Config{
		Server:   service.URL,
		OrgID:    "3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01",
		Token:    func(context.Context, string) (string, error) { return "secret", nil },
		Throttle: throttle.New(throttle.Config{}),
	})
	ctx := context.Background()
	r := c.Call(ctx, ctx, transport.Request{Send: func(ctx context.Context, api *gen.Client) (*http.Response, error) {
		return api.GetMe(ctx)
	}})
	body, err := r.Body()
	if r.Kind == transport.Answered && err == nil {
		fmt.Println(string(body))
		return
	}
	answer := r.Refused(err)
	fmt.Println(answer.Kind, answer.Alive)
	fmt.Println(answer.Err)
	// Output:
	// denied true
	// status 403: no such scope (tracking id ROUTER_1)
}
