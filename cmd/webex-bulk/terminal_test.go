package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"unicode"
)

// hostile is what a name may hold that a terminal obeys, or that forges a line.
const hostile = "x\x1b[2J\x07\u009b31m\u202e\u2066\u200f\u2028\x7f\tTAB\r\nFORGED"

// checkOutput fails where a terminal would obey a text, or a name has begun a
// line.
func checkOutput(t *testing.T, what, text string) {
	t.Helper()
	for _, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
			t.Errorf("%s: %U raw in %q", what, r, text)
			return
		}
	}
	if strings.Contains("\n"+strings.ReplaceAll(text, " ", ""), "\nFORGED") {
		t.Errorf("%s: a line is forged: %q", what, text)
	}
}

// TestNoTextReachesATerminalRaw holds that no text of a file, a service or an
// argument reaches standard output or standard error raw, whatever it is in:
// cells, headers, bulkIds, paths, attributes, file names, answers, locations.
func TestNoTextReachesATerminalRaw(t *testing.T) {
	refusals := 0
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refusals++
		w.Header().Set("Content-Type", "application/scim+json")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"schemas": []string{hostile}, "status": "400", "scimType": hostile, "detail": hostile, "trackingId": hostile,
		})
	}))
	defer service.Close()
	t.Chdir(t.TempDir())
	setAccess(t, service.URL)
	quoted, _ := json.Marshal(hostile)
	text := string(quoted[1 : len(quoted)-1])
	cell := `"` + strings.ReplaceAll(hostile, "\r\n", "\n") + `"`
	files := map[string]string{
		"names.csv":              "operation,displayName\ncreate," + cell + "\n",
		"deletes.csv":            "operation,displayName,id\ndelete," + cell + ",3f1d2c8a-6f0e-4a57-9a52-9d7a0b6a1c01\n",
		"headers.csv":            "userName," + cell + ",Departmnet" + cell + "\na@example.com,1,2\n",
		"managers.csv":           "userName,Manager\na@example.com," + cell + "\n",
		"unknown.csv":            "operation,userName\n" + cell + ",a@example.com\n",
		"ids.ndjson":             fmt.Sprintf(`{"method":"POST","path":"/Users","bulkId":"%[1]s","data":{"userName":"%[1]s","%[1]s":1}}`, text),
		"paths.ndjson":           fmt.Sprintf(`{"method":"DELETE","path":"/Users/bulkId:%[1]s"}`+"\n"+`{"method":"PATCH","path":"/Users/bulkId:%[1]s","data":{"Operations":[{"op":"%[1]s","path":"%[1]s","value":{"%[1]s":1}}]}}`, text),
		"wrong.ndjson":           fmt.Sprintf(`{"method":"%[1]s","path":"/Users%[1]s","%[1]s":1,"data":{}}`, text),
		"broken.json":            `[{"` + hostile + `"`,
		"raw.bin":                hostile + "\xff\xfe",
		"odd\x1b[2J\nFORGED.csv": "userName\n",
	}
	commands := [][]string{
		{"locate", "https://example.com/" + hostile}, {"locate", "https://example.com/v2/Users/" + strings.ReplaceAll(hostile, "/", "")},
		{hostile}, {"help", hostile}, {"apply", "--" + hostile, "x"}, {"apply", "--concurrency", hostile, "x"}, {"apply", "--org", hostile, "x"},
		{"apply", "--base-url", "https://" + hostile, "x"}, {"plan", "--encoding", hostile, "x"}, {"plan", "--format", hostile, "x"},
		{"plan", hostile}, {"apply", hostile}, {"template", hostile}, {"completion", hostile}, {"whoami"}, {"whoami", "--json"},
		{"apply", "--token-file", hostile, "x"}, {"apply", "--ca-file", hostile, "x"}, {"serve", "--addr", hostile},
	}
	for name, content := range files {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		commands = append(commands,
			[]string{"plan", name}, []string{"plan", "--all", "--json", name}, []string{"apply", "--no-journal", name},
			[]string{
				"apply", "--yes", "--names", "--report-names",
				"--failed", name + ".failed\x1b[1m", "--results", "-", name,
			},
			[]string{"apply", "--yes", "--json", "--no-journal", name})
	}
	for _, args := range commands {
		var out, err bytes.Buffer
		run(args, strings.NewReader(""), &out, &err)
		checkOutput(t, fmt.Sprintf("standard output of %q", args), out.String())
		checkOutput(t, fmt.Sprintf("standard error of %q", args), err.String())
	}
	if refusals < 3 {
		t.Errorf("the service was asked %d times", refusals)
	}
}

// TestRemedyFitsTheStatus holds that what to do fits the status that a service
// or something in between answers.
func TestRemedyFitsTheStatus(t *testing.T) {
	for status, want := range map[int]struct{ said, not string }{
		http.StatusNotFound:                    {"there is no such organization", "too long"},
		http.StatusMethodNotAllowed:            {"there is no such organization", ""},
		http.StatusRequestURITooLong:           {"too long", "organization"},
		http.StatusUnsupportedMediaType:        {"check --base-url and the proxy", "organization"},
		http.StatusUnauthorized:                {"get a new one", ""},
		http.StatusMovedPermanently:            {"redirects are not followed", "organization"},
		http.StatusUpgradeRequired:             {"and the proxy (HTTPS_PROXY)", "organization"},
		http.StatusRequestHeaderFieldsTooLarge: {"too long", "organization"},
	} {
		service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
		}))
		setAccess(t, service.URL)
		var err bytes.Buffer
		run([]string{"whoami"}, strings.NewReader(""), io.Discard, &err)
		service.Close()
		if !strings.Contains(err.String(), want.said) || want.not != "" && strings.Contains(err.String(), want.not) {
			t.Errorf("%d: %s", status, &err)
		}
	}
}
