// Package raced tells a test whether the race detector is on. Tests then take
// ten times as long. A test that is not about goroutines does less work:
//
//	if raced.On {
//		jobs /= 20
//	}
//
// Under the race detector, importing it lowers the number of random checks of
// rapid to a quarter, unless -rapid.checks sets it.
package raced
