package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/apiid"
	"github.com/webexscim/bulk/internal/throttle"
)

// Config says where requests go and how. Server, OrgID, Token and Throttle are
// needed.
type Config struct {
	// Server is scheme://host[:port][/prefix]. That the token may go there is for
	// the caller to check.
	Server string
	// OrgID is the organization's UUID.
	OrgID string
	// HTTP carries the requests; http.DefaultTransport when nil. A copy is taken
	// that follows no redirect and has no Timeout of its own.
	HTTP *http.Client
	// Token gives the access token. refused is "", or the token that the service
	// has just refused: then another one is wanted, and the same one again means
	// that there is none. It is called before every request, from any goroutine.
	Token func(ctx context.Context, refused string) (string, error)
	// Throttle says when a request may leave, and is told how it went.
	Throttle *throttle.Throttle
	// Timeout is for one request, from its leaving the throttle to the last byte
	// of its answer; one minute when 0.
	Timeout time.Duration
	// UserAgent is sent with each request; net/http's when "".
	UserAgent string
	// Logger gets a record of each request; silent when nil.
	Logger *slog.Logger
}

// Client sends requests. It is safe for use by any number of goroutines; make
// one with New.
type Client struct {
	cfg       Config
	api       *gen.Client
	maxAnswer int64 // in bytes after decompression
}

// OrgID returns Config.OrgID.
func (c *Client) OrgID() string { return c.cfg.OrgID }

// Logger returns Config.Logger, or one that is silent.
func (c *Client) Logger() *slog.Logger { return c.cfg.Logger }

// New checks the configuration and takes a copy.
func New(cfg Config) (*Client, error) {
	u, err := url.Parse(cfg.Server)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("transport: server is not an http or https url")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("transport: server has more than scheme, host and path")
	case !apiid.IsUUID(cfg.OrgID):
		return nil, fmt.Errorf("transport: organization %q is not a UUID", cfg.OrgID)
	case cfg.Token == nil:
		return nil, errors.New("transport: no token source")
	case cfg.Throttle == nil:
		return nil, errors.New("transport: no throttle")
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = time.Minute
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	var plain http.Client
	if cfg.HTTP != nil {
		plain = *cfg.HTTP
	}
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	plain.Timeout = 0
	api, err := gen.NewClient(cfg.Server, gen.WithHTTPClient(&plain))
	return &Client{cfg, api, maxAnswer}, err
}
