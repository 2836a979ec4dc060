package proxy_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/webexscim/bulk/internal/proxy"
	"github.com/webexscim/bulk/webextest"
)

func Example() {
	service := httptest.NewServer(webextest.New(webextest.Config{}))
	defer service.Close()
	target, err := url.Parse(service.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := proxy.New(proxy.Config{Target: target, Report: func(v proxy.Violation) { fmt.Println(v) }})
	if err != nil {
		fmt.Println(err)
		return
	}
	front := httptest.NewServer(p)

	// A client that sends no operations.
	req, err := http.NewRequest(http.MethodPost, front.URL+"/identity/scim/"+webextest.DefaultOrgID+"/v2/Bulk",
		strings.NewReader(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"operations":[]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	req.Header.Set("Authorization", "Bearer "+webextest.DefaultToken)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	front.Close() // waits for the check
	fmt.Println(p.Stats().Violations)
	// Output:
	// request 1: POST /identity/scim/{orgId}/v2/Bulk: /operations: minimum number of items is 1
	// 1
}
