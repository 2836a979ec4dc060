package opfile

import (
	"fmt"
	"strings"
	"testing"
)

// benchmark ranges over the rows of an input of 10,000.
func benchmark(b *testing.B, name, header string, row func(i int) string) {
	var text strings.Builder
	text.WriteString(header)
	const rows = 10_000
	for i := range rows {
		text.WriteString(row(i))
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		r, err := Read(strings.NewReader(text.String()), Options{Name: name})
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		if err := checkValid(r); err != nil {
			b.Fatal(err)
		}
		for _, err := range r.Rows() {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != rows {
			b.Fatalf("%d rows", n)
		}
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkNDJSON(b *testing.B) {
	benchmark(b, "ops.ndjson", "", func(i int) string {
		return fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":"u%d","data":{"userName":"user%d@example.com","name":{"givenName":"Ada"}}}`+"\n", i, i)
	})
}

func BenchmarkJSON(b *testing.B) {
	benchmark(b, "ops.json", "[", func(i int) string {
		end := ","
		if i == 9999 {
			end = "]"
		}
		return fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":"u%d","data":{"userName":"user%d@example.com","name":{"givenName":"Ada"}}}`+end, i, i)
	})
}

func BenchmarkSheet(b *testing.B) {
	const services = 100
	header := "First Name,Last Name,User ID/Email (Required),Title,Department,Manager,Phone Number" +
		strings.Repeat(",Service", services) + "\n"
	benchmark(b, "users.csv", header, func(i int) string {
		return fmt.Sprintf("Ada,Lovelace,user%d@example.com,Analyst,Maths,user%d@example.com,+44 20 7946 0102",
			i, i/10) + strings.Repeat(",TRUE", services) + "\n"
	})
}

// checkValid checks an input in which nothing is wrong.
func checkValid(r *Reader) error {
	for _, err := range r.Check() {
		if err != nil {
			return err
		}
	}
	return nil
}
