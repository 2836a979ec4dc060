package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdExits runs a command to its end: exits 2 webex-bulk apply users.csv
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := codeOf(ts, ts.Exec(args[1], args[2:]...))
	b := fixtureOf(ts)
	b.seen += ts.ReadFile("stdout") + ts.ReadFile("stderr")
	checkWords(ts, ts.ReadFile("stdout")+ts.ReadFile("stderr"))
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// jargon matches the texts of Go that no administrator should have to read.
var jargon = regexp.MustCompile(`context (?:canceled|deadline)|%!|<nil>|\bmap\[|\b0x[0-9a-f]+|\bEOF\b|\bdial tcp|\b(?:read|write) tcp|x509:|` +
	`journal: journal|\bclient: |\bexchange: |panic:|goroutine \d|\.webex-bulk-\d`)

// checkWords fails where jargon was printed.
func checkWords(ts *testscript.TestScript, text string) {
	if found := jargon.FindString(text); found != "" {
		ts.Fatalf("%q was printed", found)
	}
}

func codeOf(ts *testscript.TestScript, err error) int {
	if err == nil {
		return 0
	}
	e, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		ts.Fatalf("%v", err)
	}
	return e.ExitCode()
}

// background is a command that runs.
type background struct {
	cmd      *exec.Cmd
	out, err printed
	done     chan error
}

// printed is what a running command has printed so far.
type printed struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf.String()
}

// cmdStart runs a command in the background: start NAME webex-bulk apply …
func cmdStart(ts *testscript.TestScript, neg bool, args []string) {
	path := ""
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if _, err := os.Stat(filepath.Join(dir, args[1])); err == nil {
			path = filepath.Join(dir, args[1])
			break
		}
	}
	job := &background{cmd: exec.Command(path, args[2:]...), done: make(chan error, 1)}
	job.cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "WEBEX_ORG_ID", "WEBEX_BASE_URL", "WEBEX_ACCESS_TOKEN"} {
		job.cmd.Env = append(job.cmd.Env, name+"="+ts.Getenv(name))
	}
	job.cmd.Stdout, job.cmd.Stderr = &job.out, &job.err
	ts.Check(job.cmd.Start())
	ts.Defer(func() { _ = job.cmd.Process.Kill() })
	go func() { job.done <- job.cmd.Wait() }()
	fixtureOf(ts).jobs[args[0]] = job
}

// cmdSignal sends signals with a pause between them: signal NAME INT INT
func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL, "HUP": syscall.SIGHUP}
	for i, name := range args[1:] {
		if i > 0 {
			time.Sleep(200 * time.Millisecond) // equal signals at once count as one
		}
		ts.Check(fixtureOf(ts).jobs[args[0]].cmd.Process.Signal(signals[name]))
	}
}

// cmdEnds waits for a background command: ends NAME CODE [within]. What it
// printed is in NAME.out and NAME.err.
func cmdEnds(ts *testscript.TestScript, neg bool, args []string) {
	b := fixtureOf(ts)
	job := b.jobs[args[0]]
	within := time.Minute
	if len(args) > 2 {
		var err error
		within, err = time.ParseDuration(args[2])
		ts.Check(err)
	}
	select {
	case err := <-job.done:
		b.seen += job.out.String() + job.err.String()
		checkWords(ts, job.out.String()+job.err.String())
		ts.Check(os.WriteFile(ts.MkAbs(args[0]+".out"), []byte(job.out.String()), 0o600))
		ts.Check(os.WriteFile(ts.MkAbs(args[0]+".err"), []byte(job.err.String()), 0o600))
		if got := strconv.Itoa(codeOf(ts, err)); got != args[1] {
			ts.Fatalf("exit code %s, want %s\n%s%s", got, args[1], &job.out, &job.err)
		}
	case <-time.After(within):
		ts.Fatalf("%s has not ended within %s", args[0], within)
	}
}
