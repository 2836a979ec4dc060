package main

import (
	"cmp"
	"io"
	"strings"

	"github.com/webexscim/bulk/internal/rawjson"
)

// maxListed is how many of something are shown to a person.
const maxListed = 20

// verb is like "1 row names" and "2 rows name".
func verb(n int, word string) string {
	if n == 1 {
		return word + "s"
	}
	return word
}

// subject is like "user ann@example.com": the user or group in the path of an
// operation, by its id if it has no name.
func subject(path, name string) string {
	_, id, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return strings.TrimSpace(kindIn(path) + " " + cmp.Or(name, id))
}

// kindIn returns the type of resource in a path: user or group.
func kindIn(path string) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return strings.TrimSuffix(strings.ToLower(kind), "s")
}

// shellWord is a path as a shell takes it.
func shellWord(path string) string {
	if strings.ContainsAny(path, " \t'\"$&;()<>|*?`!#\\") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

// writeJSON writes a value as one line of JSON, whose texts are as they are.
func writeJSON(w io.Writer, value any) error {
	return rawjson.NewEncoder(w).Encode(value)
}
