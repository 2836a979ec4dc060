package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// serveFlags are the flags of serve. complete puts their values into cfg.
type serveFlags struct {
	cfg             webextest.Config
	preset          string
	chaos           float64
	shapes          string
	errorForm       string
	trimNames       bool
	addr            string
	allowRemote     bool
	adminToken      string
	json            bool
	exitOnViolation bool
}

// register adds the flags to a command: the address, then the settings of a
// webextest.Config by subject.
func (s *serveFlags) register(f *pflag.FlagSet) {
	cfg := &s.cfg
	f.SortFlags = false
	f.StringVar(&s.addr, "addr", "127.0.0.1:8080", "loopback address to listen on; port 0 takes a free one")
	f.BoolVar(&s.allowRemote, "allow-remote", false,
		"let --addr be any address, as in a container; /__admin then needs --admin-token")
	f.StringVar(&s.adminToken, "admin-token", "", "bearer token that /__admin asks for")
	f.BoolVar(&s.json, "json", false, "print one line of JSON: url, orgId, token, adminUrl")
	f.BoolVar(&s.exitOnViolation, "exit-on-violation", false, "end with status 1 if a request ever broke the contract")
	f.StringVar(&s.preset, "preset", "", "`name` of a preset, listed above; other flags override its settings")
	f.Int64Var(&cfg.Seed, "seed", 1, "seed of ids and faults")
	f.BoolVar(&cfg.DiscardLedger, "discard-ledger", false,
		"keep only counts in the ledger, for many millions of operations")
	setHeading(f, "Flags")

	f.StringVar(&cfg.OrgID, "org", webextest.DefaultOrgID, "organization")
	f.BoolVar(&cfg.AnyOrg, "any-org", false, "serve every organization, each with a store of its own")
	f.StringVar(&cfg.Token, "token", webextest.DefaultToken, "access token to accept; not a secret")
	f.IntVar(&cfg.TokenUses, "token-uses", 0, "number of requests for which an access token is valid; 0: any number")
	f.DurationVar(&cfg.TokenLife, "token-life", 0, "time for which an access token is valid; 0: forever")
	f.StringVar(&cfg.Owner, "owner", "", "userName of the token's user, returned by Users/me (default: a machine account)")
	f.StringVar(&cfg.OAuth.RefreshToken, "refresh-token", "", "refresh token that /v1/access_token exchanges")
	f.StringVar(&cfg.OAuth.ClientID, "client-id", "", "client id of the refresh token")
	f.StringVar(&cfg.OAuth.ClientSecret, "client-secret", "", "client secret of the refresh token")
	setHeading(f, "Organization and tokens")

	f.DurationVar(&cfg.Latency, "latency", 0, "time that a request takes")
	f.DurationVar(&cfg.ReadLag, "read-lag", 0, "time by which reads lag behind writes")
	f.DurationVar(&cfg.WriteLag, "write-lag", 0, "time until other operations can refer to a new resource")
	f.DurationVar(&cfg.StoreClock, "store-clock", 0,
		"time by which the clock of meta is ahead of the clock of the Date header")
	f.IntVar(&cfg.Rate.Requests, "rate", 0, "requests allowed in a window; 0: any number")
	f.DurationVar(&cfg.Rate.Window, "rate-window", 0, "length of that window (default 1m)")
	setHeading(f, "Time")

	f.IntVar(&cfg.MaxOperations, "max-operations", 0, "operations that a request may hold (default 100)")
	f.IntVar(&cfg.MaxPayload, "max-payload", 0, "bytes that a request may hold (default 1048576)")
	f.IntVar(&cfg.PageSize, "page-size", 0, "resources that a search answers at once (default 100)")
	f.IntVar(&cfg.MaxSearch, "max-search", 0, "bytes that a search's url may have; 0: any number")
	f.IntVar(&cfg.MaxSearchStatus, "max-search-status", 0,
		"status of the answer to a longer url: 414 or 431 (default 414)")
	setHeading(f, "Limits")

	f.Float64Var(&s.chaos, "chaos", 0, "part of the requests, 0 to 1, that are refused, cut, lost or garbled")
	f.StringVar(&s.shapes, "shape", "", "`names` of shapes for all answers, separated by commas, listed above")
	f.StringVar(&s.errorForm, "error-form", "",
		"`form` of the errors of whole requests: "+errorForms())
	f.StringVar(&cfg.Firewall, "firewall", "",
		"answer requests that contain this `text` with 403 and a web page, as a firewall does")
	setHeading(f, "Faults")

	f.IntVar(&cfg.UnattemptedStatus, "unattempted-status", 0,
		"status of operations that failOnErrors left out; 0 leaves them out of the answer")
	f.IntVar(&cfg.UnknownReferenceStatus, "unknown-reference-status", 0,
		"status of an operation with an unknown member or manager (default 400)")
	f.BoolVar(&cfg.NoPathReferences, "no-path-references", false, "answer 404 to a reference in a path")
	f.BoolVar(&cfg.LastReferenceOnly, "last-reference-only", false,
		"resolve only the last reference of an operation, and report success")
	f.BoolVar(&cfg.AppendDoubles, "append-doubles", false, "let a PATCH add append values that the list has already")
	f.BoolVar(&s.trimNames, "trim-names", false, "store and compare names without surplus spaces")
	f.BoolVar(&cfg.UniqueGroupNames, "unique-group-names", false, "answer 409 to a second group with the same name")
	f.BoolVar(&cfg.IgnoreFilter, "ignore-filter", false, "let searches find all resources")
	f.BoolVar(&cfg.RepeatFound, "repeat-found", false, "let searches return every resource twice")
	setHeading(f, "How services differ")

	f.BoolVar(&cfg.RequireSchemas, "require-schemas", false, "refuse users and groups without schemas")
	f.BoolVar(&cfg.RefuseUnknown, "refuse-unknown", false, "refuse to create a resource with unknown attributes")
	f.BoolVar(&cfg.RefuseReadOnly, "refuse-read-only", false, "refuse to create a resource with id, meta or groups")
	f.BoolVar(&cfg.ExactOps, "exact-ops", false, "refuse the op of a PATCH unless it is in lower case")
	f.BoolVar(&cfg.UntypedMembers, "untyped-members", false, "accept members without a type")
	f.BoolVar(&cfg.CapitalOperations, "capital-operations", false,
		"accept the name Operations for the list of a request too")
	f.BoolVar(&cfg.ZeroFailOnErrors, "zero-fail-on-errors", false, "accept failOnErrors 0 and ignore it")
	f.BoolVar(&cfg.TextData, "text-data", false, "accept data as a string that contains JSON too")
	setHeading(f, "Stricter and more lenient")
}

// kindsOfService lists the presets and shapes for the help.
func kindsOfService() string {
	var list strings.Builder
	list.WriteString("A preset is a set of flags; without one the service has no faults:\n")
	for _, p := range webextest.Presets() {
		fmt.Fprintf(&list, "  %-8s %s\n", p.Name, p.About)
	}
	list.WriteString("\nA shape changes the form of the answers:")
	width := 80
	for _, name := range webextest.ShapeNames() {
		if width += len(name) + 1; width > 78 {
			list.WriteString("\n ")
			width = len(name) + 2
		}
		list.WriteString(" " + name)
	}
	return list.String()
}

// complete checks the flags and completes cfg with those that are not settings
// of it.
func (s *serveFlags) complete(cmd *cobra.Command) error {
	if err := s.usePreset(cmd.Flags()); err != nil {
		return err
	}
	if err := s.check(cmd.Flags()); err != nil {
		return err
	}
	var err error
	if s.cfg.OrgID, err = client.ParseOrgID(s.cfg.OrgID); err != nil {
		return fmt.Errorf("--org: %w", err)
	}
	if cmd.Flags().Changed("chaos") {
		s.cfg.Chaos = webextest.ChaosOf(s.chaos)
	}
	if s.trimNames {
		s.cfg.Normalize = webextest.TrimSpaces
	}
	if s.errorForm != "" {
		s.cfg.ErrorForm = webextest.ErrorForm(s.errorForm)
	}
	if s.shapes != "" {
		s.cfg.Shape, err = shapesNamed(s.shapes)
	}
	return err
}

// usePreset takes the settings of the preset, except where a flag was given.
func (s *serveFlags) usePreset(f *pflag.FlagSet) error {
	if s.preset == "" {
		return nil
	}
	preset, ok := webextest.PresetNamed(s.preset)
	if !ok {
		var names []string
		for _, p := range webextest.Presets() {
			names = append(names, p.Name)
		}
		return fmt.Errorf("--preset %s: expected one of %s", s.preset, strings.Join(names, ", "))
	}
	given := map[string]string{}
	f.Visit(func(flag *pflag.Flag) { given[flag.Name] = flag.Value.String() })
	org, token, seed := s.cfg.OrgID, s.cfg.Token, s.cfg.Seed
	s.cfg = preset.Config
	s.cfg.OrgID, s.cfg.Token, s.cfg.Seed = org, token, seed
	var problems []error
	for name, value := range given {
		problems = append(problems, f.Lookup(name).Value.Set(value))
	}
	return errors.Join(problems...)
}

// check returns an error for a value that its flag does not take.
func (s *serveFlags) check(f *pflag.FlagSet) (err error) {
	f.Visit(func(flag *pflag.Flag) {
		switch flag.Name {
		case "seed", "store-clock", "chaos":
			return
		}
		kind, negative := flag.Value.Type(), strings.HasPrefix(flag.Value.String(), "-")
		if negative && (kind == "int" || kind == "duration") && err == nil {
			err = fmt.Errorf("--%s %s: expected 0 or more", flag.Name, flag.Value)
		}
	})
	status := func(n int) bool { return n == 0 || n >= 400 && n <= 599 }
	switch cfg := s.cfg; {
	case err != nil:
	case !(s.chaos >= 0 && s.chaos <= 1):
		err = fmt.Errorf("--chaos %g: expected 0 to 1", s.chaos)
	case !s.allowRemote && !onLoopback(s.addr):
		err = fmt.Errorf("--addr %q: expected a loopback address such as 127.0.0.1:8080, or --allow-remote", s.addr)
	case cfg.MaxSearchStatus != 0 && cfg.MaxSearchStatus != 414 && cfg.MaxSearchStatus != 431:
		err = fmt.Errorf("--max-search-status %d: expected 414 or 431", cfg.MaxSearchStatus)
	case !status(cfg.UnattemptedStatus):
		err = fmt.Errorf("--unattempted-status %d: expected 400 to 599", cfg.UnattemptedStatus)
	case !status(cfg.UnknownReferenceStatus):
		err = fmt.Errorf("--unknown-reference-status %d: expected 400 to 599", cfg.UnknownReferenceStatus)
	case s.errorForm != "" && !slices.Contains(webextest.ErrorForms(), webextest.ErrorForm(s.errorForm)):
		err = fmt.Errorf("--error-form %s: expected one of %s", s.errorForm, strings.ReplaceAll(errorForms(), " ", ", "))
	}
	return err
}

// errorForms lists the values of --error-form.
func errorForms() string { return strings.Trim(fmt.Sprint(webextest.ErrorForms()), "[]") }

// shapesNamed reads a list of shapes.
func shapesNamed(list string) (webextest.Shape, error) {
	var shapes []webextest.Shape
	for name := range strings.SplitSeq(list, ",") {
		shape := webextest.ShapeNamed(strings.TrimSpace(name))
		if shape == nil {
			return nil, fmt.Errorf("--shape %s: expected one of %s", name, strings.Join(webextest.ShapeNames(), ", "))
		}
		shapes = append(shapes, shape)
	}
	return webextest.Shapes(shapes...), nil
}
