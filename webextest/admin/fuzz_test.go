package admin_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/webexscim/bulk/webextest"
	"github.com/webexscim/bulk/webextest/admin"
)

// Any body queues all of its faults, or is refused and queues none. The list of
// queued faults can be posted again.
func FuzzFaults(f *testing.F) {
	for _, fault := range []string{
		`{"status":429,"retryAfter":"1","times":2}`, `{"cut":"after","latency":"300ms"}`, `{"truncate":true},{"html":true}`,
		`{"shape":"capitalKey"}`, `{"vector":17}`, `{"vector":999}`, `{"status":"429"}`, `{"Cut":"after"}`, `null`, `{"times":1,"times":2}`, ``,
	} {
		f.Add(`{"faults":[` + fault + `]}`)
	}
	f.Add(`{"faults":[]}x`)
	f.Fuzz(func(t *testing.T, body string) {
		post := func(body string) (w *httptest.ResponseRecorder, queued int) {
			w = httptest.NewRecorder()
			sim := webextest.New(webextest.Config{})
			admin.New(sim, admin.Config{}).ServeHTTP(w, call("POST", "/__admin/faults", body))
			return w, len(sim.Scripted())
		}
		w, queued := post(body)
		if w.Code != 201 {
			if w.Code != 400 || queued != 0 || !strings.HasPrefix(w.Body.String(), `{"error":"`) {
				t.Errorf("%d %s, %d queued", w.Code, w.Body, queued)
			}
			return
		}
		if got, _ := post(w.Body.String()); got.Code != 201 || got.Body.String() != w.Body.String() {
			t.Errorf("%s is taken as %d %s", w.Body, got.Code, got.Body)
		}
	})
}
