package webextest

import (
	"net/http"
	"slices"
)

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
