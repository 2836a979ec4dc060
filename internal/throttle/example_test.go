package throttle_test

import (
	"context"
	"fmt"
	"time"

	"github.com/webexscim/bulk/internal/throttle"
)

// One throttle for all workers: the refusal of one holds the others back.
func Example() {
	g := throttle.New(throttle.Config{Concurrency: 2, Rand: func() float64 { return 0 }})

	pass, _ := g.Enter(context.Background())
	pass.Refused("0.05")

	start := time.Now()
	pass, _ = g.Enter(context.Background())
	fmt.Println("waited:", time.Since(start) >= 40*time.Millisecond)
	pass.Accepted()

	state := g.State()
	fmt.Println(state.Accepted, "accepted,", state.Refused, "refused, up to", state.Limit, "at once")
	// Output:
	// waited: true
	// 1 accepted, 1 refused, up to 2 at once
}

func ExampleParseRetryAfter() {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for _, text := range []string{"30", "Wed, 04 Mar 2026 12:01:00 GMT", "rand(30),add(30)", "-5", "soon"} {
		fmt.Println(throttle.ParseRetryAfter(text, now, func() float64 { return 0.5 }))
	}
	// Output:
	// 30s true
	// 1m0s true
	// 45s true
	// 0s true
	// 0s false
}
