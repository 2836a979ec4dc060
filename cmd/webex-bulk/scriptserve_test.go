package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// greeting is what serve prints first.
var greeting = regexp.MustCompile(`(?s)^simulator +(http://127\.0\.0\.1:\d+)\norganization +(\S+)\ntoken +(\S+)\n.*webex-bulk apply FILE\n$`)

// cmdServed reads the greeting of a running simulator: served NAME
func cmdServed(ts *testscript.TestScript, neg bool, args []string) {
	job := fixtureOf(ts).jobs[args[0]]
	var m []string
	if !eventually(func() bool { m = greeting.FindStringSubmatch(job.out.String()); return m != nil }) {
		ts.Fatalf("no greeting: %s%s", &job.out, &job.err)
	}
	ts.Setenv("WEBEX_BASE_URL", m[1])
	ts.Setenv("WEBEX_ORG_ID", m[2])
	ts.Setenv("WEBEX_ACCESS_TOKEN", m[3])
}

// cmdServedJSON is served for serve --json. WEBEX_ADMIN_URL is set too.
func cmdServedJSON(ts *testscript.TestScript, neg bool, args []string) {
	job := fixtureOf(ts).jobs[args[0]]
	if !eventually(func() bool { return strings.Contains(job.out.String(), "\n") }) {
		ts.Fatalf("no line: %s%s", &job.out, &job.err)
	}
	var told map[string]string
	ts.Check(json.Unmarshal([]byte(job.out.String()), &told))
	if len(told) != 4 {
		ts.Fatalf("serve --json prints %s", &job.out)
	}
	for variable, name := range map[string]string{
		"WEBEX_BASE_URL": "url", "WEBEX_ORG_ID": "orgId", "WEBEX_ACCESS_TOKEN": "token", "WEBEX_ADMIN_URL": "adminUrl",
	} {
		ts.Setenv(variable, told[name])
	}
}

// proxyGreeting is what proxy prints first, with --json and without.
var proxyGreeting = regexp.MustCompile(`^(?:checking messages from (\S+) to (\S+)|\{"target":"([^"]+)","url":"([^"]+)"\})\n`)

// cmdProxied puts a running proxy between client and service: proxied NAME
func cmdProxied(ts *testscript.TestScript, neg bool, args []string) {
	job := fixtureOf(ts).jobs[args[0]]
	var m []string
	if !eventually(func() bool { m = proxyGreeting.FindStringSubmatch(job.out.String()); return m != nil }) {
		ts.Fatalf("no greeting: %s%s", &job.out, &job.err)
	}
	if target := m[2] + m[3]; target != ts.Getenv("WEBEX_BASE_URL") {
		ts.Fatalf("the target is %s", target)
	}
	ts.Setenv("WEBEX_BASE_URL", m[1]+m[4])
}

// cmdAsks sends a request and expects a status: asks STATUS METHOD PATH [BODY].
// The body is JSON, the answer is in the file "answer". ADMIN_TOKEN and HOST
// are sent where they are set.
func cmdAsks(ts *testscript.TestScript, neg bool, args []string) {
	body := ""
	if len(args) > 3 {
		body = args[3]
	}
	req, err := http.NewRequest(args[1], ts.Getenv("WEBEX_BASE_URL")+args[2], strings.NewReader(body))
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	if token := ts.Getenv("ADMIN_TOKEN"); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Host = ts.Getenv("HOST")
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("answer"), text, 0o600))
	if got := strconv.Itoa(resp.StatusCode); got != args[0] {
		ts.Fatalf("%s %s: status %s, want %s: %s", args[1], args[2], got, args[0], text)
	}
}

// cmdCurls does what the two curl lines of a greeting do, in their order: the
// first creates a user, the second finds it.
func cmdCurls(ts *testscript.TestScript, neg bool, args []string) {
	var answers []string
	for line := range strings.Lines(fixtureOf(ts).jobs[args[0]].out.String()) {
		if words := shellWords(line); len(words) > 0 && words[0] == "curl" {
			answers = append(answers, curl(ts, words[1:]))
		}
	}
	if len(answers) != 2 || !strings.Contains(answers[0], `"status":"201"`) ||
		!strings.Contains(answers[1], `"totalResults":1`) || !strings.Contains(answers[1], "ann@example.com") {
		ts.Fatalf("the curl lines give %q", answers)
	}
}

// shellWords takes a line apart that has words and words in single quotes.
func shellWords(line string) (words []string) {
	for _, m := range regexp.MustCompile(`'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		words = append(words, m[1]+m[2])
	}
	return words
}

// curl understands what the greeting needs: -H, -d and a url.
func curl(ts *testscript.TestScript, args []string) string {
	header, method, url := http.Header{}, http.MethodGet, ""
	var body io.Reader
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "-H":
			i++
			name, value, _ := strings.Cut(args[i], ": ")
			header.Set(name, value)
		case "-d":
			i++
			method, body = http.MethodPost, strings.NewReader(args[i])
		default:
			url = args[i]
		}
	}
	req, err := http.NewRequest(method, url, body)
	ts.Check(err)
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	ts.Check(err)
	return string(text)
}
