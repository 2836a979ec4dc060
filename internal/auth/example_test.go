package auth_test

import (
	"context"
	"fmt"

	"github.com/webexscim/bulk/internal/auth"
	"github.com/webexscim/bulk/webextest"
)

// Example exchanges the refresh token of a service app for an access token.
func Example() {
	service := webextest.New(webextest.Config{
		OAuth: webextest.OAuth{ClientID: "app", ClientSecret: "secret", RefreshToken: "refresh"},
	})
	source, err := auth.New(auth.Config{
		BaseURL:     "https://webexapis.com",
		HTTPClient:  service.Client(),
		Credentials: auth.Credentials{ClientID: "app", ClientSecret: "secret", RefreshToken: "refresh"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := source(context.Background(), "")
	fmt.Println(token, err)
	// Output: simulated-access-token-1 <nil>
}
