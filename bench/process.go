package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// The environment variable roleVariable makes this program a service or a
// client; latencyVariable sets the latency of the service.
const (
	roleVariable    = "BULK_BENCH_ROLE"
	latencyVariable = "BULK_BENCH_LATENCY"
)

// self returns a command that runs this program in another role.
func self(ctx context.Context, role string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	return cmd
}

// server is a null service in its own process.
type server struct {
	url   string
	cmd   *exec.Cmd
	input io.Closer
}

func startServer(ctx context.Context, latency time.Duration) (*server, error) {
	cmd := self(ctx, "service")
	cmd.Env = append(cmd.Env, latencyVariable+"="+latency.String())
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	url, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the null service printed no address: %w", err), cmd.Wait())
	}
	return &server{url: strings.TrimSpace(url), cmd: cmd, input: input}, nil
}

// close stops the service.
func (s *server) close() error {
	_ = s.input.Close()
	return s.cmd.Wait()
}

// tally asks the service for its counts.
func (s *server) tally(ctx context.Context) (t tally, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/tally", nil)
	if err != nil {
		return t, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return t, err
	}
	defer resp.Body.Close()
	return t, json.NewDecoder(resp.Body).Decode(&t)
}

// measurement is the work of a client and its cost.
type measurement struct {
	work
	used
	Requests int64         // received by the service
	Service  time.Duration // processor time of the service
}

// perOperation returns the processor time of the client for one operation.
func (m measurement) perOperation() time.Duration { return m.Processor / time.Duration(m.Operations) }

// micros returns the same in microseconds.
func (m measurement) micros() float64 { return float64(m.Processor) / float64(m.Operations) / 1e3 }

// allocations returns the allocations for one operation.
func (m measurement) allocations() float64 {
	return float64(m.Allocations)/float64(m.Operations) - m.Making
}

// rate returns the throughput in operations per second.
func (m measurement) rate() float64 { return float64(m.Operations) / m.Elapsed.Seconds() }

// measure runs cmd with w on its standard input. cmd prints a used as the last
// line of its standard output.
func (s *server) measure(ctx context.Context, cmd *exec.Cmd, w work) (m measurement, err error) {
	w.URL = s.url
	m.work = w
	before, err := s.tally(ctx)
	if err != nil {
		return m, err
	}
	input, err := json.Marshal(w)
	if err != nil {
		return m, err
	}
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.Output()
	if err != nil {
		return m, fmt.Errorf("%s: %w", w.Client, err)
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], &m.used); err != nil {
		return m, fmt.Errorf("%s: %w: %q", w.Client, err, lines[len(lines)-1])
	}
	m.Peak = peak(cmd.ProcessState)
	after, err := s.tally(ctx)
	m.Requests, m.Service = after.Requests-before.Requests, after.Processor-before.Processor
	expected := int64(w.Operations)
	if w.Client == "plan" { // which sends nothing
		expected = 0
	}
	if done := after.Operations - before.Operations; err == nil && done != expected {
		err = fmt.Errorf("%s: the service has seen %d operations, expected %d", w.Client, done, expected)
	}
	return m, err
}
