package bulkapi

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// TestAge: how old a resource is goes by the service's clock alone, and is not guessed.
func TestAge(t *testing.T) {
	for _, c := range []struct {
		created, date string
		want          time.Duration
	}{
		{`"2001-02-03T04:05:06.789Z"`, "Sat, 03 Feb 2001 04:06:06 GMT", 59211 * time.Millisecond},
		{`"2001-02-03T05:05:06+01:00"`, "Sat, 03 Feb 2001 04:06:06 GMT", time.Minute},
		{`"2001-02-03T04:05:06.9Z"`, "Sat, 03 Feb 2001 04:05:06 GMT", 0}, // in the same second
		{`"yesterday"`, "Sat, 03 Feb 2001 04:06:06 GMT", -1},
		{`null`, "Sat, 03 Feb 2001 04:06:06 GMT", -1},
		{`"2001-02-03T04:05:06Z"`, "soon", -1},
	} {
		b := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", c.date)
			fmt.Fprintf(w, `{"totalResults":1,"Resources":[{"id":"1","userName":"a","meta":{"created":%s}}]}`, c.created)
		})
		found, err := b.FindUsers(t.Context(), []string{"a"})
		if err != nil || len(found) != 1 || found[0].Age != c.want {
			t.Errorf("%s at %s: %v, %v", c.created, c.date, found, err)
		}
	}
}
