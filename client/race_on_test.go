//go:build race

package client_test

// raced tells that the race detector is on, under which all takes ten times as
// long.
const raced = true
