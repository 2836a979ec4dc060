package client

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/webexscim/bulk/internal/baseurl"
	"github.com/webexscim/bulk/internal/throttle"
	"github.com/webexscim/bulk/internal/transport"
)

// Client sends jobs to the Bulk API of one organization. Several goroutines and
// jobs may use it at once; they share its concurrency and the service's rate
// limit.
type Client struct {
	cfg       Config
	throttle  *throttle.Throttle
	transport *transport.Client
	inMemory  int // how many operations of a job may wait in memory
}

// The defaults that Config names.
const (
	defaultConcurrency = 4
	defaultMaxAttempts = 5
	maxOperations      = 100
	defaultBytes       = 1 << 20
)

// New checks cfg and returns a Client. Nothing is sent. The error tells all
// that is wrong with cfg, a line for each field.
func New(cfg Config) (*Client, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	t := throttle.New(throttle.Config{Concurrency: cfg.Concurrency, MaxWait: cfg.MaxWait, MaxTotal: cfg.MaxTotalWait})
	carrier := transport.New(transport.Config{
		Server: cfg.BaseURL, OrgID: cfg.OrgID, HTTP: cfg.HTTPClient, Token: cfg.Token,
		Throttle: t, Timeout: cfg.RequestTimeout, UserAgent: "webex-bulk", Logger: cfg.Logger,
	})
	ahead := cfg.Limits.Operations * (2*cfg.Concurrency + 2) // read in advance, so that requests are full
	return &Client{cfg: cfg, throttle: t, transport: carrier, inMemory: mostWaiting + ahead}, nil
}

// withDefaults returns c with its defaults filled in and its fields in one
// form, or an error for each field that is wrong.
func (c Config) withDefaults() (Config, error) {
	var errs []error
	wrong := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("client: Config."+field+": "+format, args...))
	}
	var err error
	if c.OrgID, err = ParseOrgID(c.OrgID); err != nil {
		wrong("OrgID", "%w", err)
	}
	if c.Token == nil {
		wrong("Token", "expected a source of access tokens")
	}
	if base, err := baseurl.Parse(cmp.Or(c.BaseURL, DefaultBaseURL)); err == nil {
		c.BaseURL = base.String()
	} else {
		wrong("BaseURL", "%w", err)
	}
	c.checkNumbers(wrong)
	c.checkDurations(wrong)
	return c, errors.Join(errs...)
}

func (c *Config) checkNumbers(wrong func(field, format string, args ...any)) {
	for _, n := range []struct {
		field          string
		value          *int
		normal, lo, hi int
	}{
		{"Concurrency", &c.Concurrency, defaultConcurrency, 1, 1000},
		{"MaxAttempts", &c.MaxAttempts, defaultMaxAttempts, 1, 1000},
		{"Limits.Operations", &c.Limits.Operations, maxOperations, 1, maxOperations},
		{"Limits.Bytes", &c.Limits.Bytes, defaultBytes, 1024, 1 << 30},
	} {
		*n.value = cmp.Or(*n.value, n.normal)
		if *n.value < n.lo || *n.value > n.hi {
			wrong(n.field, "%d, expected %d to %d", *n.value, n.lo, n.hi)
		}
	}
}

func (c *Config) checkDurations(wrong func(field, format string, args ...any)) {
	for _, d := range []struct {
		field  string
		value  *time.Duration
		normal time.Duration
	}{
		{"RequestTimeout", &c.RequestTimeout, time.Minute},
		{"MaxServiceTime", &c.MaxServiceTime, 2 * time.Minute},
		{"Grace", &c.Grace, 10 * time.Second},
		{"MaxTotalWait", &c.MaxTotalWait, 30 * time.Minute},
		{"MaxWait", &c.MaxWait, min(5*time.Minute, cmp.Or(max(c.MaxTotalWait, 0), 5*time.Minute))},
		{"LookupPatience", &c.LookupPatience, 15 * time.Second},
	} {
		*d.value = cmp.Or(*d.value, d.normal)
		if *d.value < 0 {
			wrong(d.field, "%v, expected more than 0, or 0 for %v", *d.value, d.normal)
		}
	}
	if c.MaxTotalWait > 0 && c.MaxWait > c.MaxTotalWait {
		wrong("MaxWait", "%v, expected at most MaxTotalWait, %v: "+
			"otherwise a single wait that the service asks for could stop the job", c.MaxWait, c.MaxTotalWait)
	}
}
