package location

import "testing"

const organization = "3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01"

// BenchmarkParse reads the form that Webex gives, as is done for each result.
func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		l, err := Parse("https://webexapis.com/identity/scim/" + organization + "/v2/Users/7c5b1f0e-51a4-4c3b-8f0d-100000000001")
		if err != nil || !l.IsOf("Users", organization) {
			b.Fatal(l, err)
		}
	}
}
