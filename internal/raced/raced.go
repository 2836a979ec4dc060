// Package raced tells a test whether the race detector watches it. Everything
// takes ten times as long then, and what is not about goroutines is shown as
// well without it, so a test does less:
//
//	if raced.On {
//		jobs /= 20
//	}
//
// Importing it lowers the number of random checks that rapid makes to a quarter,
// unless -rapid.checks says otherwise.
package raced
