// Package throttle decides when the next request may leave.
//
// One Throttle serves all workers of a client, because the limit of a service belongs to the token and not to a worker:
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
// The throttle computes, the caller waits: what is decided is a plain function of the clock and of the answers so far (core),
// Enter is a queue around it. Four things hold a request back, in this order:
//
//   - a closing: a refusal closes the throttle for everyone, for as long as the service asks (Retry-After) or, where it does
//     not say, for a back-off that doubles from refusal to refusal, with full jitter;
//   - the number of requests in flight, which halves with each closing and recovers by one per round of acceptances;
//   - the pace, learned from refusals: see pace.go. Before the first refusal there is none, so a service that never
//     refuses is never slowed;
//   - those who came before: callers leave in the order they came.
//
// A throttle is in one of three states:
//
//	open, no pace ──► closed       Refused, Unavailable, or the second Dropped in a row
//	open, paced   ──► closed       likewise
//	closed ──► open, no pace       time, if there was no pace and the closing teaches none
//	closed ──► open, paced         time, if there was a pace, or the closing teaches one
//
// A closing after Refused teaches the first pace if at least eight requests were accepted before it and it was not about one
// request alone. When the closings since the last acceptance are together longer than Config.MaxTotal, Enter returns
// ErrTooLong.
//
// Against limiters that send Retry-After (a fixed window, a sliding window, a token bucket; 10 to 300 requests in 1 s to a
// minute; latencies from 5 to 250 ms; 1 to 16 at a time) the throttle uses the allowance to at least 90% with fewer than 5% of
// the requests refused, once it has learned, which takes some two to five windows; TestLaw has the figures and the
// exceptions. Refusals that have nothing to do with the rate are at first taken for a limit all the same; once it shows that
// they are as frequent at half the pace (era.go), the pace is given back, so that they slow it down but do not starve it.
package throttle
