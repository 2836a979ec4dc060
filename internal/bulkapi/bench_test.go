package bulkapi

import "testing"

// BenchmarkRequest encodes 100 operations and reads the answer to them, without
// a network.
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
			if a := reading(200, body, ops, 0); a.Kind != Answered {
				b.Fatal(a.Err)
			}
		}
	})
}
