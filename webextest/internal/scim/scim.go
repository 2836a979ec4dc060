// Package scim parses SCIM filters and patch paths, and applies them to
// resources: maps as encoding/json decodes them, with numbers as json.Number or
// float64.
//
//	filter, err := scim.ParseFilter(`userName eq "ada@example.com" or emails[type eq "work"]`)
//	if err == nil && filter.Match(user) {
//		_, err = scim.Apply(user, "replace", `emails[type eq "work"].value`, "ada@example.org")
//	}
//
// Sources are RFC 7644 (section 3.4.2.2 for filters, 3.5.2 for patches) and RFC
// 7643 (attributes). The package has no schemas. attributes.go knows which
// attributes are multi-valued, case-exact or read-only.
package scim

import (
	"errors"
	"fmt"
	"net/http"
)

const (
	maxLength = 64 << 10 // bytes of a filter or a path
	maxDepth  = 50       // nested parentheses and brackets
)

// SCIM error types of this package (RFC 7644, table 9).
const (
	invalidFilter = "invalidFilter"
	invalidPath   = "invalidPath"
	invalidSyntax = "invalidSyntax"
	invalidValue  = "invalidValue"
	mutability    = "mutability"
	noTarget      = "noTarget"
)

// Error is the refusal of a request or an operation.
type Error struct {
	Status int    // HTTP status; errors of this package have 400
	Type   string // of RFC 7644 table 9, such as "invalidFilter"; "" if there is none
	Detail string // for people; it names attributes and contains no values
	// Violates reports that the contract does not allow the request, in contrast
	// to the stored resources or a setting. This package leaves it false.
	Violates bool
}

// Error returns the type and the detail.
func (e *Error) Error() string { return e.Type + ": " + e.Detail }

// Refuse returns an Error.
func Refuse(status int, kind, format string, args ...any) *Error {
	return &Error{Status: status, Type: kind, Detail: fmt.Sprintf(format, args...)}
}

func refuse(kind, format string, args ...any) *Error {
	return Refuse(http.StatusBadRequest, kind, format, args...)
}

// AsError returns err if it is an *Error, otherwise an Error of a type with its
// text.
func AsError(err error, kind string) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return refuse(kind, "%v", err)
}
