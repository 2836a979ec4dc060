// Package throttle decides when the next request may be sent.
//
// One Throttle serves all workers of a client, because the service limits the
// requests of a token:
//
//	t := throttle.New(throttle.Config{Concurrency: 4})
//
//	pass, err := t.Enter(ctx) // waits: closed, too many in flight, or too fast
//	if err != nil {
//		return err
//	}
//	resp, err := client.Do(req)
//	switch {
//	case err != nil:
//		pass.Dropped()
//	case resp.StatusCode == http.StatusTooManyRequests:
//		pass.Refused(resp.Header.Get("Retry-After"))
//	default:
//		pass.Accepted()
//	}
//
// The decision (core) is a function of the clock and of the answers so far;
// Enter adds a queue of waiting callers. Four conditions delay a request, in
// this order:
//
//   - a closing: a refusal closes the throttle for everyone, for the time in
//     Retry-After or, without it, for a back-off that doubles with each
//     refusal, with full jitter;
//   - the limit of requests in flight, which halves with each closing and grows
//     by one per round of accepted requests;
//   - the pace, learned from refusals: see pace.go. Before the first refusal
//     there is no pace, so requests to a service that never refuses are not
//     delayed;
//   - earlier callers: requests are sent in the order of the calls.
//
// A throttle is in one of three states:
//
//	open, no pace ──► closed       Refused, Unavailable, or the second Dropped in a row
//	open, paced   ──► closed       likewise
//	closed ──► open, no pace       time, if there was no pace and the closing gives none
//	closed ──► open, paced         time, if there was a pace, or the closing gives one
//
// A closing after Refused gives the first pace if at least eight requests were
// accepted before it, and if it did not concern a single request only. If the
// closings since the last accepted request are together longer than
// Config.MaxTotal, Enter returns ErrTooLong.
//
// Measured with limiters that send Retry-After (a fixed window, a sliding
// window, a token bucket; 10 to 300 requests in 1 s to a minute; latencies from
// 5 to 250 ms; 1 to 16 requests in flight): after two to five windows of
// learning, the throttle uses at least 90% of the allowed rate, and fewer than
// 5% of the requests are refused. TestLaw has the figures and the exceptions.
// Refusals for reasons other than the rate also lower the pace at first. When
// they turn out to be as frequent at half the pace (era.go), the pace is raised
// again, so that such refusals slow the job down but do not stop it.
package throttle
