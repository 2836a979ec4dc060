package admin_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/webexscim/bulk/webextest"
	"github.com/webexscim/bulk/webextest/admin"
)

func Example() {
	server := httptest.NewServer(admin.New(webextest.New(webextest.Config{}), admin.Config{}))
	defer server.Close()
	resp, err := http.Post(server.URL+admin.Prefix+"/faults", "application/json",
		strings.NewReader(`{"faults":[{"status":429,"retryAfter":"1","times":2},{"cut":"after"}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	queued, err := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, err)
	fmt.Printf("%s", queued)
	// Output:
	// 201 <nil>
	// {"faults":[{"status":429,"retryAfter":"1","times":2},{"cut":"after"}]}
}
