package webextest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// Script queues faults for the next Bulk requests, one for each in the order of
// their arrival; nil is no fault. Requests that Config.Rate refuses take no
// fault.
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

// Scripted returns the faults of Script that no request has taken yet.
func (s *Simulator) Scripted() []*Fault {
	s.faultsMu.Lock()
	defer s.faultsMu.Unlock()
	return slices.Clone(s.script)
}

// DropScript removes the faults of Script that no request has taken yet.
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

// SetGateway applies a fault to the next requests of any kind. They do not
// reach the service, and do not count for Config.Rate or Script. requests is
// their number; 0 is all until the next SetGateway. A nil fault ends it.
func (s *Simulator) SetGateway(fault *Fault, requests int) {
	s.faultsMu.Lock()
	defer s.faultsMu.Unlock()
	s.gateway, s.left = fault, requests
}

// intercept returns the fault of a gateway in front of the service, or nil.
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
		return Intercept(s.cfg.MaxSearchStatus)
	}
	return nil
}

// nextFault returns the fault of a request from the script or from chaos, never
// nil, and whether it was scripted.
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
	return cmp.Or(f, &Fault{}), scripted
}

func isBulk(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/Bulk")
}
