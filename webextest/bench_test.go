package webextest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/webexscim/bulk/webextest/internal/scim"
)

// BenchmarkBulk100 is one request of 100 user creations, from the client's
// call to the answer's last byte, in an organization of up to 10,000.
func BenchmarkBulk100(b *testing.B) {
	var client *http.Client
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		if n%100 == 0 {
			client = New(Config{DiscardLedger: true}).Client()
		}
		body := hundred(n)
		n++
		b.StartTimer()
		if res, answer := call(b, client, "POST", bulkURL, body); res.StatusCode != http.StatusOK {
			b.Fatal(answer)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N), "µs/request")
}

func hundred(n int) string {
	ops := make([]op, 100)
	for i := range ops {
		name := fmt.Sprintf("user%d.%d@example.com", n, i)
		ops[i] = op{"POST", "/Users", fmt.Sprintf("u%d", i), obj{
			"schemas": []string{scim.UserSchema, scim.EnterpriseUser}, "userName": name, "userType": "user",
			"name": obj{"givenName": "User", "familyName": "Number"}, "displayName": "User Number", "active": true,
			"emails":            []obj{{"value": name, "type": "work", "primary": true}},
			scim.EnterpriseUser: obj{"department": "Sales", "employeeNumber": fmt.Sprint(i)},
		}}
	}
	return bulkRequest(0, ops...)
}

// BenchmarkSearch100 asks for 100 names at once among many users.
func BenchmarkSearch100(b *testing.B) {
	s := New(Config{DiscardLedger: true})
	for n := range 100 {
		call(b, s.Client(), "POST", bulkURL, hundred(n))
	}
	terms := make([]string, 100)
	for i := range terms {
		terms[i] = fmt.Sprintf("userName eq %q", fmt.Sprintf("user%d.7@example.com", i))
	}
	query := filter(strings.Join(terms, " or "))
	b.ReportAllocs()
	for b.Loop() {
		if list := search(b, s, "Users", query); list.TotalResults != 100 {
			b.Fatal(list.TotalResults)
		}
	}
}
