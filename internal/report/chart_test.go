package report

import (
	"encoding/xml"
	"errors"
	"html/template"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

// wellFormed fails unless a picture is XML without numbers that are none.
func wellFormed(t *testing.T, svg template.HTML) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
	}
	if strings.Contains(string(svg), "NaN") || strings.Contains(string(svg), "Inf") {
		t.Errorf("no number in %s", svg)
	}
}

func TestChartsAreWellFormed(t *testing.T) {
	_, rec := importOf(500)
	for name, samples := range map[string][]Sample{
		"a job":             rec.Samples(),
		"nothing happened":  {{}, {}},
		"in no time":        {{}, {At: 1, Succeeded: 1}},
		"a year, everybody": {{}, {At: 365 * 24 * time.Hour, Failed: math.MaxInt32, Closed: 360 * 24 * time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			list := charts(samples)
			if len(list) != 3 {
				t.Fatalf("%d charts", len(list))
			}
			for _, c := range list {
				for _, svg := range []template.HTML{c.Wide, c.Medium, c.Narrow} {
					wellFormed(t, svg)
					for _, part := range []string{`role="img" aria-label="`, "time since the start, ", `class="unit"`} {
						if !strings.Contains(string(svg), part) {
							t.Errorf("no %s in %s", part, svg)
						}
					}
				}
			}
		})
	}
}

// Times next to each other are one band; it is as wide as they were long.
func TestAdjacentWaitsAreOneBand(t *testing.T) {
	s := time.Second
	samples := []Sample{
		{}, {At: 1 * s}, {At: 2 * s, Closed: s}, {At: 3 * s, Closed: s / 2}, {At: 4 * s}, {At: 5 * s,
			Closed: s / 4}, {At: 10 * s},
	}
	p := newPicture(plot{height: 80}, samples, 1000+right, 0)
	p.bands()
	const want = `<rect class="band" x="100.0" y="22" width="150.0" height="80"/><rect class="band" x="400.0" y="22" width="25.0" height="80"/>`
	if got := p.b.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := waited(samples); got != "1.8s" {
		t.Errorf("waited %s", got)
	}
}

func TestAreasAreStacked(t *testing.T) {
	one := func(Sample) int { return 1 }
	rising := func(s Sample) int { return s.Succeeded }
	samples := []Sample{{}, {At: time.Second, Succeeded: 1}}
	p := newPicture(plot{height: 100, layers: []layer{{class: "a", value: one}, {class: "b", value: rising}}},
		samples, 100+right, 0)
	p.area(0, p.layers[0])
	p.area(1, p.layers[1])
	const want = `<path class="area a" d="M0.0 72.0 100.0 72.0 L100.0 122.0 0.0 122.0 Z"/><path class="line a" d="M0.0 72.0 100.0 72.0"/>` +
		`<path class="area b" d="M0.0 72.0 100.0 22.0 L100.0 72.0 0.0 72.0 Z"/><path class="line b" d="M0.0 72.0 100.0 22.0"/>`
	if got := p.b.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAxisStepIsRound(t *testing.T) {
	tests := []struct{ top, n, want int }{{1, 3, 1}, {3, 3, 1}, {4, 3, 2}, {12_000, 6, 2000}, {1020, 3, 500},
		{99, 2, 50}, {101, 2, 100}}
	for _, test := range tests {
		if got := step(test.top, test.n); got != test.want {
			t.Errorf("%+v: got %d", test, got)
		}
	}
}

func TestTimeAxisHasOneUnit(t *testing.T) {
	tests := []struct {
		end  time.Duration
		n    int
		want string
		unit string
	}{
		{40 * time.Millisecond, 4, "0 0.01 0.02 0.03 0.04", "seconds"},
		{96 * time.Second, 4, "0 30 60 90", "seconds"},
		{5 * time.Minute, 5, "0:00 1:00 2:00 3:00 4:00 5:00", "minutes:seconds"},
		{100 * time.Minute, 4, "0:00 30:00 60:00 90:00", "minutes:seconds"},
		{7 * time.Hour, 4, "0:00 2:00 4:00 6:00", "hours:minutes"},
		{9 * 24 * time.Hour, 5, "0 2 4 6 8", "days"},
	}
	for _, test := range tests {
		step := timeStep(test.end, test.n)
		c := newClock(test.end, step)
		var marks []string
		for at := time.Duration(0); at <= test.end; at += step {
			marks = append(marks, c.write(at))
		}
		if got := strings.Join(marks, " "); got != test.want || c.unit != test.unit {
			t.Errorf("%v: %s (%s), want %s (%s)", test.end, got, c.unit, test.want, test.unit)
		}
	}
}

func TestCountSeparatesThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := count(n); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := count(math.MaxInt64); strings.ReplaceAll(got, ",", "") != strconv.Itoa(math.MaxInt64) {
		t.Error(got)
	}
}
