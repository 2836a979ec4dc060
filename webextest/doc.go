// Package webextest is a Webex SCIM service in memory, for tests: strict about
// the contract, real behind it, and ready to misbehave.
//
//	func TestImport(t *testing.T) {
//		service := webextest.Start(t, webextest.Config{})
//		service.Script(webextest.Refuse(429, "0"), webextest.CutAt(webextest.AfterWork))
//		if err := create(http.DefaultClient, service.URL, "ann@example.com"); err != nil { // what is tested
//			t.Error(err)
//		}
//		if n := service.Created("ann@example.com"); n != 1 {
//			t.Errorf("ann was created %d times", n)
//		}
//		if err := service.Check(); err != nil {
//			t.Error(err)
//		}
//	}
//
// # Ways in
//
// A Simulator is an http.Handler. Start serves it on a loopback address for the
// length of a test. Simulator.Client answers without any network and works in a
// testing/synctest bubble, where Latency, ReadLag and Retry-After cost no time.
//
// # What it does
//
// POST /identity/scim/{org}/v2/Bulk creates, changes and deletes users and
// groups; GET of Users and Groups, with an id or a filter, finds them. Breaches
// of the contract are kept for Simulator.Violations, whatever their answer:
// most are refused, some understood, as the service would. Operations of a request are done in its order, except
// that one waits for what it refers to; resources that refer to each other in a
// circle are created together or not at all. What depends on an operation that
// failed fails too (400 invalidValue), and with 429 or 503 where that one was
// put off.
//
// # What goes wrong
//
// A Fault is what goes wrong with one request. Simulator.Script lists faults for
// the requests to come, Config.Faults decides by what a request holds, Chaos
// draws them from a seed. A Shape alters an answer after the work: the key of
// the list, statuses, locations, errors, the order and number of results.
//
// # What a test can see
//
// Simulator.Ledger has every operation and what was done for it, whatever was
// answered: so "nothing twice, nothing lost" can be proved. Simulator.Exchanges
// has the requests, Simulator.Users and others the store, Simulator.Overlaps
// resources that two requests changed at once, and Simulator.Check finds what
// is broken.
package webextest
