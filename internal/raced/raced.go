// Package raced reports whether the race detector is on. Tests then take ten
// times as long, so a test that does not check goroutines does less work:
//
//	jobs := raced.Fewer(500, 10_000)
//
// Under the race detector, importing it lowers the number of random checks of
// rapid to a quarter, unless -rapid.checks sets it.
package raced

// Fewer returns few under the race detector, and usual otherwise: how much work
// a test does.
func Fewer(few, usual int) int {
	if On {
		return few
	}
	return usual
}
