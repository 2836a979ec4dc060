// Package proxy passes the traffic of a client on to a service, unchanged, and reports where a request or an answer breaks
// the contract.
//
//	p, err := proxy.New(proxy.Config{Target: target, Report: func(b proxy.Breach) { fmt.Println(b) }})
//	...
//	err = http.ListenAndServe("127.0.0.1:8081", p)
//
// Bodies pass through as they come, of any length; up to Config.MaxChecked bytes of each are kept until the exchange is over,
// for the check. No Breach holds a value of a body, a query or a header: it names members, and quotes the contract.
package proxy
