package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// planned collects a plan, without a token and without a service.
func planned(t *testing.T, change func(*client.Config), job *client.Job) (requests []client.Request, err error) {
	t.Helper()
	cfg := client.Config{OrgID: webextest.DefaultOrgID, Token: func(context.Context, string) (string, error) {
		t.Error("a token was asked for")
		return "", client.ErrNoToken
	}}
	if change != nil {
		change(&cfg)
	}
	c, err := client.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for r, stop := range c.Plan(t.Context(), job) {
		if err = stop; err == nil {
			requests = append(requests, r)
		}
	}
	return requests, err
}

// A plan holds each operation once, in as many requests as a run sends, with
// every reference either in the request or in one before.
func TestPlanIsWhatRunSends(t *testing.T) {
	for _, resolve := range []bool{false, true} {
		for _, ordered := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				var ops []client.Operation
				for op := range organization(640) {
					ops = append(ops, op)
				}
				if ordered && resolve {
					ops = users(640) // a forward reference can't wait in an ordered job
				}
				change := func(c *client.Config) { c.ResolveReferences = resolve }
				plan, err := planned(t, change, &client.Job{Source: client.Operations(ops...), Ordered: ordered})
				if err != nil {
					t.Fatal(err)
				}
				in := map[int]int{} // the request of each operation
				names := map[string]int{}
				for n, r := range plan {
					if r.Number != n+1 || len(r.Operations) == 0 || len(r.Operations) > 100 || len(r.Refused) > 0 {
						t.Errorf("request %d: number %d, %d operations, %d refused", n+1, r.Number, len(r.Operations), len(r.Refused))
					}
					for _, o := range r.Operations {
						if in[o.Index] > 0 {
							t.Errorf("operation %d is in requests %d and %d", o.Index, in[o.Index], r.Number)
						}
						in[o.Index], names[o.Operation.BulkID] = r.Number, r.Number
					}
					for _, o := range r.Operations {
						for _, name := range o.Waits {
							if names[name] >= r.Number || names[name] == 0 || !slices.Contains(r.After, names[name]) {
								t.Errorf("operation %d in request %d waits for %q of %d, after %v", o.Index, r.Number, name, names[name], r.After)
							}
						}
						for _, name := range o.Joins {
							if names[name] != r.Number || resolve {
								t.Errorf("operation %d in request %d joins %q of %d", o.Index, r.Number, name, names[name])
							}
						}
					}
				}
				s := webextest.New(webextest.Config{})
				job := &client.Job{Source: client.Operations(ops...), Ordered: ordered}
				if _, err := run(t, newClient(t, s, change), job); err != nil || len(in) != 640 || requests(s) > len(plan)+2 || requests(s) < len(plan)-2 {
					t.Errorf("%v: %d operations in %d requests planned, %d sent", err, len(in), len(plan), requests(s))
				}
			})
		}
	}
}

// What can't be sent is told, with the reason, after the request before it.
func TestPlanTellsWhatIsRefused(t *testing.T) {
	ops := []client.Operation{create("a"), {Method: "PUT", Path: "/Users/1"}, create("b", manager("nobody")), create("c", manager("b"))}
	plan, err := planned(t, nil, &client.Job{Source: client.Operations(ops...)})
	var refused []client.Result
	for _, r := range plan {
		refused = append(refused, r.Refused...)
	}
	if err != nil || len(refused) != 3 || !errors.Is(refused[0].Err, client.ErrInvalid) || !errors.Is(refused[2].Err, client.ErrReference) {
		t.Errorf("%v, %v", refused, err)
	}
	if plan, err := planned(t, nil, &client.Job{Source: client.Operations(ops[1])}); err != nil || len(plan) != 1 || len(plan[0].Operations) > 0 {
		t.Errorf("%v, %v", plan, err)
	}
	if plan, err := planned(t, nil, &client.Job{}); err != nil || len(plan) > 0 {
		t.Errorf("%v, %v", plan, err)
	}
}

// A plan ends with its source's error, or with its context, or with the loop,
// and leaves nothing behind.
// A plan does not depend on how fast the source is.
func TestPlanIsAlwaysTheSame(t *testing.T) {
	plan := func(pause time.Duration) (requests []string) {
		source := func(yield func(client.Operation, error) bool) {
			for i := range 1500 {
				if i%7 == 0 {
					time.Sleep(pause)
				}
				name := fmt.Sprint("u", i)
				if !yield(create(name, manager(fmt.Sprint("u", i*i%1500))).Named(name), nil) {
					return
				}
			}
		}
		for r, err := range newClient(t, webextest.New(webextest.Config{}), nil).Plan(t.Context(), &client.Job{Source: source}) {
			if err != nil {
				t.Fatal(err)
			}
			var indexes []int
			for _, o := range r.Operations {
				indexes = append(indexes, o.Index)
			}
			requests = append(requests, fmt.Sprint(indexes, r.After))
		}
		return requests
	}
	fast := plan(0)
	synctest.Test(t, func(t *testing.T) {
		if slow := plan(time.Second); !slices.Equal(fast, slow) {
			t.Errorf("%d requests of a slow source, %d of a fast one, and they differ", len(slow), len(fast))
		}
	})
}

func TestPlanEnds(t *testing.T) {
	broken := errors.New("broken")
	source := func(yield func(client.Operation, error) bool) {
		for _, op := range users(5000) {
			if !yield(op, nil) {
				return
			}
		}
		yield(client.Operation{}, broken)
	}
	synctest.Test(t, func(t *testing.T) {
		if _, err := planned(t, nil, &client.Job{Source: source}); !errors.Is(err, broken) || !errors.Is(err, client.ErrSource) {
			t.Error(err)
		}
		c := newClient(t, webextest.New(webextest.Config{}), nil)
		job := &client.Job{Source: source}
		for range c.Plan(t.Context(), job) {
			break
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var last error
		for _, err := range c.Plan(ctx, job) {
			cancel()
			last = err
		}
		if !errors.Is(last, context.Canceled) {
			t.Error(last)
		}
	})
}
