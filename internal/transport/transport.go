package transport

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/throttle"
)

// Config says where requests go and how. Server, OrgID, Token and Throttle are
// needed.
type Config struct {
	// Server is scheme://host[:port][/prefix], where the token may go.
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
	api       gen.Client
	maxAnswer int64 // in bytes after decompression
}

// OrgID returns Config.OrgID.
func (c *Client) OrgID() string { return c.cfg.OrgID }

// Logger returns Config.Logger, or one that is silent.
func (c *Client) Logger() *slog.Logger { return c.cfg.Logger }

// New takes a copy of a configuration, which the caller has checked.
func New(cfg Config) *Client {
	cfg.Timeout = cmp.Or(cfg.Timeout, time.Minute)
	cfg.Logger = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler))
	plain := *cmp.Or(cfg.HTTP, &http.Client{})
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	plain.Timeout = 0
	api := gen.Client{Server: strings.TrimSuffix(cfg.Server, "/") + "/", Client: &plain}
	return &Client{cfg, api, maxAnswer}
}
