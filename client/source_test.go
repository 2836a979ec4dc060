package client_test

import (
	"errors"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// A source that panics, or ends its goroutine, does so in the caller's: after
// what is under way was cut.
func TestSourceThatPanics(t *testing.T) {
	for name, source := range map[string]iter.Seq2[client.Operation, error]{
		"panic": func(yield func(client.Operation, error) bool) {
			for _, op := range users(150) {
				yield(op, nil)
			}
			panic("the source's own")
		},
		"data": client.Operations(client.Operation{Method: "POST", Path: "/Users", Data: panickingData{}}),
	} {
		synctest.Test(t, func(t *testing.T) {
			s := webextest.New(webextest.Config{Latency: time.Second})
			var got any
			func() {
				defer func() { got = recover() }()
				for range newClient(t, s, nil).Run(t.Context(), &client.Job{Source: source}) {
				}
			}()
			if got == nil || !strings.Contains(fmt.Sprint(got), "own") {
				t.Errorf("%s: recovered %v", name, got)
			}
		})
	}
}

type panickingData struct{}

func (panickingData) MarshalJSON() ([]byte, error) { panic("the data's own") }

func TestSourceThatEndsItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: time.Second})
		results, err := run(t, newClient(t, s, nil), &client.Job{Source: func(yield func(client.Operation, error) bool) {
			for _, op := range users(150) {
				yield(op, nil)
			}
			runtime.Goexit()
		}})
		if len(results) != 150 || !errors.Is(err, client.ErrSource) {
			t.Errorf("%d results, %v", len(results), err)
		}
	})
}
