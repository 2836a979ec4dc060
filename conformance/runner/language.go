package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/webexscim/bulk/conformance/vectors"
)

// language is a folder with a client. The exported fields are in its kit.json.
type language struct {
	// Generator is the program that generates the client, of a Version.
	Generator string `json:"generator"`
	Version   string `json:"version"`
	// Limits are the vectors that the generated client cannot read.
	Limits []limit `json:"limits"`

	name, dir   string
	ran, passed int
	err         error
}

// limit is a known limit of a generated client.
type limit struct {
	Why     string `json:"why"`
	Vectors []int  `json:"vectors"`
}

func readLanguage(root, name string) (language, error) {
	l := language{name: name, dir: filepath.Join(root, name)}
	text, err := os.ReadFile(filepath.Join(l.dir, "kit.json"))
	if err != nil {
		return l, fmt.Errorf("%s is not a folder with a client: %w", name, err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return l, fmt.Errorf("%s/kit.json: %w", name, err)
	}
	return l, nil
}

func (l *language) limited() (numbers []int) {
	for _, limit := range l.Limits {
		numbers = append(numbers, limit.Vectors...)
	}
	return numbers
}

// test builds and runs the client. The error describes its failures, and known
// limits that did not occur.
func (l *language) test(ctx context.Context, c contract) error {
	if err := l.command(ctx, "build", buildTime.Seconds(), nil, "KIT_OPENAPI="+c.openapi, "KIT_COMPAT="+c.compat); err != nil {
		return err
	}
	s := newService()
	defer s.close()
	var out bytes.Buffer
	if err := l.command(ctx, "client", runTime.Seconds(), &out, s.environment()...); err != nil {
		return err
	}
	reports, err := parse(&out)
	if err != nil {
		return err
	}
	return errors.Join(l.checkScenario(s, reports), l.checkVectors(s, reports))
}

// command runs a script of the folder.
func (l *language) command(ctx context.Context, script string, seconds float64, out *bytes.Buffer, env ...string) error {
	cmd := exec.CommandContext(ctx, "timeout", fmt.Sprint(seconds), "bash", script)
	cmd.Dir, cmd.Env, cmd.Stdout = l.dir, append(os.Environ(), env...), os.Stderr
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if out != nil {
		cmd.Stdout = out
	} else {
		cmd.Stdout = &stderr
	}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s/%s: %w\n%s", l.dir, script, err, tail(stderr.String(), 4000))
	}
	return nil
}

func tail(text string, n int) string { return text[max(0, len(text)-n):] }

// report is a line that a client prints, about a vector or the scenario.
type report struct {
	Vector     int         `json:"vector"`
	Status     int         `json:"status"`
	RetryAfter string      `json:"retryAfter"`
	TrackingID string      `json:"trackingId"`
	ErrorCode  string      `json:"errorCode"`
	Details    []string    `json:"details"`
	Operations []operation `json:"operations"`
	Error      string      `json:"error"` // why the answer could not be read

	Scenario *scenario `json:"scenario"`
}

// operation is one result, as a client has read it.
type operation struct {
	BulkID     string   `json:"bulkId"`
	Location   string   `json:"location"`
	Status     int      `json:"status"` // 0 if it could not be read
	TrackingID string   `json:"trackingId"`
	ErrorCode  string   `json:"errorCode"`
	Details    []string `json:"details"`
}

func parse(out *bytes.Buffer) ([]report, error) {
	var list []report
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var r report
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("the client prints %.200q: %w", lines.Text(), err)
		}
		list = append(list, r)
	}
	return list, lines.Err()
}

// checkVectors compares the reports with the vectors: all must pass except the
// known limits, which must fail.
func (l *language) checkVectors(s *service, reports []report) error {
	all, err := vectors.All()
	if err != nil {
		return err
	}
	byNumber := map[int]report{}
	for _, r := range reports {
		byNumber[r.Vector] = r
	}
	var errs []error
	for _, v := range all {
		r, ran := byNumber[v.Number]
		if !ran {
			errs = append(errs, fmt.Errorf("vector %d was not run", v.Number))
			continue
		}
		l.ran++
		err := errors.Join(s.checkRequest(v), judge(v, r))
		if err == nil {
			l.passed++
		}
		switch limited := slices.Contains(l.limited(), v.Number); {
		case err != nil && !limited:
			why := strings.ReplaceAll(err.Error(), "\n", "; ")
			if r.Error != "" {
				why += fmt.Sprintf(" (the client says: %.300s)", strings.ReplaceAll(r.Error, "\n", " "))
			}
			errs = append(errs, fmt.Errorf("vector %d, %s: %s", v.Number, v.Title, why))
		case err == nil && limited:
			errs = append(errs, fmt.Errorf("vector %d passes, but is a known limit in kit.json", v.Number))
		}
	}
	return errors.Join(errs...)
}
