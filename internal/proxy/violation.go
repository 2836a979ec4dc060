package proxy

import "fmt"

// Violation is a violation of the contract in a message. It has no values of a
// body, a query or a header.
type Violation struct {
	// Request counts requests from 1 in the order of their arrival.
	Request int `json:"request"`
	// Message is "request" or "answer".
	Message string `json:"message"`
	// Method and Path are those of the request. Path is written as in the contract
	// ("/…/Users/{userId}") if the contract has it.
	Method string `json:"method"`
	Path   string `json:"path"`
	// Status is the status of the answer, 0 without an answer.
	Status int `json:"status"`
	// Where is a place in the body, as a JSON pointer (RFC 6901), or a parameter;
	// "" for the message as a whole.
	Where string `json:"where"`
	// What describes the violation for people.
	What string `json:"what"`
}

// String returns the violation on one line.
func (v Violation) String() string {
	text := fmt.Sprintf("request %d: %s %s: ", v.Request, v.Method, v.Path)
	if v.Message == "answer" {
		text = fmt.Sprintf("answer %d (%d) to %s %s: ", v.Request, v.Status, v.Method, v.Path)
	}
	if v.Where != "" {
		text += v.Where + ": "
	}
	return text + v.What
}
