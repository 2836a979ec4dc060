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
// Requests are sent in the order of the calls. The decision (core) is a
// function of the clock and of the answers so far. Three conditions delay a
// request:
//
//   - A closing. Refused, Unavailable and the second Dropped in a row close the
//     throttle for everyone, for the time in Retry-After or, without it, for a
//     back-off that doubles with each refusal, with full jitter. If the
//     closings since the last accepted request are together longer than
//     Config.MaxTotal, Enter returns ErrTooLong.
//   - The limit of requests in flight. It halves with each refusal that closes,
//     and grows by one per round of accepted requests.
//   - The pace, learned when a closing after Refused is over (pace.go). There
//     is none before eight requests were accepted and the first was refused,
//     other than by itself, so a service that never refuses is not slowed.
//     Refusals that are not about the rate turn out to be as frequent at half
//     the pace (era.go); then it is raised again.
//
// Measured with limiters that send Retry-After (a fixed window, a sliding
// window, a token bucket; 10 to 300 requests in 1 s to a minute; latencies from
// 5 to 250 ms; 1 to 16 requests in flight): after two to five windows of
// learning, the throttle uses at least 90% of the allowed rate, and fewer than
// 5% of the requests are refused. TestUsesNinetyPercent has the figures and the
// exceptions.
package throttle
