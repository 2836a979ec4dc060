package bulkapi

import (
	"testing"

	"github.com/webexscim/bulk/internal/transport"
)

// BenchmarkRequest encodes 100 operations, and reads the answer to them after
// sending, without a network.
func BenchmarkRequest(b *testing.B) {
	ops := manyOps(100)
	body := created(ops)
	b.Run("encode", func(b *testing.B) {
		b.SetBytes(int64(len(encode(ops, 0))))
		b.ReportAllocs()
		for b.Loop() {
			encode(ops, 0)
		}
	})
	b.Run("read", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if a := reading(b, 200, body, ops, 0); a.Kind != transport.Answered {
				b.Fatal(a.Err)
			}
		}
	})
}
