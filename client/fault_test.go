package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/fold"
	"github.com/webexscim/bulk/internal/raced"
	"github.com/webexscim/bulk/webextest"
)

// What a fault does to a request that is whole otherwise.
type harm int

const (
	notSent    harm = iota // no connection
	refused                // an answer says that nothing was done
	lostUndone             // no answer, and nothing was done
	lostDone               // no answer, and all was done
	none                   // only odd
)

var harms = []struct {
	name  string
	fault *webextest.Fault
	harm  harm
}{
	{"cut on dial", webextest.CutAt(webextest.OnDial), notSent},
	{"cut before the body", webextest.CutAt(webextest.BeforeBody), lostUndone},
	{"cut before the work", webextest.CutAt(webextest.BeforeWork), lostUndone},
	{"cut after the work", webextest.CutAt(webextest.AfterWork), lostDone},
	{"cut in the answer", webextest.CutAt(webextest.InAnswer), lostDone},
	{"429", webextest.Refuse(429, "1"), refused},
	{"429 without Retry-After", webextest.Refuse(429, ""), refused},
	{"423", webextest.Refuse(423, ""), refused},
	{"503", webextest.Refuse(503, "rand(3),add(3)"), refused},
	{"500, nothing done", webextest.Refuse(500, ""), lostUndone},
	{"502, nothing done", webextest.Refuse(502, ""), lostUndone},
	{"502, all done", webextest.Lose(502), lostDone},
	{"504, all done", webextest.Lose(504), lostDone},
	{"408, all done", webextest.Lose(408), lostDone},
	{"too late", webextest.Delay(5 * time.Minute), lostDone},
	{"too late to begin", &webextest.Fault{Hold: 5 * time.Minute}, lostUndone},
	{"truncated", webextest.Truncate(0), lostDone},
	{"one byte", webextest.Truncate(1), lostDone},
	{"HTML with 200", webextest.AnswerPage(), lostDone},
	{"empty 200", webextest.AnswerWith("application/json", ""), lostDone},
	{"{}", webextest.AnswerWith("application/json", "{}"), lostDone},
	{"null", webextest.AnswerWith("application/json", "null"), lostDone},
	{"null list", webextest.ShapeAnswer(webextest.NullList), lostDone},
	{"no list", webextest.ShapeAnswer(webextest.NoList), lostDone},
	{"no statuses", webextest.ShapeAnswer(webextest.NoStatus), lostDone},
	{"odd statuses", webextest.ShapeAnswer(webextest.OddStatus), lostDone},
	{"no results", webextest.ShapeAnswer(webextest.Fewer(1)), lostDone},
	{"gzip", webextest.Gzip(), none},
	{"slow", webextest.Delay(30 * time.Second), none},
}

// The table of faults: each kind of operation, alone, with the exchange cut at
// every stage. What became of it is known in the end, nothing was done twice,
// and it traveled no more often than it must.
func TestEveryFaultForEveryOperation(t *testing.T) {
	const there = "/Users/bulkId:there" // created by a first request
	operations := []struct {
		name string
		op   client.Operation
		key  bool // it can be looked up
	}{
		{"POST user", create("u"), true},
		{"POST group", group("g", `,"externalId":"x"`), true},
		{"POST device", client.Operation{Method: "POST", Path: "/Devices", Data: user("device")}, false},
		{"PATCH", patch(there, "title", `"Chair"`), false},
		{"DELETE", remove(there), false},
	}
	for _, o := range operations {
		for _, h := range harms {
			fault := *h.fault
			sc := scenario{script: []*webextest.Fault{nil, &fault}, job: client.Job{Ordered: true}}
			sc.config = func(c *client.Config) {
				c.ResolveReferences, c.Limits.Operations = true, 1
				takeDevices(c)
			}
			sc.run(t, []client.Operation{create("there"), o.op}, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
				r := results[1]
				attempts, outcome := 1, client.Succeeded
				recovered := false
				switch device := o.name == "POST device"; {
				case h.harm == refused:
					attempts = 2
				case h.harm == lostUndone && device, h.harm == lostDone && device:
					outcome = client.Unknown
				case h.harm == lostDone && o.key:
					recovered = true
				case h.harm == lostDone, h.harm == lostUndone:
					attempts = 2
				}
				young := o.name == "DELETE" && h.harm == lostDone // 404 may mean that reads lag behind the create
				if young && r.Attempts > attempts && r.Attempts < 10 {
					attempts = r.Attempts
				}
				if err != nil || r.Outcome != outcome || r.Attempts != attempts || r.Recovered != recovered {
					t.Errorf("%s, %s: %v after %d, recovered %v, stopped %v: %v", o.name, h.name, r.Outcome, r.Attempts, r.Recovered, err, r.Err)
				}
				if outcome == client.Unknown && !errors.Is(r.Err, client.ErrUnknown) {
					t.Errorf("%s, %s: %v", o.name, h.name, r.Err)
				}
				wantNothingTwice(t, s)
				exists := s.Created("u@example.com") + s.GroupsCreated("g")
				if o.key && exists != 1 {
					t.Errorf("%s, %s: created %d times", o.name, h.name, exists)
				}
				u, ok := s.UserByName("there@example.com")
				if ok == (o.name == "DELETE") || (u["title"] == "Chair") != (o.name == "PATCH") {
					t.Errorf("%s, %s: the user is %v", o.name, h.name, u)
				}
			})
		}
	}
}

// Refused for who asks or where: the job stops, and says why.
func TestDeniedRequestStopsTheJob(t *testing.T) {
	for _, c := range []struct {
		fault *webextest.Fault
		is    error
	}{
		{webextest.Refuse(401, ""), client.ErrUnauthorized},
		{webextest.Refuse(403, ""), client.ErrUnauthorized},
		{webextest.Refuse(404, ""), client.ErrEndpoint},
		{webextest.Refuse(405, ""), client.ErrEndpoint},
		{webextest.Refuse(415, ""), client.ErrEndpoint},
		{webextest.Redirect("https://elsewhere.example/Bulk"), client.ErrEndpoint},
	} {
		sc := scenario{script: []*webextest.Fault{nil, c.fault, c.fault}, config: func(c *client.Config) { c.Concurrency = 1 }}
		sc.run(t, users(500), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			want(t, results, map[client.Outcome]int{client.Succeeded: 100, client.Skipped: 400})
			said, ok := errors.AsType[*client.ResponseError](err)
			if !errors.Is(err, c.is) || !ok || said.Status != c.fault.Status || !errors.Is(results[150].Err, c.is) {
				t.Errorf("%v: %v; %v", c.fault, err, results[150].Err)
			}
			if n := requests(s); n != 2 {
				t.Errorf("%v: %d requests", c.fault, n)
			}
		})
	}
}

// A service that cannot be reached from the start ends the job after so many
// attempts, one that only asks to wait after MaxTotalWait.
func TestDeadServiceEndsTheJob(t *testing.T) {
	for _, fault := range []*webextest.Fault{webextest.Refuse(503, ""), webextest.Refuse(429, "1"), webextest.CutAt(webextest.OnDial)} {
		sc := scenario{service: webextest.Config{Faults: func(*webextest.Request) *webextest.Fault { return fault }}}
		sc.config = func(c *client.Config) { c.MaxTotalWait = 10 * time.Second }
		if fault.Cut == webextest.OnDial { // Faults is asked once a request has arrived
			sc.config = func(c *client.Config) { c.HTTPClient = &http.Client{Transport: unreachable{}} }
		}
		sc.run(t, users(1000), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			if n := outcomes(results); !errors.Is(err, client.ErrUnavailable) || n[client.Skipped] != 1000 || requests(s) > 40 {
				t.Errorf("%v %v %v, %d requests", n, err, results[0].Err, requests(s))
			}
		})
	}
}

type unreachable struct{}

func (unreachable) RoundTrip(r *http.Request) (*http.Response, error) {
	s := webextest.New(webextest.Config{})
	s.Script(webextest.CutAt(webextest.OnDial))
	return s.Client().Transport.RoundTrip(r)
}

// Bulk requests are never answered, and searches are refused: MaxAttempts
// bounds how often an operation is sent, and what can't be told in the end is
// Unknown.
func TestAttemptsAreBounded(t *testing.T) {
	for _, fault := range []*webextest.Fault{webextest.CutAt(webextest.AfterWork), webextest.CutAt(webextest.BeforeWork), webextest.RefuseItems(429)} {
		sc := scenario{searches: make([]*webextest.Fault, 10000), config: func(c *client.Config) { c.MaxAttempts = 3 }}
		for i := range sc.searches {
			sc.searches[i] = webextest.Refuse(403, "")
		}
		sc.service.Faults = func(*webextest.Request) *webextest.Fault { return fault }
		ops := []client.Operation{create("u"), group("g", ""), patch("/Users/a", "title", `"x"`), remove("/Users/b")}
		sc.run(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			for i, r := range results {
				attempts, outcome := 3, client.Unknown
				if fault.RefuseItem != nil {
					outcome = client.Failed
				} else if i == 1 {
					attempts = 1 // nobody knows whether it may be sent again
				}
				if err != nil || r.Attempts != attempts || r.Outcome != outcome {
					t.Errorf("%v, operation %d: %v after %d: %v", fault, i, r.Outcome, r.Attempts, r.Err)
				}
			}
		})
	}
}

// Answers of every shape are read right: what was done is known to be done, to
// the right resource, what failed has failed for its own reason, and nothing is
// done twice.
func TestAnswersOfEveryShape(t *testing.T) {
	shapes := map[string]webextest.Shape{
		"none": webextest.Shapes(), "BothKeys": webextest.BothKeys, "CapitalKey": webextest.CapitalKey, "Foreign": webextest.Foreign,
		"ListResponses": webextest.ListResponses, "LowerMethods": webextest.LowerMethods, "NoBulkIDs": webextest.NoBulkIDs,
		"NoList": webextest.NoList, "NoLocations": webextest.NoLocations, "NoResponses": webextest.NoResponses, "NoStatus": webextest.NoStatus,
		"NullList": webextest.NullList, "NullLocations": webextest.NullLocations, "NullResponses": webextest.NullResponses,
		"NumericStatus": webextest.NumericStatus, "ObjectStatus": webextest.ObjectStatus, "OddStatus": webextest.OddStatus,
		"PlainErrors": webextest.PlainErrors, "PostBulkIDs": webextest.PostBulkIDs, "QueriedLocations": webextest.QueriedLocations,
		"RelativeLocations": webextest.RelativeLocations, "Repeated": webextest.Repeated, "ShortLocations": webextest.ShortLocations,
		"Shuffled": webextest.Shuffled, "SlashedLocations": webextest.SlashedLocations, "TextErrorCodes": webextest.TextErrorCodes,
		"TextResponses": webextest.TextResponses, "WebexErrors": webextest.WebexErrors,
		"ForeignLocations": webextest.ForeignLocations("evil.example"), "Fewer": webextest.Fewer(3), "InStatus 400": webextest.InStatus(400),
		"InStatus 412":             webextest.InStatus(412),
		"NoStatus in 400":          webextest.Shapes(webextest.NoStatus, webextest.NoResponses, webextest.InStatus(400)),
		"OddStatus in 412":         webextest.Shapes(webextest.OddStatus, webextest.NullResponses, webextest.InStatus(412)),
		"Shuffled without bulkIds": webextest.Shapes(webextest.Shuffled, webextest.PostBulkIDs),
		"Shuffled and Repeated":    webextest.Shapes(webextest.Repeated, webextest.Shuffled, webextest.Foreign, webextest.ObjectStatus),
	}
	for name, shape := range shapes {
		for _, always := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s := webextest.New(webextest.Config{Latency: time.Millisecond})
				silent := name == "NoList" || name == "NullList" || name == "Fewer" || strings.Contains(name, "NoStatus") || strings.Contains(name, "OddStatus")
				if always && !silent {
					s = webextest.New(webextest.Config{Latency: time.Millisecond, Shape: shape})
				} else {
					s.Script(webextest.ShapeAnswer(shape))
				}
				patched, deleted := add(t, s, "patched"), add(t, s, "deleted")
				add(t, s, "u3")
				time.Sleep(time.Hour)
				ops := append(users(10), group("g", `,"externalId":"x"`, "u1", "u2"), create("r", manager("u5")),
					patch("/Users/"+patched, "title", `"Chair"`), remove("/Users/"+deleted), patch("/Users/00000000-0000-4000-8000-000000000000", "title", `"x"`),
					patch("/Users/bulkId:u1", "title", `"Clerk"`))
				results, err := newClient(t, s, nil).Do(t.Context(), ops...)
				if err != nil {
					t.Fatal(name, err)
				}
				checkShape(t, fmt.Sprint(name, ", always ", always), silent, s, results)
				if _, ok := s.User(deleted); ok {
					t.Errorf("%s: not deleted", name)
				}
			})
		}
	}
}

// checkShape checks the results and what the service holds; lost tells that the
// answer said nothing.
func checkShape(t *testing.T, name string, lost bool, s *webextest.Simulator, results []client.Result) {
	t.Helper()
	wantNothingTwice(t, s)
	refused := map[int]int{3: 409, 14: 404}
	for i, r := range results {
		if status := refused[i]; status > 0 {
			said, ok := errors.AsType[*client.ResponseError](r.Err)
			if i == 14 && lost && r.Outcome == client.Unknown && strings.Contains(r.Err.Error(), "status 404") {
				continue // somebody may have deleted the user after it was done
			}
			if r.Outcome != client.Failed || r.Status != status || !ok || said.Status != status {
				t.Errorf("%s: operation %d: %v %d: %v", name, i, r.Outcome, r.Status, r.Err)
			}
			continue
		}
		if r.Err != nil {
			t.Errorf("%s: operation %d: %v", name, i, r.Err)
		}
		u, _ := s.User(r.Location.ID)
		if expected := fmt.Sprintf("u%d@example.com", i); i < 10 && u.UserName() != expected {
			t.Errorf("%s: operation %d: %s at %v", name, i, u.UserName(), r.Location)
		}
	}
	boss, _ := s.UserByName("u5@example.com")
	if u, _ := s.UserByName("r@example.com"); u.Manager() != boss.ID() {
		t.Errorf("%s: manager %q", name, u.Manager())
	}
	clerk, _ := s.UserByName("u1@example.com")
	if u, _ := s.UserByName("patched@example.com"); u["title"] != "Chair" || clerk["title"] != "Clerk" {
		t.Errorf("%s: titles %v and %v", name, u["title"], clerk["title"])
	}
}

// Ids may come back in another case than the service keeps them in.
func TestIDsMayDifferInCase(t *testing.T) {
	sc := scenario{service: webextest.Config{Shape: webextest.UpperLocations}}
	sc.config = func(c *client.Config) { c.ResolveReferences = true }
	sc.all(t, []client.Operation{create("u"), create("r", manager("u"))}, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
		boss, _ := s.UserByName("u@example.com")
		if r, _ := s.UserByName("r@example.com"); !strings.EqualFold(r.Manager(), boss.ID()) {
			t.Errorf("manager %q, expected %q", r.Manager(), boss.ID())
		}
	})
}

// Work that is done after the client has left, up to MaxServiceTime later:
// users and groups are created once, and the last change has the last word.
func TestWorkAfterTheClientHasLeft(t *testing.T) {
	for _, delay := range []time.Duration{time.Second, 20 * time.Second, 110 * time.Second} {
		for name, fault := range map[string]*webextest.Fault{
			"cut at once": webextest.CutThenWork(delay), "no answer in time": webextest.DelayWork(time.Minute + delay),
		} {
			for at := range 3 { // the request that it befalls
				synctest.Test(t, func(t *testing.T) {
					s := webextest.New(webextest.Config{Latency: 100 * time.Millisecond, ReadLag: time.Second})
					id, gone := add(t, s, "there"), add(t, s, "gone")
					s.Script(append(make([]*webextest.Fault, at), fault)...)
					ops := append(users(5), group("g", "", "u1"), group("h", `,"externalId":"x"`))
					ops = append(ops, titles("/Users/"+id, "ABC")...)
					ops = append(ops, titles("/Users/bulkId:u0", "DE")...)
					ops = append(ops, patch("/Users/"+gone, "title", `"x"`), remove("/Users/"+gone))
					results, err := newClient(t, s, nil).Do(t.Context(), ops...)
					if want(t, results, map[client.Outcome]int{client.Succeeded: len(ops)}); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Hour)
					u, _ := s.User(id)
					first, _ := s.User(results[0].Location.ID)
					_, there := s.User(gone)
					if u["title"] != "C" || first["title"] != "E" || there || len(s.Users()) != 6 || len(s.Groups()) != 2 {
						t.Errorf("%s after %v, request %d: titles %v and %v, %d users, %d groups",
							name, delay, at, u["title"], first["title"], len(s.Users()), len(s.Groups()))
					}
					wantNothingTwice(t, s)
				})
			}
		}
	}
}

// A clock that jumps while an answer is lost, and a service whose front and
// store are two minutes apart: what is there is still the job's own, and what
// another has made is not.
func TestCreatesAreRecognizedWhereClocksDisagree(t *testing.T) {
	for _, store := range []time.Duration{0, 2 * time.Minute, -2 * time.Minute} {
		for _, jump := range []time.Duration{0, 3 * time.Hour, -5 * time.Minute} {
			for _, stage := range []webextest.Stage{webextest.AfterWork, webextest.BeforeWork} {
				synctest.Test(t, func(t *testing.T) {
					s := webextest.New(webextest.Config{Latency: 100 * time.Millisecond, ReadLag: 2 * time.Second, StoreClock: store})
					foreign := []string{add(t, s, "u1"), ""}
					g, err := s.Add("/Groups", group("g", `,"description":"theirs"`).Data)
					if err != nil {
						t.Fatal(err)
					}
					foreign[1] = g
					time.Sleep(time.Hour)
					s.Script(nil, webextest.CutAt(stage))
					c := newClient(t, s, nil)
					source := func(yield func(client.Operation, error) bool) {
						if !yield(create("before"), nil) {
							return
						}
						time.Sleep(time.Second)
						time.AfterFunc(time.Second/10+1, func() { s.ShiftClock(jump) })
						for _, op := range []client.Operation{create("u0", `"displayName":"ours"`), create("u1", `"title":"ours"`), group("g", `,"description":"ours"`)} {
							if !yield(op, nil) {
								return
							}
						}
					}
					results, err := run(t, c, &client.Job{Source: source})
					name := fmt.Sprintf("store %v, jump %v, %v", store, jump, stage)
					if err != nil || results[1].Err != nil || results[3].Err != nil || results[3].Location.ID == foreign[1] {
						t.Errorf("%s: %v, %v, %v, %v", name, results[1], results[2], results[3], err)
					}
					if said, ok := errors.AsType[*client.ResponseError](results[2].Err); results[2].Outcome != client.Failed || !ok || said.Status != 409 || said.ExistingID != foreign[0] {
						t.Errorf("%s: %v", name, results[2])
					}
					if len(s.Groups()) != 2 || len(s.Users()) != 3 {
						t.Errorf("%s: %d groups, %d users", name, len(s.Groups()), len(s.Users()))
					}
				})
			}
		}
	}
}

// A service that trims or composes the names that it keeps: what was created is
// found by its name, and nothing is created twice.
func TestNormalizedNamesAreFound(t *testing.T) {
	for name, normalize := range map[string]func(string) string{
		"kept": nil, "trimmed": webextest.TrimSpaces, "composed": fold.Compose, "taken apart": fold.Decompose,
	} {
		for _, stage := range []webextest.Stage{webextest.AfterWork, webextest.BeforeWork} {
			sc := scenario{service: webextest.Config{ReadLag: time.Second, Normalize: normalize}, script: []*webextest.Fault{webextest.CutAt(stage)}}
			var ops []client.Operation
			for i, text := range []string{" Sales   Team ", "Cafe\u0301", "Caf\u00e9 2", "\u1112\u1161\u11ab", "plain"} {
				g := group(text, "")
				g.BulkID = fmt.Sprint("g", i)
				ops = append(ops, g, create(fmt.Sprintf("u%d %s", i, text)))
			}
			sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
				if groups, users := len(s.Groups()), len(s.Users()); groups != 5 || users != 5 {
					t.Errorf("%s, %v: %d groups, %d users", name, stage, groups, users)
				}
				for i, r := range results {
					if r.Recovered != (stage == webextest.AfterWork) {
						t.Errorf("%s, %v: operation %d: recovered %v", name, stage, i, r.Recovered)
					}
				}
			})
		}
	}
}

// What the job created a moment ago may not be known everywhere: a 404 or an
// unresolved reference is put off, whatever status the service gives it.
func TestLaggingWritesAreWaitedFor(t *testing.T) {
	lags := []time.Duration{5 * time.Second, time.Second, 13 * time.Second}
	for _, lag := range lags[:raced.Fewer(1, 3)] {
		for _, status := range []int{400, 404} {
			for _, separate := range []bool{true, false} {
				sc := scenario{service: webextest.Config{Latency: 100 * time.Millisecond, ReadLag: lag, WriteLag: lag, UnknownReferenceStatus: status}}
				sc.config = func(c *client.Config) { c.ResolveReferences, c.Limits.Operations = separate, 10 }
				var ops []client.Operation
				for op := range organization(100) {
					ops = append(ops, op)
				}
				ops = append(ops, titles("/Users/bulkId:u3", "AB")...)
				ops = append(ops, remove("/Users/bulkId:u99"))
				sc.all(t, ops, func(t *testing.T, s *webextest.Simulator, results []client.Result) {
					wantNothingTwice(t, s)
					for i, r := range results[:99] {
						u, isUser := s.User(r.Location.ID)
						if boss := results[i/10*10].Location.ID; isUser && i%10 != 0 && u.Manager() != boss {
							t.Errorf("lag %v: u%d: manager %q, expected %q", lag, i, u.Manager(), boss)
						}
					}
					if u, _ := s.User(results[3].Location.ID); u["title"] != "B" {
						t.Errorf("lag %v: the title is %v", lag, u["title"])
					}
				})
			}
		}
	}
}

// A reference to what is not there at all is still refused, once it cannot be
// that the service does not know it yet.
func TestWhatIsGoneIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := webextest.New(webextest.Config{Latency: 100 * time.Millisecond})
		c := newClient(t, s, nil)
		source := func(yield func(client.Operation, error) bool) {
			if !yield(create("u0"), nil) {
				return
			}
			time.Sleep(time.Second)
			u, _ := s.UserByName("u0@example.com")
			if _, err := newClient(t, s, nil).Do(t.Context(), remove("/Users/"+u.ID())); err != nil { // somebody else
				t.Error(err)
			}
			yield(patch("/Users/bulkId:u0", "title", `"x"`), nil)
		}
		began := time.Now()
		results, err := run(t, c, &client.Job{Source: source})
		said, ok := errors.AsType[*client.ResponseError](results[1].Err)
		if err != nil || results[1].Outcome != client.Failed || !ok || said.Status != 404 || time.Since(began) > 25*time.Second {
			t.Errorf("%v, %v after %v", results[1], err, time.Since(began))
		}
	})
}

// A gateway without a service behind it, from the start or in the middle of the
// job: the job stops within about a minute and with few requests.
func TestUnreachableServiceStopsTheJob(t *testing.T) {
	statuses := []int{502, 504, 511, 200, 403}
	if raced.On {
		statuses = []int{200}
	}
	for _, status := range statuses {
		for _, begins := range []time.Duration{0, 150 * time.Millisecond} {
			synctest.Test(t, func(t *testing.T) {
				s := webextest.New(webextest.Config{Latency: 100 * time.Millisecond, ReadLag: 100 * time.Millisecond})
				var ops []client.Operation
				for op := range organization(1500) {
					ops = append(ops, op)
				}
				if begins == 0 {
					s.SetGateway(webextest.Intercept(status), 0)
				} else {
					time.AfterFunc(begins, func() { s.SetGateway(webextest.Intercept(status), 0) })
				}
				j := newMemoryJournal()
				began := time.Now()
				results, err := newClient(t, s, nil).DoJob(t.Context(), &client.Job{Journal: j}, ops...)
				took, n := time.Since(began)-begins, outcomes(results)
				after := 0
				for _, x := range s.Exchanges() {
					if !x.Start.Before(began.Add(begins)) {
						after++
					}
				}
				stopped := errors.Is(err, client.ErrUnavailable) || status == 403 && (errors.Is(err, client.ErrSameRefusal) || errors.Is(err, client.ErrUnauthorized))
				if !stopped || took > 75*time.Second || after > 400 {
					t.Errorf("%d after %v: %v after %v, %d requests", status, begins, err, took, after)
				}
				failed := 0
				if status == 403 { // the page may be a firewall's, which refuses some rows
					failed = 15
				}
				if n[client.Failed] > failed || n[client.Unknown] > 8*100 || n[client.Skipped] < 200 {
					t.Errorf("%d after %v: %v", status, begins, n)
				}
				// When the service is back, the job goes on.
				s.SetGateway(nil, 0)
				time.Sleep(time.Hour)
				results, err = newClient(t, s, nil).DoJob(t.Context(), &client.Job{Journal: j}, ops...)
				if want(t, results, map[client.Outcome]int{client.Succeeded: len(ops)}); err != nil {
					t.Error(err)
				}
				wantNothingTwice(t, s)
			})
		}
	}
}

// A wrong setting makes the service refuse every request: the job stops instead
// of dividing all requests to the last row.
func TestSameRefusalStopsTheJob(t *testing.T) {
	for _, status := range []int{400, 422} {
		sc := scenario{service: webextest.Config{Faults: func(*webextest.Request) *webextest.Fault { return webextest.Refuse(status, "") }}}
		sc.run(t, users(2000), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
			n := outcomes(results)
			if !errors.Is(err, client.ErrSameRefusal) || requests(s) > 80 || n[client.Failed] > 15 || n[client.Failed]+n[client.Skipped] != 2000 {
				t.Errorf("%d: %v, %v, %d requests", status, n, err, requests(s))
			}
		})
	}
}

// A page of something in between, with status 404, is no word of the service on
// its endpoint: the request is sent again, and the job ends if nothing else
// comes.
func TestForeignNotFoundIsNoAnswer(t *testing.T) {
	sc := scenario{script: []*webextest.Fault{webextest.Intercept(404)}}
	sc.run(t, users(300), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		if want(t, results, map[client.Outcome]int{client.Succeeded: 300}); err != nil {
			t.Error(err)
		}
	})
	sc = scenario{service: webextest.Config{Faults: func(*webextest.Request) *webextest.Fault { return webextest.Intercept(404) }}}
	sc.run(t, users(300), func(t *testing.T, s *webextest.Simulator, results []client.Result, err error) {
		want(t, results, map[client.Outcome]int{client.Skipped: 300})
		if !errors.Is(err, client.ErrUnavailable) || requests(s) > 20 {
			t.Errorf("%v, %d requests", err, requests(s))
		}
	})
}
