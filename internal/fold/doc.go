// Package fold compares names and resources as services keep them, which is not always as they were sent: services compose
// characters, trim, collapse white space, and compare without regard to case.
//
//	fold.Fold(" Ada  LOVELACE ") == fold.Fold("ada lovelace") // true
//	fold.Compose("e\u0301") == "\u00e9"                       // true
//	fold.SameJSON(sent, found)                                // what was sent is what is there
//
// The tables of Unicode's canonical decompositions are generated from golang.org/x/text/unicode/norm, so that programs that
// use this package need the standard library only.
package fold

//go:generate go run generate.go
