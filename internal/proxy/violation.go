package proxy

import (
	"fmt"
	"net/http"
	"net/url"
)

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
	// Status is that of the answer, 0 without one.
	Status int `json:"status"`
	// Where is a place in the body, as a JSON pointer (RFC 6901), or a parameter;
	// "" for the message as a whole.
	Where string `json:"where"`
	// What is wrong, for people.
	What string `json:"what"`
}

// String is the violation on one line.
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

func (x *exchange) violation(direction, where, what, path string) Violation {
	if path == "" {
		path = x.request.URL.EscapedPath()
	}
	return Violation{
		Request: x.number, Message: direction, Method: x.request.Method, Path: path, Status: x.status, Where: where, What: what,
	}
}

// message is one side of an exchange.
type message struct {
	direction string // "request" or "answer"
	request   *http.Request
	status    int
	header    http.Header
	body      *capture // nil where there is no such message
}

func (x *exchange) requestMessage() message {
	return message{direction: "request", request: x.request, header: x.request.Header, body: x.sent}
}

func (x *exchange) responseMessage() message {
	return message{direction: "answer", request: x.request, status: x.status, header: x.header, body: x.received}
}

// publicURL is a url as the contract's server has it: the proxy's own host says
// nothing.
func publicURL(u *url.URL) *url.URL {
	public := *u
	public.Scheme, public.Host = "https", "webexapis.com"
	return &public
}
