package bulkapi

import (
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/webexscim/bulk/internal/transport"
)

// Answer is the answer to a request, or the reason why there is none.
type Answer struct {
	transport.Answer
	// Items has, when Answered, one entry for each operation, in the order of
	// the operations.
	Items []Item
}

// Item is the result of one operation in an answer. The zero value is none, so
// that the operation's outcome is unknown.
type Item struct {
	// Found tells that the answer has a result with a readable status.
	Found bool
	// LeftOut tells that the service stopped at failOnErrors before this
	// operation: it left it out, or answered that it did (412, or 409 with such
	// a text). Found is false then.
	LeftOut bool
	// Status is the operation's own HTTP status, 100 to 599 when Found.
	Status int
	// Location is the text of the resource's url, as it came, or "". Where it
	// held the token, it is the end alone, or "".
	Location string
	// ID is the id in the location, unescaped. It is "" if the location is not
	// of the operation's resource type, names another organization, or has no
	// id that can stand in a path: an id with a slash or of dots, escaped or
	// not, leads elsewhere.
	ID string
	// Version is the resource's version (an entity tag), or "".
	Version string
	// Err is the operation's error, nil exactly when Status is 2xx or the item
	// is not Found. Its text is free of the data of all operations of the
	// request.
	Err *transport.Error
}

// limit finds the numbers in texts such as RFC 7644's "exceeds the
// maxPayloadSize (1048576)".
var limit = regexp.MustCompile(`(?i)\bmax[ _]?(payload[ _]?size|operations)\D{0,24}(\d{1,18})\b`)

// Limits are the bytes of a body and the operations of a request that a 413
// names in its text (RFC 7644 section 3.7.4), 0 where it names none.
func (a Answer) Limits() (bytes, operations int) {
	e, ok := errors.AsType[*transport.Error](a.Err)
	if !ok || a.Status != http.StatusRequestEntityTooLarge {
		return 0, 0
	}
	for _, text := range e.Details {
		for _, m := range limit.FindAllStringSubmatch(text, -1) {
			n, _ := strconv.Atoi(m[2])
			if strings.EqualFold(m[1], "operations") {
				operations = n
			} else {
				bytes = n
			}
		}
	}
	return bytes, operations
}
