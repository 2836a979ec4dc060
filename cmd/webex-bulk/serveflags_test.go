package main

import (
	"reflect"
	"slices"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/webexscim/bulk/webextest"
)

// withFlags is what serve makes of flags.
func withFlags(t *testing.T, args ...string) (*serveFlags, error) {
	t.Helper()
	flags := &serveFlags{}
	cmd := &cobra.Command{}
	flags.register(cmd.Flags())
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	return flags, flags.complete(cmd)
}

// Law: every setting of the simulator is a flag of serve, but for what a flag
// cannot say.
func TestEverySettingOfTheSimulatorIsAFlag(t *testing.T) {
	values := map[string]string{
		"addr": "127.0.0.1:0", "org": "11111111-1111-4111-8111-111111111111", "max-search-status": "431", "unattempted-status": "412",
		"unknown-reference-status": "404", "shape": "capitalKey,shuffled", "error-form": "oauth", "preset": "strict",
	}
	ofType := map[string]string{"bool": "true", "int": "7", "int64": "7", "duration": "7s", "float64": "0.5", "string": "x", "names": "x"}
	var args []string
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	(&serveFlags{}).register(all)
	all.VisitAll(func(f *pflag.Flag) {
		value := values[f.Name]
		if value == "" {
			value = ofType[f.Value.Type()]
		}
		args = append(args, "--"+f.Name+"="+value)
	})
	flags, err := withFlags(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	var missing func(v reflect.Value)
	missing = func(v reflect.Value) {
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			switch {
			case slices.Contains([]string{"Tokens", "Now", "BaseURL", "Faults", "RetryAfter", "KeepData", "Chaos"}, name):
			case v.Field(i).Kind() == reflect.Struct:
				missing(v.Field(i))
			case v.Field(i).IsZero():
				t.Errorf("no flag sets %s", name)
			}
		}
	}
	missing(reflect.ValueOf(flags.cfg))
	if flags.cfg.Chaos.TooMany == 0 {
		t.Error("no flag sets Chaos")
	}
}

// A flag alters a preset, whatever stands first.
func TestFlagsOverrideAPreset(t *testing.T) {
	preset, _ := webextest.PresetNamed("slow")
	for _, args := range [][]string{{"--preset", "slow", "--read-lag", "1ms"}, {"--read-lag", "1ms", "--preset", "slow"}} {
		flags, err := withFlags(t, args...)
		if err != nil || flags.cfg.Latency != preset.Config.Latency || flags.cfg.ReadLag.String() != "1ms" || flags.cfg.Token == "" {
			t.Errorf("%v: %v %+v", args, err, flags.cfg)
		}
	}
	flags, err := withFlags(t, "--preset", "flaky", "--chaos", "0")
	if err != nil || flags.cfg.Chaos.CutAfterWork != 0 {
		t.Errorf("%v %+v", err, flags.cfg.Chaos)
	}
	for args, want := range map[string]string{
		"--preset=nonesuch":            "--preset nonesuch: expected one of strict, lenient, slow, lagging, busy, flaky, odd",
		"--write-lag=-1s":              "--write-lag -1s: expected 0 or more",
		"--max-operations=-1":          "--max-operations -1: expected 0 or more",
		"--chaos=NaN":                  "--chaos NaN: expected 0 to 1",
		"--max-search-status=400":      "--max-search-status 400: expected 414 or 431",
		"--unattempted-status=200":     "--unattempted-status 200: expected 400 to 599",
		"--error-form=xml":             "--error-form xml: expected one of scim, extension, webex, oauth, html, text, empty",
		"--unknown-reference-status=1": "--unknown-reference-status 1: expected 400 to 599",
	} {
		if _, err := withFlags(t, args); err == nil || err.Error() != want {
			t.Errorf("%s: %v", args, err)
		}
	}
	if _, err := withFlags(t, "--shape", "capitalKey,nonesuch"); err == nil {
		t.Error("an unknown shape is taken")
	}
}
