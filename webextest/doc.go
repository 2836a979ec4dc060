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
// groups; GET of Users and Groups, with an id or a filter, of Groups/{id}/Members
// and of Users/me finds them. A request that violates the contract is noted for
// Simulator.Violations on arrival, whatever its answer: most such requests are
// refused, some understood, as the service would.
//
// Operations of a request are done in its order, except that one waits for what
// it refers to; resources that refer to each other in a cycle are created
// together or not at all. What depends on an operation that failed fails too
// (400 invalidValue), and with its status (429, 503, 423, 425) where that one
// was put off.
//
// # What goes wrong
//
// A Fault is what goes wrong with one request. Simulator.Script lists faults for
// the requests to come, Config.Faults decides by what a request holds, Chaos
// draws them from a seed, Simulator.SetGateway gives all requests the same one.
//
//   - Answers that get lost: CutAt, Lose, Truncated, Page, and LoseItems for
//     single operations that are done and answered with 504, 500, 502 or 408.
//   - Work that is done after the client has left: LateWork, SlowWork.
//   - Refusals with nothing done: Refuse, Busy, Poison, Redirect.
//   - What stands before the service: Gateway, Config.Firewall,
//     Config.MaxSearch (414 and 431), Gzipped and XGzipped.
//
// A Shape alters an answer after the work: the key of the list, statuses,
// locations, errors, the order and number of results. ShapeNamed finds one by
// its name.
//
// # How the service differs
//
// A Config makes a service that is true to the contract and hard on a client.
//
//   - Time: Latency, ReadLag (searches do not see a change yet), WriteLag
//     (nothing can refer to what was created yet), StoreClock (meta has another
//     clock than the Date header), Simulator.ShiftClock (both clocks jump).
//   - Names: Normalize stores and compares them trimmed or composed.
//   - Searches: IgnoreFilter finds everybody, RepeatFound everything twice.
//   - Operations: AppendDoubles, NoPathReferences, LastReferenceOnly,
//     UniqueGroupNames, UnattemptedStatus, UnknownReferenceStatus.
//   - Errors: ErrorForm writes those of whole requests in one of the known forms.
//   - Strictness: RequireSchemas, RefuseUnknown, RefuseReadOnly, ExactOps; leniency:
//     UntypedMembers, CapitalOperations, ZeroFailOnErrors, TextData.
//
// Presets are such services by name.
//
// # What a test can see
//
// Simulator.Ledger has every operation and what was done for it, whatever was
// answered: so "nothing twice, nothing lost" can be proved. Simulator.Exchanges
// has the requests, Simulator.Users and others the store, Simulator.Overlaps
// resources that two requests changed at once, and Simulator.Check finds what
// is broken. Simulator.Reset makes all of that empty again.
//
// Package webextest/admin serves all this over HTTP, to tests in any language.
package webextest
