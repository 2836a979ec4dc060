package webextest

import (
	"slices"
	"time"
)

// Preset is a Config with a name.
type Preset struct {
	Name  string
	About string // a short description
	// Config leaves OrgID, Token and Seed to the caller.
	Config Config
}

// Presets returns the presets in the order of the documentation.
func Presets() []Preset {
	return []Preset{
		{"strict", "refuses messages that Webex may not accept", Config{
			RequireSchemas: true, RefuseUnknown: true, RefuseReadOnly: true, ExactOps: true,
		}},
		{"lenient", "accepts common deviations from the contract, and notes them", Config{
			UntypedMembers: true, CapitalOperations: true, ZeroFailOnErrors: true, TextData: true,
		}},
		{"slow", "answers slowly, and searches lag behind", Config{
			Latency: 400 * time.Millisecond, ReadLag: 3 * time.Second,
		}},
		{"lagging", "shows changes late, and its clocks differ", Config{
			ReadLag: 8 * time.Second, WriteLag: 2 * time.Second, StoreClock: -90 * time.Second,
		}},
		{"busy", "refuses requests and operations for a while: 429, 423 and 503", Config{
			Rate:  RateLimit{Requests: 300},
			Chaos: Chaos{TooMany: .1, Locked: .03, Unavailable: .05, RefusedItems: .01, RetryAfter: []string{"1", "2"}},
		}},
		{"flaky", "cuts connections and loses answers after it has done the work", Config{
			Latency: 50 * time.Millisecond, ReadLag: time.Second,
			Chaos: Chaos{
				CutBeforeWork: .03, CutAfterWork: .03, CutInAnswer: .02, BadGateway: .02, LostGateway: .03, LostTimeout: .02,
				Truncate: .02, Page: .02, LateWork: .02, MaxLateWork: 2 * time.Second, LostItems: .005,
			},
		}},
		{"odd", "varies the form of its answers, using forms that real services use", Config{Shape: oneOf(
			NumericStatus, CapitalKey, RelativeLocations, SlashedLocations, Shuffled,
			TextResponses, TextErrorCodes, ListDetails, PlainErrors, PostBulkIDs,
		)}},
	}
}

// PresetNamed returns the preset with a name; ok is false if there is none.
func PresetNamed(name string) (p Preset, ok bool) {
	all := Presets()
	at := slices.IndexFunc(all, func(p Preset) bool { return p.Name == name })
	if at < 0 {
		return Preset{}, false
	}
	return all[at], true
}

// oneOf is a Shape that draws one of the shapes, or none, for each answer.
func oneOf(shapes ...Shape) Shape {
	return func(a *Answer) {
		if n := a.Rand.IntN(len(shapes) + 1); n < len(shapes) {
			shapes[n](a)
		}
	}
}

// ChaosOf returns a Chaos that fails this part of the requests, from 0 to 1:
// refused, cut, lost or garbled.
func ChaosOf(part float64) Chaos {
	each := part / 8
	return Chaos{
		TooMany: each, Unavailable: each, BadGateway: each, LostGateway: each,
		CutBeforeWork: each, CutAfterWork: each, Truncate: each, Page: each,
		RetryAfter: []string{"1"},
	}
}
