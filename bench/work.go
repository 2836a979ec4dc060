package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/opfile"
	"github.com/webexscim/bulk/internal/textfile"
	"github.com/webexscim/bulk/journal"
)

// work is the task of a client process.
type work struct {
	Client     string `json:"client"` // a key of workers
	URL        string `json:"url"`
	Operations int    `json:"operations"`
	InFlight   int    `json:"inFlight"`
	Journal    string `json:"journal"` // path; "" means no journal
	Sheet      string `json:"sheet"`   // path; "" means creates of users
	// Organization is the path of operations as NDJSON, whose creates are
	// reported; see references.go.
	Organization string `json:"organization"`
	Profile      string `json:"profile"` // path of a profile of the processor time to write; "" means none
}

// used is the cost of the work, measured within the process, so that its start
// does not count.
type used struct {
	Processor time.Duration `json:"processor"`
	Elapsed   time.Duration `json:"elapsed"`
	Peak      int64         `json:"peak"` // resident memory in bytes; filled in by the parent

	Allocations uint64  `json:"allocations"` // of the Go runtime
	Making      float64 `json:"making"`      // allocations that make one user
}

// perRequest is the number of operations in each request of every client.
const perRequest = 100

// workers are the clients in Go. Each prepares its data and returns the
// function to measure.
var workers = map[string]func(w work) (func() error, error){
	"floor":   floor,
	"loop":    loop,
	"library": library,
	"plan":    planSheet,
}

// doWork reads the work, does it, and writes what it used.
func doWork(in io.Reader, out io.Writer) error {
	var w work
	if err := json.NewDecoder(in).Decode(&w); err != nil {
		return err
	}
	if w.Organization != "" {
		return createOrganization(w, out)
	}
	run, err := workers[w.Client](w)
	if err != nil {
		return err
	}
	stop, err := startProfile(w.Profile)
	if err != nil {
		return err
	}
	making, allocated := allocationsOfUser(), allocations()
	before, began := processorTime(), time.Now()
	if err := run(); err != nil {
		return err
	}
	u := used{Processor: processorTime() - before, Elapsed: time.Since(began), Allocations: allocations() - allocated, Making: making}
	if err := stop(); err != nil {
		return err
	}
	encode(out, u)
	return nil
}

// startProfile begins to write a profile of the processor time; without a path
// it does nothing.
func startProfile(path string) (stop func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	stop = func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}
	return stop, pprof.StartCPUProfile(f)
}

// allocations returns the number of allocations of this process so far.
func allocations() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// allocationsOfUser returns the number of allocations that make one user, which
// are not a cost of the client.
func allocationsOfUser() float64 {
	const n = 1000
	before := allocations()
	for i := range n {
		runtime.KeepAlive(person(i))
	}
	return float64(allocations()-before) / n
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

// loopClient is the client of the plain loop.
func loopClient(w work) (*gen.Client, error) {
	return gen.NewClient(w.URL, gen.WithHTTPClient(httpClient(w.InFlight)),
		gen.WithRequestEditorFn(func(_ context.Context, req *http.Request) error {
			req.Header.Set("Authorization", "Bearer "+token)
			return nil
		}))
}

// post sends operations in one request and decodes the answer.
func post(c *gen.Client, ops []gen.BulkOperation) ([]gen.BulkResult, error) {
	resp, err := c.ExecuteBulk(context.Background(), orgID, bulkRequest(ops))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer gen.BulkResponse
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if len(answer.Operations) != len(ops) {
		return nil, fmt.Errorf("%d results for %d operations", len(answer.Operations), len(ops))
	}
	return answer.Operations, nil
}

// loop is a plain loop over the generated client: it sends requests of 100
// operations and decodes every answer. It has no references, limits or retries.
func loop(w work) (func() error, error) {
	c, err := loopClient(w)
	if err != nil {
		return nil, err
	}
	one := func(ops []gen.BulkOperation) error {
		items, err := post(c, ops)
		if err != nil {
			return err
		}
		for _, item := range items {
			if !item.Status.OK() {
				return fmt.Errorf("%s: status %d", item.BulkID, item.Status)
			}
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

// library does the same with package client, or applies a sheet.
func library(w work) (func() error, error) {
	c, err := newClient(w)
	if err != nil {
		return nil, err
	}
	end := func() error { return nil }
	job := &client.Job{Source: source(w)}
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

// planSheet plans a sheet with package client.
func planSheet(w work) (func() error, error) {
	c, err := newClient(w)
	if err != nil {
		return nil, err
	}
	return func() error {
		n := 0
		for req, err := range c.Plan(context.Background(), &client.Job{Source: source(w)}) {
			if err != nil {
				return err
			}
			n += len(req.Operations)
		}
		if n != w.Operations {
			return fmt.Errorf("%d planned operations of %d", n, w.Operations)
		}
		return nil
	}, nil
}

func newClient(w work) (*client.Client, error) {
	return client.New(client.Config{
		OrgID: orgID, Token: client.StaticToken(token), BaseURL: w.URL, HTTPClient: httpClient(w.InFlight), Concurrency: w.InFlight,
	})
}

// source yields the operations of the work.
func source(w work) iter.Seq2[client.Operation, error] {
	if w.Sheet != "" {
		return rows(w.Sheet)
	}
	return creates(w.Operations)
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

// rows checks a sheet and yields its operations, as webex-bulk does.
func rows(path string) iter.Seq2[client.Operation, error] {
	return func(yield func(client.Operation, error) bool) {
		in, err := checkedSheet(path)
		if err != nil {
			yield(client.Operation{}, err)
			return
		}
		for row, err := range in.Rows() {
			if !yield(row.Operation, err) {
				return
			}
		}
	}
}

// checkedSheet opens a sheet in which nothing is wrong. The file is open until
// the process ends.
func checkedSheet(path string) (*opfile.Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	spool, err := textfile.Spool(f)
	if err != nil {
		return nil, err
	}
	in, err := opfile.Read(spool, opfile.Options{Name: path})
	if err != nil {
		return nil, err
	}
	for _, err := range in.Check() {
		if err != nil {
			return nil, err
		}
	}
	return in, nil
}
