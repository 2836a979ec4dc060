package records

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/webexscim/bulk/internal/textfile"
)

// request has the other members of a BulkRequest; zero for an array.
type request struct {
	member       string // the name of the operations: operations or Operations
	failOnErrors string // as it is written
}

// requestMembers are the members that a BulkRequest can have. Webex itself
// writes operations and Operations.
var requestMembers = []string{"schemas", "failOnErrors", "operations", "Operations"}

// jsonRecords yields the operations of an array or of a BulkRequest.
func (r *Reader) jsonRecords(text io.Reader, yield func(record, error) bool) error {
	r.request = request{}
	s := splitter{r: bufio.NewReaderSize(text, 1<<16), line: 1, limit: r.file.MaxRecord()}
	w := walk{Reader: r, splitter: &s, yield: yield}
	err := w.document()
	var wrong *syntaxError
	switch {
	case errors.As(err, &wrong):
		return w.fault("", wrong.problem, wrong.expected)
	case errors.Is(err, textfile.ErrTooLarge):
		return w.fault("", "an operation larger than 64 MiB", "smaller ones")
	}
	return err
}

// walk reads a JSON file and yields its operations.
type walk struct {
	*Reader
	*splitter
	yield func(record, error) bool
}

// fault yields a mistake in the current line.
func (w *walk) fault(member, problem, expected string) error {
	if !w.yield(record{fault: fault(w.file.Name, w.line, member, "", problem, expected)}, nil) {
		return errStopped
	}
	return nil
}

func (w *walk) document() error {
	const expected = "an array of operations, or a BulkRequest"
	first, err := w.peek()
	switch {
	case err == io.EOF:
		return &syntaxError{"an empty file", expected}
	case err != nil:
		return err
	case first == '[':
		err = w.operations()
	case first == '{':
		err = w.bulkRequest()
	default:
		return &syntaxError{"neither an array nor an object", expected}
	}
	if err != nil {
		return err
	}
	if _, err := w.peek(); err != io.EOF {
		if err == nil {
			err = &syntaxError{"something after its end", "nothing; operations one a line make an .ndjson file"}
		}
		return err
	}
	return nil
}

// operations yields the elements of an array.
func (w *walk) operations() error {
	return w.list('[', ']', func() error {
		line := w.line
		raw, err := w.value()
		if err != nil {
			return err
		}
		if !w.yield(record{line: line, raw: raw}, nil) {
			return errStopped
		}
		return nil
	})
}

// bulkRequest yields the operations of a BulkRequest and keeps its other
// members.
func (w *walk) bulkRequest() error {
	err := w.list('{', '}', func() error {
		name, err := w.key()
		if err != nil {
			return err
		}
		switch name {
		case "operations", "Operations":
			return w.requestOperations(name)
		case "failOnErrors":
			return w.failOnErrors()
		case "schemas":
			_, err := w.value()
			return err
		case "method", "path", "bulkId", "data":
			return &syntaxError{"one operation alone", "an array of operations; operations one a line make an .ndjson file"}
		}
		p := parser{file: w.file.Name, line: w.line}
		p.unknown(name, requestMembers)
		if !w.yield(record{fault: p.faults[0]}, nil) {
			return errStopped
		}
		_, err = w.value()
		return err
	})
	if err == nil && w.request.member == "" {
		return &syntaxError{"no operations", `a member "operations"`}
	}
	return err
}

func (w *walk) requestOperations(name string) error {
	if w.request.member != "" {
		return &syntaxError{"operations a second time", "them once"}
	}
	w.request.member = name
	if c, err := w.peek(); err != nil {
		return atEnd(err)
	} else if c != '[' {
		return &syntaxError{name + " that is no array", "an array of operations"}
	}
	return w.operations()
}

// failOnErrors keeps a number of at least 0, as text.
func (w *walk) failOnErrors() error {
	if _, err := w.peek(); err != nil {
		return atEnd(err)
	}
	raw, err := w.value()
	if err != nil {
		return err
	}
	var n uint32
	if json.Unmarshal(raw, &n) != nil {
		return w.fault("failOnErrors", "not a number of errors", "a whole number")
	}
	w.request.failOnErrors = strings.TrimSpace(string(raw))
	return nil
}
