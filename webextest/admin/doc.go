// Package admin serves a webextest.Simulator over HTTP together with what a test
// in any language needs of it: faults to come, the ledger, requests, violations,
// a seed and a reset, below /__admin.
//
//	sim := webextest.New(webextest.Config{})
//	server := httptest.NewServer(admin.New(sim, admin.Config{}))
//	defer server.Close()
//	http.Post(server.URL+"/__admin/faults", "application/json", strings.NewReader(`{"faults":[{"cut":"after"}]}`))
//
// It is described in openapi.yaml (OpenAPI), which it serves at
// /__admin/openapi.yaml; the contract of the service is at /openapi.yaml, and a
// page for people at /.
//
// # Who may ask
//
// A page in a browser on the same machine can reach a loopback address by a name
// of its own (DNS rebinding). So each request must name this machine in Host, and
// below /__admin a browser's request must come from the simulator's own page
// (Origin) and a POST be JSON. See Config for a simulator on another machine.
package admin
