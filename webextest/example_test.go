package webextest_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/webexscim/bulk/webextest"
)

// create is the client under test: it sends a create until the service confirms
// that the user exists.
func create(client *http.Client, base, userName string) error {
	const body = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"operations":[
		{"method":"POST","path":"/Users","bulkId":"u","data":{"userName":%q}}]}`
	url := base + "/identity/scim/" + webextest.DefaultOrgID + "/v2/Bulk"
	var problem error
	for range 5 {
		req, err := http.NewRequest("POST", url, strings.NewReader(fmt.Sprintf(body, userName)))
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+webextest.DefaultToken)
		req.Header.Set("Content-Type", "application/json")
		res, err := client.Do(req)
		if err != nil {
			problem = err
			continue
		}
		answer, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err == nil && (strings.Contains(string(answer), `"201"`) || strings.Contains(string(answer), `"409"`)) {
			return nil
		}
		problem = fmt.Errorf("status %d", res.StatusCode)
	}
	return problem
}

// TestImport is the test in the package documentation.
func TestImport(t *testing.T) {
	service := webextest.Start(t, webextest.Config{})
	service.Script(webextest.Refuse(429, "0"), webextest.CutAt(webextest.AfterWork))
	if err := create(http.DefaultClient, service.URL, "ann@example.com"); err != nil {
		t.Error(err)
	}
	if n := service.Created("ann@example.com"); n != 1 {
		t.Errorf("ann was created %d times", n)
	}
	if err := service.Check(); err != nil {
		t.Error(err)
	}
}

// The Ledger of a service without a network.
func Example() {
	service := webextest.New(webextest.Config{})
	service.Script(webextest.Refuse(503, "1"), webextest.CutAt(webextest.AfterWork))
	err := create(service.Client(), "https://webexapis.com", "ann@example.com")
	fmt.Println(err, service.Created("ann@example.com"))
	for _, entry := range service.Ledger() {
		fmt.Println(entry.Request, entry.Method, entry.Path, entry.Key, entry.Effect)
	}
	// Output:
	// <nil> 1
	// 1 POST /Users ann@example.com refused
	// 2 POST /Users ann@example.com created
	// 3 POST /Users ann@example.com failed
}

// A fault of one's own: the request is done, and the answer comes late, in
// another order, with numbers for statuses.
func ExampleFault() {
	fault := webextest.ShapeAnswer(webextest.Shuffled, webextest.NumericStatus)
	fault.Delay = 1
	service := webextest.New(webextest.Config{})
	service.Script(fault, nil, webextest.AnswerPage())
	fmt.Println(fault)
	// Output:
	// shaped, late
}

// Faults from a seed: the fault of a request depends on the seed and its
// number.
func ExampleChaos() {
	service := webextest.New(webextest.Config{
		Seed:  42,
		Chaos: webextest.Chaos{CutAfterWork: 0.3, TooMany: 0.3, RetryAfter: []string{"0"}},
	})
	for i := range 4 {
		_ = create(service.Client(), "https://webexapis.com", fmt.Sprintf("user%d@example.com", i))
	}
	users, _ := service.Count()
	fmt.Println(users, service.Check())
	// Output:
	// 4 <nil>
}
