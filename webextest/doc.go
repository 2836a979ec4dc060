// Package webextest simulates the Webex SCIM 2.0 service in memory, for tests.
// It enforces the contract, stores users and groups, and fails on request.
//
//	func TestImport(t *testing.T) {
//		service := webextest.Start(t, webextest.Config{})
//		service.Script(webextest.Refuse(429, "0"), webextest.CutAt(webextest.AfterWork))
//		if err := create(http.DefaultClient, service.URL, "ann@example.com"); err != nil { // the code under test
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
// # Connecting
//
// A Simulator is an http.Handler. Start serves it on a loopback address for the
// duration of a test. Simulator.Client answers without a network. It works in a
// testing/synctest bubble, where Latency, ReadLag and Retry-After take no real
// time.
//
// # Requests
//
// POST /identity/scim/{org}/v2/Bulk creates, changes and deletes users and
// groups. GET of Users and Groups (with an id or a filter), of
// Groups/{id}/Members and of Users/me reads them. A request that violates the
// contract is recorded for Simulator.Violations when it arrives, also if the
// answer is a fault. Most such requests are refused. Some are accepted, as the
// service may do.
//
// The operations of a request are done in order, but an operation waits for the
// resources that it refers to. Resources that refer to each other in a cycle
// are created together or not at all. If an operation fails, the operations
// that depend on it fail with 400 invalidValue, or with its status if that is
// 429, 503, 423 or 425.
//
// # Faults
//
// A Fault describes a failure of one request. Simulator.Script lists faults for
// the next requests, Config.Faults chooses a fault by the content of a request,
// Chaos draws faults from a seed, and Simulator.SetGateway applies one fault to
// all requests.
//
// Faults by the behavior that a test checks:
//
//   - The client sends a refused request again, after a wait: Refuse(429, "1"),
//     RefuseAs, RefuseIf, Redirect; RefuseItems for single operations.
//   - Nothing is done twice after a lost answer: CutAt(AfterWork), Lose(504),
//     Truncate, AnswerWith, AnswerPage; LoseItems for single operations.
//   - Nothing is done twice if the service does the lost request later:
//     CutThenWork, DelayWork.
//   - The client does not wait forever: Delay, Fault.Hold.
//   - The client distinguishes proxies and gateways from the service: Intercept,
//     Gzip, XGzip, Config.Firewall, Config.MaxSearch.
//   - The client reads every form of an answer: ShapeAnswer with a Shape, such as
//     CapitalKey, NumericStatus, ShortLocations or ListDetails. ShapeNamed returns
//     a Shape by its name.
//
// # Variants of the service
//
// Services may differ within the contract. A Config selects:
//
//   - Time: Latency, ReadLag (searches see changes late), WriteLag (references
//     to a new resource work late), StoreClock (the clock of meta differs from
//     the Date header), Simulator.ShiftClock (both clocks jump).
//   - Names: Normalize stores and compares trimmed or composed names.
//   - Searches: IgnoreFilter returns all resources, RepeatFound each of them
//     twice.
//   - Operations: AppendDoubles, NoPathReferences, LastReferenceOnly,
//     UniqueGroupNames, UnattemptedStatus, UnknownReferenceStatus.
//   - Errors: ErrorForm selects the form of the errors of whole requests.
//   - Strictness: RequireSchemas, RefuseUnknown, RefuseReadOnly, ExactOps;
//     leniency: UntypedMembers, CapitalOperations, ZeroFailOnErrors, TextData.
//
// A Preset is a named Config.
//
// # Results
//
// Simulator.Ledger lists every operation with its effect, also if the answer was
// lost. So a test can check that nothing was done twice or forgotten.
// Simulator.Exchanges lists the requests. Simulator.Users, Groups and others
// return the resources. Simulator.Overlaps lists resources that two concurrent
// requests changed. Simulator.Check returns an error for violations and for an
// inconsistent store. Simulator.Reset removes all resources and records.
//
// Package webextest/admin serves all this over HTTP, for tests in any language.
package webextest
