package main

import (
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// greeting is what serve prints first.
var greeting = regexp.MustCompile(`(?s)^simulator +(http://127\.0\.0\.1:\d+)\norganization +(\S+)\ntoken +(\S+)\n.*webex-bulk apply FILE\n$`)

// cmdServed reads the greeting of a simulator under way: served NAME
func cmdServed(ts *testscript.TestScript, neg bool, args []string) {
	job := benchOf(ts).jobs[args[0]]
	var m []string
	if !eventually(func() bool { m = greeting.FindStringSubmatch(job.out.String()); return m != nil }) {
		ts.Fatalf("no greeting: %s%s", &job.out, &job.err)
	}
	ts.Setenv("WEBEX_BASE_URL", m[1])
	ts.Setenv("WEBEX_ORG_ID", m[2])
	ts.Setenv("WEBEX_ACCESS_TOKEN", m[3])
}

// cmdCurls does what the two curl lines of a greeting do, in their order: the
// first creates a user, the second finds it.
func cmdCurls(ts *testscript.TestScript, neg bool, args []string) {
	var answers []string
	for line := range strings.Lines(benchOf(ts).jobs[args[0]].out.String()) {
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
