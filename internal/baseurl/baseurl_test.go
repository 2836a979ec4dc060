package baseurl_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/webexscim/bulk/internal/baseurl"
)

func ExampleParse() {
	base, err := baseurl.Parse("https://WebexAPIs.com/")
	fmt.Println(base, err)
	_, err = baseurl.Parse("http://webexapis.com")
	fmt.Println(err)
	// Output:
	// https://webexapis.com <nil>
	// expected https, or http to this machine (127.0.0.1, ::1, localhost)
}

func TestParse(t *testing.T) {
	const form, pathless, secure = "a url", "scheme and host only", "https, or http to this machine"
	for text, want := range map[string]string{
		"https://x.example": "", "https://x.example:8443/": "", "HTTPS://X.example": "",
		"http://127.0.0.1:8080": "", "http://[::1]:80": "", "http://LOCALHOST": "", "http://127.9.9.9": "",
		"": form, "x.example": form, "https://": form, "https://:443": form, "https://a:b@x.example": form,
		"https://x.example?q": form, "https://x.example#f": form, "https://x example": form, "://": form,
		"https://x.example/v1": pathless, "http://localhost/v1": pathless,
		"http://x.example": secure, "http://localhost.example": secure, "http://10.0.0.1": secure, "ftp://x.example": secure,
	} {
		base, err := baseurl.Parse(text)
		switch {
		case (err == nil) != (want == ""), err != nil && !strings.Contains(err.Error(), "expected "+want):
			t.Errorf("%q: %v, want %q", text, err, want)
		case err == nil && base.String() != strings.ToLower(strings.TrimRight(text, "/")):
			t.Errorf("%q: %s", text, base)
		}
	}
}
