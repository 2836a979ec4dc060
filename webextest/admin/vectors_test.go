package admin_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/webexscim/bulk/conformance/vectors"
	"github.com/webexscim/bulk/webextest"
	"github.com/webexscim/bulk/webextest/admin"
)

// unknownReference is the vector whose request refers to nobody.
const unknownReference = 17

// Each vector is replayed over a connection, and the simulator finds no violation
// in its request.
func TestVectorsAreReplayedByteForByte(t *testing.T) {
	sim := webextest.New(webextest.Config{})
	server := httptest.NewServer(admin.New(sim, admin.Config{}))
	defer server.Close()
	list, err := vectors.All()
	if err != nil || len(list) == 0 {
		t.Fatal(len(list), err)
	}
	transport := &http.Transport{DisableCompression: true, DisableKeepAlives: true}
	for _, v := range list {
		post(t, server.URL+"/__admin/faults", fmt.Sprintf(`{"faults":[{"vector":%d}]}`, v.Number))
		req, err := http.NewRequest(v.Request.Method, server.URL+v.Request.Path, bytes.NewReader(v.Request.Body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range v.Request.Headers {
			req.Header.Set(name, value)
		}
		resp, err := transport.RoundTrip(req)
		if v.Response.Cut == vectors.CutAnswer {
			if err == nil {
				t.Errorf("vector %d: an answer, %d", v.Number, resp.StatusCode)
			}
			continue
		}
		if err != nil {
			t.Fatal(v.Number, err)
		}
		content, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		want, _ := v.Response.Content()
		switch cut := v.Response.Cut == vectors.CutBody; {
		case resp.StatusCode != v.Response.Status, cut != (err != nil), !cut && !bytes.Equal(content, want), !bytes.HasPrefix(want, content):
			t.Errorf("vector %d: %d %q %v", v.Number, resp.StatusCode, content, err)
		}
		for name, value := range v.Response.Headers {
			if got := resp.Header.Get(name); got != value {
				t.Errorf("vector %d: %s is %q, want %q", v.Number, name, got, value)
			}
		}
	}
	for _, violation := range sim.Violations() {
		if violation.Request != unknownReference { // the request has the number of its vector
			t.Error(violation)
		}
	}
	if users, groups := sim.Count(); users+groups != 0 {
		t.Errorf("%d users and %d groups were created", users, groups)
	}
}

func post(t *testing.T, url, body string) {
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Fatal(resp.Status)
	}
}

func TestVectorInMemoryIsDecompressed(t *testing.T) {
	sim := webextest.New(webextest.Config{})
	list, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range list {
		if v.Response.Headers["Content-Encoding"] != "gzip" {
			continue
		}
		packed, err := v.Response.Content()
		if err != nil {
			t.Fatal(err)
		}
		r, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		want, _ := io.ReadAll(r)
		w := httptest.NewRecorder()
		admin.New(sim, admin.Config{}).ServeHTTP(w, call("POST", "/__admin/faults", fmt.Sprintf(`{"faults":[{"vector":%d}]}`, v.Number)))
		resp, err := sim.Client().Post("https://webexapis.com"+v.Request.Path, "application/json", bytes.NewReader(v.Request.Body))
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !bytes.Equal(got, want) {
			t.Errorf("vector %d: %q", v.Number, got)
		}
	}
}
