package report

import (
	"io"
	"testing"
)

// A failure costs what its text costs, however many there were before.
func BenchmarkFailure(b *testing.B) {
	res := failure(7, refused(409, `uniqueness: user "ann" exists, see 8c6f1f9e-5d5b-4a57-9a5e-0c4f2d1b7a10`,
		"ROUTER_5C5510D1-0001"))
	var sum Summary
	rec := &Recorder{}
	for b.Loop() {
		sum.Add(res, 9)
		rec.Add(res, 9)
	}
}

func BenchmarkPage(b *testing.B) {
	sum, rec := importOf(20_000)
	p := pageOf(sum, rec)
	for b.Loop() {
		if err := p.Write(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
