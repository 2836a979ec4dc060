package client

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/webexscim/bulk/internal/bulkapi"
	"github.com/webexscim/bulk/internal/throttle"
)

// Client sends jobs to the Bulk API of one organization. It is safe for use by
// several goroutines and jobs at once: they share what the service allows.
type Client struct {
	cfg  Config
	gate *throttle.Throttle
	x    *bulkapi.Client
}

// The defaults that Config names.
const (
	defaultConcurrency = 4
	defaultMaxAttempts = 5
	maxOperations      = 100
	defaultBytes       = 1 << 20
)

// New checks cfg and returns a Client. Nothing is sent.
func New(cfg Config) (*Client, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	g := throttle.New(throttle.Config{Concurrency: cfg.Concurrency, MaxWait: cfg.MaxWait, MaxTotal: cfg.MaxTotalWait})
	x, err := bulkapi.New(bulkapi.Config{
		Server: cfg.BaseURL, OrgID: cfg.OrgID, HTTP: cfg.HTTPClient, Token: cfg.Token,
		Throttle: g, Timeout: cfg.RequestTimeout, UserAgent: "webex-bulk", Logger: cfg.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	return &Client{cfg: cfg, gate: g, x: x}, nil
}

func (c Config) withDefaults() (Config, error) {
	org, err := ParseOrgID(c.OrgID)
	if err != nil {
		return c, fmt.Errorf("client: Config.OrgID: %w", err)
	}
	c.OrgID = org
	if c.Token == nil {
		return c, errors.New("client: Config.Token: expected a source of access tokens")
	}
	if c.BaseURL == "" {
		c.BaseURL = DefaultBaseURL
	}
	if c.BaseURL, err = checkBaseURL(c.BaseURL); err != nil {
		return c, err
	}
	if err := c.numbers(); err != nil {
		return c, err
	}
	if err := c.durations(); err != nil {
		return c, err
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.HTTPClient == nil {
		c.HTTPClient = &http.Client{}
	}
	return c, nil
}

func (c *Config) numbers() error {
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
		if *n.value == 0 {
			*n.value = n.normal
		}
		if *n.value < n.lo || *n.value > n.hi {
			return fmt.Errorf("client: Config.%s: %d, expected %d to %d", n.field, *n.value, n.lo, n.hi)
		}
	}
	return nil
}

func (c *Config) durations() error {
	for _, d := range []struct {
		field  string
		value  *time.Duration
		normal time.Duration
	}{
		{"RequestTimeout", &c.RequestTimeout, time.Minute},
		{"Grace", &c.Grace, 10 * time.Second},
		{"MaxTotalWait", &c.MaxTotalWait, 30 * time.Minute},
		{"MaxWait", &c.MaxWait, min(5*time.Minute, cmp.Or(c.MaxTotalWait, 5*time.Minute))},
		{"LookupPatience", &c.LookupPatience, 15 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.normal
		}
		if *d.value < 0 {
			return fmt.Errorf("client: Config.%s: %v, expected more than 0, or 0 for %v", d.field, *d.value, d.normal)
		}
	}
	if c.MaxWait > c.MaxTotalWait {
		return fmt.Errorf("client: Config.MaxWait: %v, expected at most MaxTotalWait, %v: "+
			"else a single wait that the service asks for could end the job", c.MaxWait, c.MaxTotalWait)
	}
	return nil
}

// checkBaseURL holds the token to https: in the clear it goes to this machine
// alone.
func checkBaseURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New(`client: Config.BaseURL: expected a url such as "https://webexapis.com"`)
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && isLoopback(u.Hostname()):
	default:
		return "", errors.New("client: Config.BaseURL: expected https, or http to this machine (127.0.0.1, ::1, localhost)")
	}
	u.Host = strings.ToLower(u.Host)
	return strings.TrimRight(u.String(), "/"), nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
