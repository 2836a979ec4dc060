package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The organization and token of every client. The service checks neither.
const (
	orgID = "0e6f1c53-8a37-4a0f-9d5e-1b7c2a9d4f10"
	token = "bench"
)

// service is a Bulk endpoint that does no work: it finds the bulkIds in a
// request and answers 201 for each.
type service struct {
	latency  time.Duration
	created  atomic.Int64
	requests atomic.Int64
	scratch  sync.Pool
}

// tally has the counts of the service so far.
type tally struct {
	Requests   int64         `json:"requests"`
	Operations int64         `json:"operations"`
	Processor  time.Duration `json:"processor"` // of the service's process
}

// serve runs the service until its standard input ends.
func serve(latency time.Duration) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &service{latency: latency}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /identity/scim/{org}/v2/Bulk", s.bulk)
	mux.HandleFunc("GET /identity/scim/{org}/v2/ServiceProviderConfig", configuration)
	mux.HandleFunc("GET /tally", func(w http.ResponseWriter, _ *http.Request) {
		encode(w, tally{s.requests.Load(), s.created.Load(), processorTime()})
	})
	server := &http.Server{Handler: mux}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	fmt.Printf("http://%s\n", l.Addr())
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *service) buffers() *[2]bytes.Buffer {
	b, ok := s.scratch.Get().(*[2]bytes.Buffer)
	if !ok {
		b = new([2]bytes.Buffer)
	}
	b[0].Reset()
	b[1].Reset()
	return b
}

func (s *service) bulk(w http.ResponseWriter, r *http.Request) {
	time.Sleep(s.latency)
	b := s.buffers()
	defer s.scratch.Put(b)
	if _, err := b[0].ReadFrom(r.Body); err != nil {
		return
	}
	s.requests.Add(1)
	// wxc_sdk reads only the first form, which Webex writes. SCIM-SDK reads
	// only the second, which is that of RFC 7644.
	form, list := "application/json", "operations"
	if strings.HasPrefix(r.Header.Get("Content-Type"), scimJSON) {
		form, list = scimJSON, "Operations"
	}
	s.answer(&b[1], list, b[0].Bytes())
	w.Header().Set("Content-Type", form)
	w.Header().Set("Content-Length", strconv.Itoa(b[1].Len()))
	_, _ = w.Write(b[1].Bytes())
}

// answer writes a result for each member bulkId in a request.
func (s *service) answer(out *bytes.Buffer, list string, request []byte) {
	out.WriteString(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],"` + list + `":[`)
	first := true
	for bulkID := range bulkIDs(request) {
		if !first {
			out.WriteByte(',')
		}
		first = false
		out.WriteString(`{"location":"https://webexapis.com/identity/scim/` + orgID + `/v2/Users/`)
		out.Write(s.newID(out.AvailableBuffer()))
		out.WriteString(`","method":"POST","bulkId":"`)
		out.Write(bulkID)
		out.WriteString(`","version":"W/\"1\"","status":"201"}`)
	}
	out.WriteString(`]}`)
}

func (s *service) newID(b []byte) []byte {
	return fmt.Appendf(b, "5e1fd6a2-1c07-4c5f-a0f4-%012x", s.created.Add(1))
}

// bulkIDs yields the values of all members bulkId. The data of bench has no
// member of that name.
func bulkIDs(request []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for {
			_, rest, found := bytes.Cut(request, []byte(`"bulkId"`))
			if !found {
				return
			}
			rest = bytes.TrimLeft(rest, " :\n\t")
			id, rest, ok := bytes.Cut(rest[1:], []byte(`"`))
			if !ok || !yield(id) {
				return
			}
			request = rest
		}
	}
}

const scimJSON = "application/scim+json"

// configuration is requested by SCIM-SDK, which needs the limit for splitting.
func configuration(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", scimJSON)
	_, _ = io.WriteString(w, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],`+
		`"bulk":{"supported":true,"maxOperations":100,"maxPayloadSize":1048576},"patch":{"supported":true},`+
		`"filter":{"supported":true,"maxResults":500},"changePassword":{"supported":false},"sort":{"supported":false},`+
		`"etag":{"supported":false},"authenticationSchemes":[]}`)
}
