package lookup_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/webexscim/bulk/internal/lookup"
	"github.com/webexscim/bulk/internal/throttle"
	"github.com/webexscim/bulk/internal/transport"
)

// A search for two names, of which one has a user.
func Example() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.URL.Query().Get("filter"))
		io.WriteString(w, `{"totalResults":1,"Resources":[{"id":"7c5b1f0e","userName":"Ada@example.com"}]}`)
	}))
	defer service.Close()

	c := transport.New(transport.Config{
		Server:   service.URL,
		OrgID:    "3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01",
		Token:    func(context.Context, string) (string, error) { return "secret", nil },
		Throttle: throttle.New(throttle.Config{}),
	})
	found, err := lookup.Find(context.Background(), c, "Users", []string{"ada@example.com", "bob@example.com"})
	for _, res := range found {
		fmt.Println(res.ID, res.Name)
	}
	fmt.Println(err)
	// Output:
	// userName eq "ada@example.com" or userName eq "bob@example.com"
	// 7c5b1f0e Ada@example.com
	// <nil>
}
