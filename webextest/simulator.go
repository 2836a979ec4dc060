package webextest

import (
	"encoding/binary"
	"encoding/hex"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Simulator is a SCIM service in memory. It is an http.Handler; Start serves it
// on a loopback address, and Transport answers without any network. All methods
// may be called from any goroutine at any time.
type Simulator struct {
	cfg     Config
	log     ledger
	limiter limiter
	tokens  *tokens
	shift   atomic.Int64 // nanoseconds by which ShiftClock moved the clock

	mu   sync.Mutex // guards what follows
	orgs map[string]*directory
	ids  *rand.Rand

	faultsMu sync.Mutex // guards what follows
	script   []*Fault
	searches []*Fault
	chaos    Chaos
	gateway  *Fault // answers everything
	left     int    // requests that the gateway still answers; 0 is no limit
}

// New returns a service as cfg describes it, with nobody in it.
func New(cfg Config) *Simulator {
	cfg = cfg.withDefaults()
	s := &Simulator{
		cfg:     cfg,
		limiter: limiter{limit: cfg.Rate},
		tokens:  newTokens(cfg),
		orgs:    make(map[string]*directory),
		ids:     rand.New(rand.NewPCG(uint64(cfg.Seed), 0)),
		chaos:   cfg.Chaos,
	}
	s.log.discard = cfg.DiscardLedger
	s.log.key = s.key
	s.log.reset()
	return s
}

// Config returns the configuration with its defaults filled in.
func (s *Simulator) Config() Config { return s.cfg }

// Script makes the next Bulk requests go wrong, one fault a request, in order
// of their arrival; nil lets one pass. It appends to what is scripted already.
// Requests that Config.Rate refuses take nothing from it.
func (s *Simulator) Script(faults ...*Fault) {
	s.faultsMu.Lock()
	defer s.faultsMu.Unlock()
	s.script = append(s.script, faults...)
}

// ScriptSearches is Script for GET requests.
func (s *Simulator) ScriptSearches(faults ...*Fault) {
	s.faultsMu.Lock()
	defer s.faultsMu.Unlock()
	s.searches = append(s.searches, faults...)
}

// Scripted returns what Script was given and no request has taken yet.
func (s *Simulator) Scripted() []*Fault {
	s.faultsMu.Lock()
	defer s.faultsMu.Unlock()
	return slices.Clone(s.script)
}

// DropScript forgets what Script was given and no request has taken yet.
func (s *Simulator) DropScript() {
	s.faultsMu.Lock()
	defer s.faultsMu.Unlock()
	s.script = nil
}

// SetChaos replaces Config.Chaos from the next request on.
func (s *Simulator) SetChaos(c Chaos) {
	s.faultsMu.Lock()
	defer s.faultsMu.Unlock()
	s.chaos = c
}

// SetGateway gives the next requests of any kind the fault, searches too: none
// of them reaches the service, Config.Rate or what is scripted. requests is how
// many there are; 0 is all until the next SetGateway. A fault of nil ends it.
func (s *Simulator) SetGateway(fault *Fault, requests int) {
	s.faultsMu.Lock()
	defer s.faultsMu.Unlock()
	s.gateway, s.left = fault, requests
}

// intercept returns the fault by which something in front of the service answers
// a request, or nil.
func (s *Simulator) intercept(r *http.Request) *Fault {
	s.faultsMu.Lock()
	defer s.faultsMu.Unlock()
	if fault := s.gateway; fault != nil {
		if s.left--; s.left == 0 {
			s.gateway = nil
		}
		return fault
	}
	if s.cfg.MaxSearch > 0 && r.Method == http.MethodGet && len(r.URL.RequestURI()) > s.cfg.MaxSearch {
		return Gateway(s.cfg.MaxSearchStatus)
	}
	return nil
}

// Reset empties the store and all that the Simulator has noted, drops what is
// scripted, and goes back to Config.Chaos and Config.Seed. Access tokens stay as
// used as they are. What is in flight meanwhile may be done and noted afterwards.
func (s *Simulator) Reset() {
	s.mu.Lock()
	s.orgs = make(map[string]*directory)
	s.ids = rand.New(rand.NewPCG(uint64(s.cfg.Seed), 0))
	s.mu.Unlock()
	s.faultsMu.Lock()
	s.script, s.searches, s.gateway, s.chaos = nil, nil, nil, s.cfg.Chaos
	s.faultsMu.Unlock()
	s.limiter.reset()
	s.log.reset()
}

// Organizations returns the ids of the organizations that exist, in order: the
// configured one, and with Config.AnyOrg each that was written to or searched.
func (s *Simulator) Organizations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.directory(s.cfg.OrgID)
	return slices.Sorted(maps.Keys(s.orgs))
}

// ShiftClock moves the clock that the service tells, in Date headers and in
// meta, by a duration, which may be less than 0. What takes time (lags, limits,
// the life of tokens) and the times in the Ledger keep to Config.Now.
func (s *Simulator) ShiftClock(by time.Duration) { s.shift.Add(int64(by)) }

// frontTime is what the Date header tells.
func (s *Simulator) frontTime() time.Time { return s.cfg.Now().Add(time.Duration(s.shift.Load())) }

// storeTime is what meta tells of a change made now.
func (s *Simulator) storeTime() time.Time { return s.frontTime().Add(s.cfg.StoreClock) }

// key is what names are compared by: normalized, and regardless of case.
func (s *Simulator) key(name string) string { return fold(s.cfg.normalize(name)) }

// nextFault returns what the script or chaos has for a request, never nil, and
// whether it was scripted.
func (s *Simulator) nextFault(number int, r *http.Request) (f *Fault, scripted bool) {
	s.faultsMu.Lock()
	defer s.faultsMu.Unlock()
	var script *[]*Fault
	switch {
	case isBulk(r):
		script = &s.script
	case r.Method == http.MethodGet:
		script = &s.searches
	default:
		return &Fault{}, true
	}
	if len(*script) > 0 {
		f, *script = (*script)[0], (*script)[1:]
		scripted = true
	} else if s.chaos.on() {
		f = s.chaos.draw(s.random(number))
	}
	return orElse(f, &Fault{}), scripted
}

// random is drawn from for one request: the same for a seed and number.
func (s *Simulator) random(number int) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(s.cfg.Seed), uint64(number)))
}

// newID draws a UUID (version 4). The lock is held.
func (s *Simulator) newID() string {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], s.ids.Uint64())
	binary.BigEndian.PutUint64(id[8:], s.ids.Uint64())
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[:8], id[:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:], id[10:])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// isUUID reports whether s is a UUID in its usual form, in lower case.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f':
		default:
			return false
		}
	}
	return true
}

// directory returns the store of an organization. The lock is held.
func (s *Simulator) directory(org string) *directory {
	d := s.orgs[org]
	if d == nil {
		d = newDirectory(s.cfg.ReadLag)
		s.orgs[org] = d
	}
	return d
}
