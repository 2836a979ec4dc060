package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/journal"
)

// work is the task of a client process.
type work struct {
	Client     string `json:"client"` // a key of workers
	URL        string `json:"url"`
	Operations int    `json:"operations"`
	InFlight   int    `json:"inFlight"`
	Journal    string `json:"journal"` // path; "" means no journal
}

// used is the cost of the work, measured within the process, so that its start
// does not count.
type used struct {
	Processor time.Duration `json:"processor"`
	Elapsed   time.Duration `json:"elapsed"`
	Peak      int64         `json:"peak"` // resident memory in bytes; filled in by the parent
}

// perRequest is the number of operations in each request of every client.
const perRequest = 100

// workers are the clients in Go. Each prepares its data and returns the
// function to measure.
var workers = map[string]func(w work) (func() error, error){
	"floor":   floor,
	"loop":    loop,
	"library": library,
}

// doWork reads the work, does it, and writes what it used.
func doWork(in io.Reader, out io.Writer) error {
	var w work
	if err := json.NewDecoder(in).Decode(&w); err != nil {
		return err
	}
	run, err := workers[w.Client](w)
	if err != nil {
		return err
	}
	before, began := processorTime(), time.Now()
	if err := run(); err != nil {
		return err
	}
	encode(out, used{Processor: processorTime() - before, Elapsed: time.Since(began)})
	return nil
}

func encode(w io.Writer, v any) { _ = json.NewEncoder(w).Encode(v) }

// person returns user i, about 300 bytes of JSON.
func person(i int) gen.User {
	n := strconv.Itoa(i)
	mail := "user" + n + "@example.com"
	return gen.User{
		Schemas: []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, UserName: mail, DisplayName: "User Number " + n, Active: new(true),
		Name:   gen.PersonName{GivenName: "User", FamilyName: "Number " + n},
		Emails: []gen.Email{{Value: mail, Type: "work", Primary: new(true)}},
	}
}

// httpClient returns an HTTP client that keeps a connection for each request in
// flight.
func httpClient(inFlight int) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = inFlight
	return &http.Client{Transport: t}
}

// floor sends the request bodies of the plain loop, encoded before the
// measurement, and discards the answers. It is the cost of HTTP itself.
func floor(w work) (func() error, error) {
	var bodies [][]byte
	for ops := range requests(w.Operations) {
		body, err := json.Marshal(bulkRequest(ops))
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, body)
	}
	url := w.URL + "/identity/scim/" + orgID + "/v2/Bulk"
	c := httpClient(w.InFlight)
	return func() error {
		return each(w.InFlight, bodies, func(body []byte) error {
			req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
			if err != nil {
				return err
			}
			req.Header.Set("Authorization", "Bearer "+token)
			req.Header.Set("Content-Type", "application/json")
			resp, err := c.Do(req)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				return fmt.Errorf("status %d", resp.StatusCode)
			}
			_, err = io.Copy(io.Discard, resp.Body)
			return err
		})
	}, nil
}

// each calls do for every body, n at a time.
func each(n int, bodies [][]byte, do func([]byte) error) error {
	queue, failed := make(chan []byte, len(bodies)), make(chan error, n)
	for _, b := range bodies {
		queue <- b
	}
	close(queue)
	for range n {
		go func() {
			var err error
			for b := range queue {
				if err = do(b); err != nil {
					break
				}
			}
			failed <- err
		}()
	}
	var err error
	for range n {
		if e := <-failed; e != nil {
			err = e
		}
	}
	return err
}

// requests yields the operations of each request of the plain loop.
func requests(n int) iter.Seq[[]gen.BulkOperation] {
	return func(yield func([]gen.BulkOperation) bool) {
		for i := 0; i < n; i += perRequest {
			var ops []gen.BulkOperation
			for k := i; k < min(n, i+perRequest); k++ {
				data, err := json.Marshal(person(k))
				if err != nil {
					panic(err) // cannot happen: a user of bench
				}
				ops = append(ops, gen.BulkOperation{Method: gen.BulkMethodPOST, Path: "/Users", BulkID: "u" + strconv.Itoa(k), Data: data})
			}
			if !yield(ops) {
				return
			}
		}
	}
}

func bulkRequest(ops []gen.BulkOperation) gen.BulkRequest {
	return gen.BulkRequest{Schemas: []string{"urn:ietf:params:scim:api:messages:2.0:BulkRequest"}, Operations: ops}
}

// loop is a plain loop over the generated client: it sends requests of 100
// operations and decodes every answer. It has no references, limits or retries.
func loop(w work) (func() error, error) {
	c, err := gen.NewClient(w.URL, gen.WithHTTPClient(httpClient(w.InFlight)),
		gen.WithRequestEditorFn(func(_ context.Context, req *http.Request) error {
			req.Header.Set("Authorization", "Bearer "+token)
			return nil
		}))
	if err != nil {
		return nil, err
	}
	one := func(ops []gen.BulkOperation) error {
		resp, err := c.ExecuteBulk(context.Background(), orgID, bulkRequest(ops))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		var answer gen.BulkResponse
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			return err
		}
		for _, item := range answer.Operations {
			if !item.Status.OK() {
				return fmt.Errorf("%s: status %d", item.BulkID, item.Status)
			}
		}
		if len(answer.Operations) != len(ops) {
			return fmt.Errorf("%d results for %d operations", len(answer.Operations), len(ops))
		}
		return nil
	}
	return func() error {
		var all sync.WaitGroup
		free, failed := make(chan bool, w.InFlight), make(chan error, 1)
		for ops := range requests(w.Operations) {
			free <- true
			all.Go(func() {
				if err := one(ops); err != nil {
					select {
					case failed <- err:
					default:
					}
				}
				<-free
			})
		}
		all.Wait()
		select {
		case err := <-failed:
			return err
		default:
			return nil
		}
	}, nil
}

// library does the same with package client.
func library(w work) (func() error, error) {
	c, err := client.New(client.Config{
		OrgID: orgID, Token: client.StaticToken(token), BaseURL: w.URL, HTTPClient: httpClient(w.InFlight), Concurrency: w.InFlight,
	})
	if err != nil {
		return nil, err
	}
	job := &client.Job{Source: creates(w.Operations)}
	end := func() error { return nil }
	if w.Journal != "" {
		j, err := journal.Open(w.Journal)
		if err != nil {
			return nil, err
		}
		job.Journal, end = j, j.Close
	}
	return func() error {
		n := 0
		for res, err := range c.Run(context.Background(), job) {
			if err != nil {
				return err
			}
			if res.Err != nil {
				return res.Err
			}
			n++
		}
		if n != w.Operations {
			return fmt.Errorf("%d results for %d operations", n, w.Operations)
		}
		return end()
	}, nil
}

func creates(n int) iter.Seq2[client.Operation, error] {
	return func(yield func(client.Operation, error) bool) {
		for i := range n {
			if !yield(client.Users.Create(person(i)).Named("u"+strconv.Itoa(i)), nil) {
				return
			}
		}
	}
}
