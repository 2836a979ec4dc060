package webextest

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Each preset has other answers, or at other times, than the others and the
// zero Config, and the store stays consistent.
func TestEveryPresetHasABehaviorOfItsOwn(t *testing.T) {
	plain := behavior(t, Config{Seed: 2})
	met := map[string]string{plain: "none"}
	for _, p := range Presets() {
		named, ok := PresetNamed(p.Name)
		if !ok || named.About != p.About || p.About == "" {
			t.Errorf("%s is not found", p.Name)
		}
		cfg := p.Config
		cfg.Seed = 2
		got := behavior(t, cfg)
		if other := met[got]; other != "" {
			t.Errorf("%s behaves as %s", p.Name, other)
		}
		met[got] = p.Name
	}
	if _, ok := PresetNamed("nonesuch"); ok {
		t.Error("an unknown name is found")
	}
}

// behavior describes the answers to many requests and their times.
func behavior(t *testing.T, cfg Config) (told string) {
	synctest.Test(t, func(t *testing.T) {
		s := New(cfg)
		for i := range 60 {
			began := time.Now()
			body := bulkRequest(0, user("a", fmt.Sprintf("u%d@x.org", i)), group("g", "G", "bulkId:a"), remove("/Users/"+DefaultOrgID),
				op{"POST", "/Users", "b", obj{"userName": fmt.Sprintf("v%d@x.org", i), "surplus": 1}})
			status, answer, _, err := ask(t.Context(), s.Client(), host, body)
			told += fmt.Sprint(status, answer, err, time.Since(began))
			if i == 0 {
				s.SetChaos(Chaos{}) // searches fail, too
				told += fmt.Sprint(search(t, s, "Users", "").TotalResults)
				s.SetChaos(cfg.Chaos)
				status, answer, _, _ := ask(t.Context(), s.Client(), host, strings.Replace(bulkRequest(0, user("c", "c@x.org")), "operations", "Operations", 1))
				told += fmt.Sprint(status, answer)
			}
		}
		time.Sleep(time.Hour)
		if err := s.CheckIntegrity(); err != nil {
			t.Error(err)
		}
	})
	return told
}
