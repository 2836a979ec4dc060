package transport

import (
	"errors"
	"net/http/httptrace"
	"strings"
	"testing"
)

// TestLeftWithTheHeader: the order of events in which a request may have left.
func TestLeftWithTheHeader(t *testing.T) {
	failed := errors.New("failed")
	for _, tt := range []struct{ events, want string }{
		{"", "no response"}, {"get", "not sent"}, {"get got", "not sent"}, {"got", "not sent"},
		{"get got head", "no response"}, {"get got head body", "no response"}, {"get got head fail", "no response"},
		{"get got body", "no response"}, {"get got fail", "no response"}, {"get got first", "no response"},
		{"head", "no response"}, {"body", "no response"}, {"fail", "no response"}, {"first", "no response"},
		{"get got head get", "no response"}, {"get got head fail get got", "no response"},
	} {
		var p progress
		trace := p.trace()
		for event := range strings.FieldsSeq(tt.events) {
			switch event {
			case "get":
				trace.GetConn("")
			case "got":
				trace.GotConn(httptrace.GotConnInfo{})
			case "head":
				trace.WroteHeaders()
			case "body":
				trace.WroteRequest(httptrace.WroteRequestInfo{})
			case "fail":
				trace.WroteRequest(httptrace.WroteRequestInfo{Err: failed})
			case "first":
				trace.GotFirstResponseByte()
			}
		}
		if got := p.kind(failed).String(); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.events, got, tt.want)
		}
	}
}
