package bulkapi

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/webexscim/bulk/internal/location"
)

// TestServicesThatNormalize: a name is found in the form that the service has
// made of it.
func TestServicesThatNormalize(t *testing.T) {
	for stored, sent := range map[string]string{
		"Team": " Team ", "José": "Jose\u0301", "A B": "A  \u00a0B", "TEAM": "team", "Jose\u0301": "JOSE\u0301",
	} {
		d := &directory{names: []string{stored, "other"}, attr: "displayName", perPage: 100}
		b := serve(t, d.ServeHTTP)
		if found, err := b.Find(t.Context(), "Groups", []string{sent, sent}); err != nil || ids(found) != "0" {
			t.Errorf("%q sent, %q stored: %+v %v, asked %q", sent, stored, found, err, d.queries)
		}
	}
}

// TestFilterIgnored: a resource that two queries, or two pages, give is one,
// and what nobody asked for is left out.
func TestFilterIgnored(t *testing.T) {
	var names, all []string
	for i := range 120 {
		names = append(names, fmt.Sprintf("user%d", i))
		all = append(all, fmt.Sprintf(`{"id":"%d","userName":"USER%[1]d"}`, i), fmt.Sprintf(`{"id":"x%d","userName":"other%[1]d"}`, i))
	}
	all = append(all, all...) // each twice
	b := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"totalResults":%d,"Resources":[%s]}`, len(all), strings.Join(all, ","))
	})
	found, err := b.Find(t.Context(), "Users", names)
	if err != nil || len(found) != len(names) {
		t.Fatalf("%d found, %v", len(found), err)
	}
	seen := map[string]bool{}
	for _, r := range found {
		if seen[r.ID] || !strings.HasPrefix(r.Name, "USER") {
			t.Errorf("%+v", r)
		}
		seen[r.ID] = true
	}
}

// TestLongURL: where a url is too long for the service, fewer names are asked
// for at once, one in the end.
func TestLongURL(t *testing.T) {
	for _, status := range []int{414, 431} {
		for longest, want := range map[int]int{20: 3, 1: 20, 0: 0} { // terms that fit, queries that are answered
			var names, asked []string
			for i := range 20 {
				names = append(names, fmt.Sprintf("user%d", i))
			}
			answered := 0
			b := serve(t, func(w http.ResponseWriter, r *http.Request) {
				got := terms(r.URL.Query().Get("filter"), "userName")
				if len(got) > longest {
					w.WriteHeader(status)
					return
				}
				asked = append(asked, got...)
				answered++
				fmt.Fprint(w, `{"totalResults":0}`)
			})
			_, err := b.Find(t.Context(), "Users", names)
			if longest == 0 {
				if le, ok := errors.AsType[*LookupError](err); !ok || le.Kind != Rejected || le.Status != status {
					t.Errorf("%d: %v", status, err)
				}
				continue
			}
			if slices.Sort(asked); err != nil || len(slices.Compact(asked)) != len(names) || answered > want {
				t.Errorf("%d, %d fit: %d of %d names asked for in %d queries, %v", status, longest, len(asked), len(names), answered, err)
			}
		}
	}
}

// TestErrorsShowNoData: an error shows no data of any operation of its request,
// in no form in which services quote it.
func TestErrorsShowNoData(t *testing.T) {
	ops := append(mixed(), Operation{Method: "POST", Path: "/Users", BulkID: "u2", Data: []byte(
		`{"userName":"bob@example.com","displayName":"王伟","name":{"givenName":"Bo","familyName":"Jos\u00e9 Ōe"},"nickName":"Ju/<Li>","title":"李","preferredLanguage":"Zoë","employeeNumber":20071234567890123}`)})
	for _, text := range []string{
		"conflicts with bob@example.com", "conflicts with BOB@EXAMPLE.COM", "see https://h/v2/Users?filter=userName%20eq%20%22bob%40example.com%22",
		"see https%3A%2F%2Fh%2Fv2%2FUsers%3Ffilter%3DuserName%2520eq%2520%2522bob%2540example.com%2522 there", "/v2/Users?filter=bob%40example.com", "bob%2540example.com",
		"%62%6f%62%40example%2ecom", `bob\u0040example.com`, "bob&#64;example.com", "bob&#x40;example.com",
		"王伟已存在", "%E7%8E%8B%E4%BC%9F", `\u738b\u4f1f`, "(李)", "to Bo: no", "Bo", "bo%20x",
		"José Ōe", "Jose\u0301 O\u0304e", "JOS%C3%89+%C5%8CE", "Jos\u00e9  Ōe and josé ōe", "Ju/&lt;Li&gt;", `ju\/<li>`, "Ju%2F%3CLi%3E", `"Ju/\u003cLi\u003e"`, "Zo%EB", "number 20071234567890123",
	} {
		said := quoted(text)
		answers := []Answer{
			reading(200, `{"operations":[{"bulkId":"u1","status":"409","response":{"detail":`+said+`}}]}`, ops, 0),
			reading(400, `{"detail":`+said+`}`, ops, 0),
		}
		for _, shown := range []string{answers[0].Items[0].Err.Error(), answers[1].Err.Error()} {
			for _, decode := range []func(string) string{func(s string) string { return s }, location.Unescape, func(s string) string { q, _ := url.QueryUnescape(s); return q }} {
				low := folded(decode(decode(shown)))
				for _, value := range []string{"bob", "example", "王", "伟", "李", "jos", "ōe", "/<li", "7%8e", "738b", "lt;li", "zo", "2007"} {
					if strings.Contains(low, value) {
						t.Errorf("%s: %q is in %s", text, value, shown)
					}
				}
				if strings.Contains(" "+low, " bo") {
					t.Errorf("%s: %s", text, shown)
				}
			}
		}
	}
	// What merely holds the letters stays.
	for _, text := range []string{"Bob is about to be box, turbo, Bo7", "100% of all & more; a+b \\ %zz &none; \\u12", "status 400", "the user's work phone"} {
		a := reading(400, `{"detail":`+quoted(text)+`}`, ops[4:], 0)
		if want := "status 400: " + text; a.Err.Error() != want {
			t.Errorf("%s, want %s", a.Err, want)
		}
	}
}

// TestErrorsShowNoQuery: an error of the transport that quotes the url of a
// search loses its query, escaped or not.
func TestErrorsShowNoQuery(t *testing.T) {
	for _, quote := range []func(string) string{func(s string) string { return s }, url.QueryEscape, func(s string) string { return url.QueryEscape(url.QueryEscape(s)) }} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, "https://webex.example", func(c *Config) {
				c.HTTP = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					return nil, errors.New("proxy: GET " + quote(r.URL.String()) + " failed")
				})}
			})
			_, err := b.Find(t.Context(), "Users", []string{secret, "王伟"})
			if text := errorText(err); strings.Contains(text, "filter") || strings.Contains(text, "secret") || strings.Contains(text, "E7") || !strings.Contains(text, "failed") {
				t.Error(text)
			}
		})
	}
}
