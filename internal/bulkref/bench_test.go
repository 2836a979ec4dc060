package bulkref_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/webexscim/bulk/internal/bulkref"
)

// payloads are what the scanner meets: the operations of a full request, each
// user with a manager, and a large group.
func payloads() map[string][]byte {
	var users, members []string
	for i := range 100 {
		users = append(users, fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":"u%[1]d","data":{"schemas":[`+
			`"urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],`+
			`"userName":"person%[1]d@example.com","userType":"user","active":true,"displayName":"Persón %[1]d",`+
			`"name":{"givenName":"Given%[1]d","familyName":"Family%[1]d"},`+
			`"emails":[{"value":"person%[1]d@example.com","type":"work","primary":true}],`+
			`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"%[1]d",`+
			`"department":"Engineering","manager":{"value":"bulkId:u%[2]d"}}}}`, i, i/8))
	}
	for i := range 1000 {
		members = append(members, fmt.Sprintf(`{"value":"bulkId:u%d","type":"user"}`, i))
	}
	return map[string][]byte{
		"users": []byte(`[` + strings.Join(users, ",") + `]`),
		"group": []byte(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Everyone","members":[` +
			strings.Join(members, ",") + `]}`),
		"plain": []byte(`[` + strings.ReplaceAll(strings.Join(users, ","), "bulkId:", "b1946ac9-") + `]`),
	}
}

// forEach runs work on each payload and counts its bytes.
func forEach(b *testing.B, work func(data []byte)) {
	for name, data := range payloads() {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				work(data)
			}
		})
	}
}

// BenchmarkValid is the yardstick for BenchmarkScan: the same bytes, the same
// verdict.
func BenchmarkValid(b *testing.B) {
	forEach(b, func(data []byte) { json.Valid(data) })
}

func BenchmarkScan(b *testing.B) {
	var refs []bulkref.Reference
	forEach(b, func(data []byte) { refs, _ = bulkref.Scan(refs[:0], data) })
}

func BenchmarkReplace(b *testing.B) {
	const id = "2819c223-7f76-453a-919d-413861904646"
	var (
		out  []byte
		refs = map[int][]bulkref.Reference{}
	)
	for _, data := range payloads() {
		refs[len(data)], _ = bulkref.Scan(nil, data)
	}
	forEach(b, func(data []byte) {
		out = bulkref.Replace(out[:0], data, refs[len(data)], func(string) (string, bool) { return id, true })
	})
}

// BenchmarkScanAgainstValid takes turns and compares medians, so that a busy
// machine does not favor either: x-valid is how many times as fast as
// json.Valid the scan is.
func BenchmarkScanAgainstValid(b *testing.B) {
	for name, data := range payloads() {
		b.Run(name, func(b *testing.B) {
			var (
				refs        []bulkref.Reference
				scan, valid []time.Duration
			)
			for b.Loop() {
				start := time.Now()
				refs, _ = bulkref.Scan(refs[:0], data)
				between := time.Now()
				json.Valid(data)
				scan, valid = append(scan, between.Sub(start)), append(valid, time.Since(between))
			}
			b.ReportMetric(float64(median(valid))/float64(median(scan)), "x-valid")
		})
	}
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
