package plain_test

import (
	"context"
	"fmt"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/plain"
)

func Example() {
	fmt.Println(plain.Text(fmt.Errorf("%w: %w", client.ErrUnavailable, context.Canceled)))
	// Output: service unavailable: interrupted
}
