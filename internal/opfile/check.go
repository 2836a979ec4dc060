package opfile

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	"github.com/webexscim/bulk/client"
)

// endpoints are the resource types that Webex takes in a Bulk request.
var endpoints = []string{"/Users", "/Groups"}

const (
	endpointForm = `"/Users" or "/Groups"`
	resourceForm = `"/Users/<id>" or "/Groups/<id>", where an id may be bulkId:<name>`
)

// check says what is wrong with an operation, what is expected, and in which member; problem is empty when nothing is.
func check(op client.Operation) (problem, expected, member string) {
	if problem, expected = checkMethod(op.Method); problem != "" {
		return problem, expected, "method"
	}
	if problem, expected = checkPath(op.Method, op.Path); problem != "" {
		return problem, expected, "path"
	}
	if problem, expected = checkData(op); problem != "" {
		return problem, expected, "data"
	}
	if err := op.Validate(); err != nil { // the last word is the library's, which will ask the same
		return err.Error(), "an operation that can be sent", ""
	}
	return "", "", ""
}

func checkMethod(method string) (problem, expected string) {
	const methods = "POST, PATCH or DELETE"
	switch method {
	case client.MethodPost, client.MethodPatch, client.MethodDelete:
		return "", ""
	case "":
		return "no method", methods
	case "PUT":
		return "a method that Webex has not in a Bulk request", methods
	}
	return "unknown method", methods + ", in upper case"
}

// checkPath takes a path apart: a POST goes to a type of resource, all else to one resource.
func checkPath(method, path string) (problem, expected string) {
	expected = resourceForm
	if method == client.MethodPost {
		expected = endpointForm
	}
	if path == "" {
		return "no path", expected
	}
	i := strings.IndexByte(path[1:], '/') + 1
	endpoint, id := path, ""
	if i > 0 {
		endpoint, id = path[:i], path[i+1:]
	}
	switch {
	case !slices.Contains(endpoints, endpoint):
		return "not a path of users or groups", expected
	case method == client.MethodPost && i > 0:
		return "a POST to a resource", expected
	case method != client.MethodPost && i == 0:
		return "a " + method + " of no resource", expected
	case i > 0 && !isID(id):
		return "not an id after " + endpoint + "/", expected
	}
	return "", ""
}

// isID reports whether s can be the id of a resource in a path. A name after bulkId: may hold anything but a slash.
func isID(s string) bool {
	if name, ok := strings.CutPrefix(s, "bulkId:"); ok {
		return name != "" && !strings.Contains(name, "/")
	}
	return s != "" && s != "." && s != ".." && !strings.ContainsAny(s, "/?#\\") &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\uFFFD' })
}

func checkData(op client.Operation) (problem, expected string) {
	data, _ := op.Data.(json.RawMessage)
	switch {
	case op.Method == client.MethodDelete && data != nil:
		return "data for a DELETE", "none"
	case op.Method != client.MethodDelete && data == nil:
		return "no data", "an object: what a single " + op.Method + " would have as its body"
	case data != nil && data[0] != '{':
		return "data that is no object", "an object"
	}
	return "", ""
}
