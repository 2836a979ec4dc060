// Package admin serves a webextest.Simulator over HTTP, together with an
// interface for tests in any language below /__admin: faults, the ledger,
// requests, violations, seeding and reset.
//
//	sim := webextest.New(webextest.Config{})
//	server := httptest.NewServer(admin.New(sim, admin.Config{}))
//	defer server.Close()
//	http.Post(server.URL+"/__admin/faults", "application/json", strings.NewReader(`{"faults":[{"cut":"after"}]}`))
//
// The OpenAPI description openapi.yaml is served at /__admin/openapi.yaml, the
// contract of the service at /openapi.yaml, and a web page at /.
//
// # Access
//
// A web page of another site can reach a loopback address under a name of its
// own (DNS rebinding). Therefore the Host header of each request must name this
// machine. Below /__admin, the Origin header of a browser must be the
// simulator's own page, and a POST must be JSON. Config.Remote is for a
// simulator that other machines can reach.
package admin
