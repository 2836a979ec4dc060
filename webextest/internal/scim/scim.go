// Package scim reads the language of SCIM, filters and patch paths, and applies
// it to resources: maps as encoding/json decodes them, with numbers as
// json.Number or float64.
//
//	filter, err := scim.ParseFilter(`userName eq "ada@example.com" or emails[type eq "work" and value ew "@example.com"]`)
//	if err == nil && filter.Match(user) {
//		_, err = scim.Apply(user, "replace", `emails[type eq "work"].value`, "ada@example.org")
//	}
//
// Sources are RFC 7644 (3.4.2.2 filters, 3.5.2 patches) and RFC 7643
// (attributes). Resources carry no schema here: what must be known about an
// attribute, whether it is multi-valued, case-exact or read-only, stands in
// attributes.go.
package scim

import (
	"errors"
	"fmt"
	"net/http"
)

const (
	maxLength = 64 << 10 // bytes of a filter or a path
	maxDepth  = 50       // parentheses and brackets within one another
)

// The SCIM error types of RFC 7644 table 9 that this package refuses with.
const (
	invalidFilter = "invalidFilter"
	invalidPath   = "invalidPath"
	invalidSyntax = "invalidSyntax"
	invalidValue  = "invalidValue"
	mutability    = "mutability"
	noTarget      = "noTarget"
)

// Error is a refusal: why the service does not do what it was asked.
type Error struct {
	Status int    // HTTP status; what this package refuses is 400
	Type   string // of RFC 7644 table 9, such as "invalidFilter"; "" where none fits
	Detail string // what is wrong, for a person; it names attributes and holds no values
	// Violates says that the contract does not allow what was asked, as opposed to
	// what the store or a setting does not. This package leaves it false.
	Violates bool
}

// Error says the type and the detail.
func (e *Error) Error() string { return e.Type + ": " + e.Detail }

// Refuse returns an Error.
func Refuse(status int, kind, format string, args ...any) *Error {
	return &Error{Status: status, Type: kind, Detail: fmt.Sprintf(format, args...)}
}

func refuse(kind, format string, args ...any) *Error {
	return Refuse(http.StatusBadRequest, kind, format, args...)
}

// AsError returns err as an Error: as it is if it is one, else as one of this
// type.
func AsError(err error, kind string) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return refuse(kind, "%v", err)
}
