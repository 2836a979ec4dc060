package webextest

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/webexscim/bulk/webextest/internal/store"
)

// Simulator is a SCIM service in memory. It is an http.Handler; Start serves it
// on a loopback address, and Transport answers without a network. Its methods
// are safe for concurrent use.
type Simulator struct {
	cfg     Config
	log     ledger
	limiter limiter
	tokens  *tokens
	shift   atomic.Int64 // nanoseconds by which ShiftClock moved the clock

	store *store.Store

	faultsMu sync.Mutex // guards the fields below
	script   []*Fault
	searches []*Fault
	chaos    Chaos
	gateway  *Fault // of SetGateway
	left     int    // requests until the gateway ends; 0 is no limit
}

// New returns an empty service with this configuration.
func New(cfg Config) *Simulator {
	cfg = cfg.withDefaults()
	s := &Simulator{
		cfg:     cfg,
		limiter: limiter{limit: cfg.Rate},
		tokens:  newTokens(cfg),
		store:   store.New(cfg.ReadLag, cfg.Seed),
		chaos:   cfg.Chaos,
	}
	s.log.discard = cfg.DiscardLedger
	s.log.key = s.key
	s.log.reset()
	return s
}

// Config returns the configuration with its defaults filled in.
func (s *Simulator) Config() Config { return s.cfg }

// Reset removes all resources, records and scripted faults, and restores
// Config.Chaos and Config.Seed. The uses of access tokens still count. Requests
// in flight may be done and recorded afterwards.
func (s *Simulator) Reset() {
	s.store.Lock()
	s.store.Reset()
	s.store.Unlock()
	s.faultsMu.Lock()
	s.script, s.searches, s.gateway, s.chaos = nil, nil, nil, s.cfg.Chaos
	s.faultsMu.Unlock()
	s.limiter.reset()
	s.log.reset()
}

// Organizations returns the ids of the organizations that exist, in order: the
// configured one, and with Config.AnyOrg each that was written to or searched.
func (s *Simulator) Organizations() []string {
	s.store.Lock()
	defer s.store.Unlock()
	s.store.Directory(s.cfg.OrgID)
	return s.store.Organizations()
}

// ShiftClock shifts the times in Date headers and in meta by a duration, which
// may be negative. Lags, limits, the life of tokens and the times in the Ledger
// still use Config.Now.
func (s *Simulator) ShiftClock(by time.Duration) { s.shift.Add(int64(by)) }

// frontTime returns the time for a Date header.
func (s *Simulator) frontTime() time.Time { return s.cfg.Now().Add(time.Duration(s.shift.Load())) }

// storeTime returns the time for the meta of a change.
func (s *Simulator) storeTime() time.Time { return s.frontTime().Add(s.cfg.StoreClock) }

// key returns a form of a name for comparing.
func (s *Simulator) key(name string) string { return store.Fold(s.cfg.normalize(name)) }

// random returns the source of randomness for one request. It depends on the
// seed and the number alone.
func (s *Simulator) random(number int) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(s.cfg.Seed), uint64(number)))
}
