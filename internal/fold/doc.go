// Package fold compares names and resources in the way that services do.
// Services do not store every text as it was sent: they compose characters,
// trim and collapse white space, and compare without regard to case.
//
//	fold.Fold(" Ada  LOVELACE ") == fold.Fold("ada lovelace") // true
//	fold.Compose("e\u0301") == "\u00e9"                       // true
//	fold.SameJSON(sent, found)                                // found has no other value for an attribute of sent
//
// The tables of canonical decompositions are generated from
// golang.org/x/text/unicode/norm. The package itself imports only the standard
// library.
package fold

//go:generate go run generate.go
