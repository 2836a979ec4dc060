// Command bench measures package client and webex-bulk against the least that
// HTTP takes, against a plain loop over the generated client, and against
// other clients, and writes docs/benchmarks.md with its pictures.
//
//	go run ./bench           everything, about an hour
//	go run ./bench -short    the same with fewer operations, a few minutes
//
// Each client is a process of its own, and the service, which does nothing, is
// another: what is told is the processor time of the client alone.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	switch os.Getenv(roleVariable) {
	case "service":
		latency, err := time.ParseDuration(os.Getenv("BULK_BENCH_LATENCY"))
		if err != nil {
			return err
		}
		return serve(latency)
	case "client":
		return doWork()
	}
	short := flag.Bool("short", false, "fewer operations and rounds")
	flag.Parse()
	rounds, n := 5, 100_000
	if *short {
		rounds, n = 3, 20_000
	}
	return cost(rounds, n)
}

func cost(rounds, n int) error {
	s, err := startServer(0)
	if err != nil {
		return err
	}
	defer s.close()
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for r := range rounds {
		for _, name := range []string{"floor", "loop", "library", "journal"} {
			w := work{Client: name, Operations: n, InFlight: 4}
			if name == "journal" {
				w.Client = "library"
				w.Journal = fmt.Sprintf("%s/%d", dir, r)
			}
			m, err := s.measure(self("client"), w)
			if err != nil {
				return err
			}
			fmt.Printf("%-10s %8v/op %6.1f s elapsed %4d MiB, %d requests, service %v/op\n", name, m.perOperation(), m.Elapsed.Seconds(), m.Peak>>20, m.Requests, m.Service/time.Duration(n))
		}
	}
	return nil
}
