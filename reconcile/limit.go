package reconcile

import (
	"fmt"
	"strconv"
	"strings"
)

// Limit is the most resources or members that may be removed. Its zero value is
// 10, or 5 percent if that is less.
type Limit struct {
	// Number is a limit as a number; nil is no such limit.
	Number *int
	// Percent is a limit as a part of all that there are, rounded down; nil is no such limit.
	Percent *float64
}

// ParseLimit reads a number, such as 25, or a percentage, such as 10%.
func ParseLimit(text string) (Limit, error) {
	number, isPercent := strings.CutSuffix(strings.TrimSpace(text), "%")
	if isPercent {
		p, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(p >= 0 && p <= 100) {
			return Limit{}, fmt.Errorf("%q: expected a percentage from 0%% to 100%%", text)
		}
		return Limit{Percent: &p}, nil
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 {
		return Limit{}, fmt.Errorf("%q: expected a number such as 25, or a percentage such as 10%%", text)
	}
	return Limit{Number: &n}, nil
}

// String returns the limit in the form that ParseLimit reads, where it has one.
func (l Limit) String() string {
	switch {
	case l.Number != nil:
		return strconv.Itoa(*l.Number)
	case l.Percent != nil:
		return strconv.FormatFloat(*l.Percent, 'f', -1, 64) + "%"
	}
	return "10 or 5%, whichever is less"
}

// of returns how many of all may be removed.
func (l Limit) of(all int) int {
	if l.Number == nil && l.Percent == nil {
		return min(10, percentOf(5, all))
	}
	most := all
	if l.Number != nil {
		most = min(most, *l.Number)
	}
	if l.Percent != nil {
		most = min(most, percentOf(*l.Percent, all))
	}
	return most
}

// percentOf rounds down: what is more than the percentage is too much, also of a few.
func percentOf(percent float64, all int) int { return int(percent*float64(all)/100 + 1e-9) }
