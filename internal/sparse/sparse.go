// Package sparse holds values by number, in little more than the room of the
// values, where the numbers in use are mostly neighbors.
//
//	t := sparse.Table[int32]{}
//	t.Set(1_000_000, 7)
//	t.At(1_000_000) // 7
//	t.Set(1_000_000, 0) // removes it
package sparse

const pageSize = 64

// Table holds values by number. A zero value counts as none. Make one with a
// literal; a nil Table can be read.
type Table[T comparable] map[int]*[pageSize]T

// At returns the value of a number that is not negative, the zero value if
// there is none.
func (t Table[T]) At(number int) (value T) {
	if page := t[number/pageSize]; page != nil {
		value = page[number%pageSize]
	}
	return value
}

// Set sets the value of a number that is not negative; the zero value removes
// it.
func (t Table[T]) Set(number int, value T) {
	page := t[number/pageSize]
	if page == nil {
		page = new([pageSize]T)
		t[number/pageSize] = page
	}
	if page[number%pageSize] = value; *page == [pageSize]T{} {
		delete(t, number/pageSize)
	}
}
