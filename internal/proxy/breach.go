package proxy

import (
	"fmt"
	"net/http"
	"net/url"
)

// Breach is a violation of the contract in a message. It has no values of a
// body, a query or a header.
type Breach struct {
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

// String is the breach on one line.
func (b Breach) String() string {
	text := fmt.Sprintf("request %d: %s %s: ", b.Request, b.Method, b.Path)
	if b.Message == "answer" {
		text = fmt.Sprintf("answer %d (%d) to %s %s: ", b.Request, b.Status, b.Method, b.Path)
	}
	if b.Where != "" {
		text += b.Where + ": "
	}
	return text + b.What
}

func (x *exchange) breach(direction, where, what, path string) Breach {
	if path == "" {
		path = x.request.URL.EscapedPath()
	}
	return Breach{
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
