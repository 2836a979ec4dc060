package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/webexscim/bulk/internal/report"
)

// cmdUsers writes creates as NDJSON: users FILE FROM TO
func cmdUsers(ts *testscript.TestScript, neg bool, args []string) {
	from, err := strconv.Atoi(args[1])
	ts.Check(err)
	to, err := strconv.Atoi(args[2])
	ts.Check(err)
	var text strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&text, `{"method":"POST","path":"/Users","bulkId":"u%d","data":%s}`+"\n", i, userData(fmt.Sprintf("user%d", i)))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text.String()), 0o600))
}

// cmdCrowd writes a sheet of one group, of users that have an id: crowd FILE
// NAME N
func cmdCrowd(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	text := "displayName,members\n" + args[1] + ","
	for i := range n {
		text += fmt.Sprintf("%08d-0000-4000-8000-000000000000;", i)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text+"\n"), 0o600))
}

// cmdCircle writes a group, a circle of groups and another group: circle FILE N
func cmdCircle(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var text strings.Builder
	group := func(name, data string) {
		fmt.Fprintf(&text, `{"method":"POST","path":"/Groups","bulkId":"%s","data":{"displayName":"%s"%s}}`+"\n", name, name, data)
	}
	group("before", "")
	for i := range n {
		group(fmt.Sprintf("c%d", i), fmt.Sprintf(`,"members":[{"value":"bulkId:c%d","type":"group"}]`, (i+1)%n))
	}
	group("after", "")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text.String()), 0o600))
}

// results reads a results file and holds what is true of any: whole lines, each
// operation once, an error just where there is no success, and what was created
// at the service under the id given.
func results(ts *testscript.TestScript, name string) (lines []report.Line, counts map[string]int) {
	sim, seen, counts := fixtureOf(ts).sim, map[int]bool{}, map[string]int{}
	text := ts.ReadFile(name)
	if text != "" && !strings.HasSuffix(text, "\n") {
		ts.Fatalf("%s ends within a line", name)
	}
	for text := range strings.Lines(text) {
		var l report.Line
		ts.Check(json.Unmarshal([]byte(text), &l))
		if seen[l.Index] {
			ts.Fatalf("operation %d is there twice", l.Index)
		}
		if (l.Error == nil) != (l.Outcome == "succeeded") || l.Line == 0 {
			ts.Fatalf("a result that cannot be: %s", text)
		}
		if l.Outcome == "succeeded" && l.Method == "POST" && !there(sim, l) {
			ts.Fatalf("%s is not at the service under its id: %s", l.BulkID, text)
		}
		seen[l.Index] = true
		lines = append(lines, l)
		counts[l.Outcome]++
		if l.Replayed {
			counts["replayed"]++
		}
		if l.Recovered {
			counts["recovered"]++
		}
	}
	return lines, counts
}

// whole holds that there is a result of every operation.
func whole(ts *testscript.TestScript, lines []report.Line) {
	seen := map[int]bool{}
	for _, l := range lines {
		seen[l.Index] = true
	}
	for i := range lines {
		if !seen[i] {
			ts.Fatalf("operation %d is missing among %d", i, len(lines))
		}
	}
}

// cmdOutcomes holds that each operation has one result, and how many there are
// of each outcome: outcomes FILE succeeded=998 failed=2 [replayed=10
// recovered=1]
func cmdOutcomes(ts *testscript.TestScript, neg bool, args []string) {
	lines, counts := results(ts, args[0])
	whole(ts, lines)
	total := 0
	for _, arg := range args[1:] {
		key, text, _ := strings.Cut(arg, "=")
		n, err := strconv.Atoi(text)
		ts.Check(err)
		if counts[key] != n {
			ts.Fatalf("%d %s, want %d (%v)", counts[key], key, n, counts)
		}
		if key != "replayed" && key != "recovered" {
			total += n
		}
	}
	if total != len(lines) {
		ts.Fatalf("%d results, want %d (%v)", len(lines), total, counts)
	}
}

// cmdAgree holds that each of N operations has a result, and that those that
// succeeded are what the service created: agree FILE N
func cmdAgree(ts *testscript.TestScript, neg bool, args []string) {
	lines, counts := results(ts, args[0])
	whole(ts, lines)
	created := fixtureOf(ts).sim.figures()["created"]
	if strconv.Itoa(len(lines)) != args[1] || counts["succeeded"] != created || counts["skipped"] == 0 || counts["unknown"] > 0 {
		ts.Fatalf("%v, the service created %d", counts, created)
	}
}

// cmdPartial holds that a file of results has some, and whole lines only.
func cmdPartial(ts *testscript.TestScript, neg bool, args []string) {
	if lines, _ := results(ts, args[0]); len(lines) == 0 {
		ts.Fatalf("%s is empty", args[0])
	}
}

// cmdMode holds the permissions of a file: mode 600 FILE
func cmdMode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

func there(sim *simulator, l report.Line) bool {
	if l.Path == "/Groups" {
		_, ok := sim.Group(l.ID)
		return ok
	}
	user, ok := sim.User(l.ID)
	return ok && (!strings.HasPrefix(l.BulkID, "u") || strings.HasPrefix(l.BulkID, "user-") ||
		user.UserName() == "user"+l.BulkID[1:]+"@example.com" || !strings.HasPrefix(user.UserName(), "user"))
}

// cmdNowhere holds that a text is in no output so far and in no file of the
// script but those named: nowhere TEXT [FILE...]
func cmdNowhere(ts *testscript.TestScript, neg bool, args []string) {
	if strings.Contains(fixtureOf(ts).seen, args[0]) {
		ts.Fatalf("%q was printed", args[0])
	}
	spared := map[string]bool{}
	for _, name := range args[1:] {
		spared[ts.MkAbs(name)] = true
	}
	files := 0
	ts.Check(filepath.WalkDir(ts.Getenv("WORK"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || spared[path] {
			return err
		}
		files++
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte(args[0])) {
			ts.Fatalf("%s holds %q", path, args[0])
		}
		return err
	}))
	if files == 0 || fixtureOf(ts).seen == "" {
		ts.Fatalf("there is nothing to search")
	}
}

// cmdUTF16 writes a copy as UTF-16LE with a byte order mark: utf16 SRC DST
func cmdUTF16(ts *testscript.TestScript, neg bool, args []string) {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(ts.ReadFile(args[0]))) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), out, 0o600))
}

// cmdCRLF writes a copy with Windows line ends: crlf SRC DST
func cmdCRLF(ts *testscript.TestScript, neg bool, args []string) {
	text := strings.ReplaceAll(ts.ReadFile(args[0]), "\n", "\r\n")
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

// cmdBOM writes a copy with the byte order mark of UTF-8: bom SRC DST
func cmdBOM(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte("\ufeff"+ts.ReadFile(args[0])), 0o600))
}
