// Package proxy forwards the traffic of a client to a service unchanged, and
// reports the places where a request or an answer violates the contract.
//
//	p, err := proxy.New(proxy.Config{Target: target, Report: func(v proxy.Violation) { fmt.Println(v) }})
//	...
//	err = http.ListenAndServe("127.0.0.1:8081", p)
//
// Bodies of any length are forwarded. Up to Config.MaxChecked bytes of each are
// kept for the check at the end of the exchange. A Violation has no values of a
// body, a query or a header; it names members and quotes the contract.
package proxy
