package client_test

import (
	"strings"
	"testing"
	"time"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/webextest"
)

// New refuses what can't be meant, names the field, and never repeats a secret.
func TestConfigIsChecked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*client.Config)
		field  string // "" if it is accepted
	}{
		"plain":                  {func(*client.Config) {}, ""},
		"no organization":        {func(c *client.Config) { c.OrgID = "" }, "OrgID"},
		"no UUID":                {func(c *client.Config) { c.OrgID = "../../other" }, "OrgID"},
		"organization in base64": {func(c *client.Config) { c.OrgID = client.WebexID(client.KindOrganization, webextest.DefaultOrgID) }, ""},
		"a person's id":          {func(c *client.Config) { c.OrgID = client.WebexID(client.KindPerson, webextest.DefaultOrgID) }, "OrgID"},
		"no token":               {func(c *client.Config) { c.Token = nil }, "Token"},
		"http":                   {func(c *client.Config) { c.BaseURL = "http://webexapis.com" }, "BaseURL"},
		"http to loopback":       {func(c *client.Config) { c.BaseURL = "http://127.0.0.1:8080" }, ""},
		"http to localhost":      {func(c *client.Config) { c.BaseURL = "http://LOCALHOST:8080/" }, ""},
		"http to ::1":            {func(c *client.Config) { c.BaseURL = "http://[::1]:8080" }, ""},
		"http to a lookalike":    {func(c *client.Config) { c.BaseURL = "http://localhost.evil.example" }, "BaseURL"},
		"http to 127.evil":       {func(c *client.Config) { c.BaseURL = "http://127.0.0.1.evil.example" }, "BaseURL"},
		"http by a user":         {func(c *client.Config) { c.BaseURL = "http://127.0.0.1@evil.example" }, "BaseURL"},
		"a password":             {func(c *client.Config) { c.BaseURL = "https://a:secret@webexapis.com" }, "BaseURL"},
		"a path":                 {func(c *client.Config) { c.BaseURL = "https://webexapis.com/identity/scim" }, "BaseURL: expected scheme and host only; the client adds /identity/scim/{org}/v2"},
		"a slash":                {func(c *client.Config) { c.BaseURL = "https://webexapis.com/" }, ""},
		"a query":                {func(c *client.Config) { c.BaseURL = "https://webexapis.com?secret=1" }, "BaseURL"},
		"no host":                {func(c *client.Config) { c.BaseURL = "https://" }, "BaseURL"},
		"a port alone":           {func(c *client.Config) { c.BaseURL = "https://:443" }, "BaseURL"},
		"no scheme":              {func(c *client.Config) { c.BaseURL = "webexapis.com" }, "BaseURL"},
		"another scheme":         {func(c *client.Config) { c.BaseURL = "ftp://webexapis.com" }, "BaseURL"},
		"no url":                 {func(c *client.Config) { c.BaseURL = "https://secret host/%zz" }, "BaseURL"},
		"concurrency":            {func(c *client.Config) { c.Concurrency = -1 }, "Concurrency"},
		"much concurrency":       {func(c *client.Config) { c.Concurrency = 1001 }, "Concurrency"},
		"attempts":               {func(c *client.Config) { c.MaxAttempts = -1 }, "MaxAttempts"},
		"operations":             {func(c *client.Config) { c.Limits.Operations = 101 }, "Limits.Operations"},
		"fewer than none":        {func(c *client.Config) { c.Limits.Operations = -1 }, "Limits.Operations"},
		"bytes":                  {func(c *client.Config) { c.Limits.Bytes = 10 }, "Limits.Bytes"},
		"timeout":                {func(c *client.Config) { c.RequestTimeout = -time.Second }, "RequestTimeout"},
		"service time":           {func(c *client.Config) { c.MaxServiceTime = -1 }, "MaxServiceTime: -1ns, expected more than 0, or 0 for 2m0s"},
		"grace":                  {func(c *client.Config) { c.Grace = -1 }, "Grace"},
		"wait":                   {func(c *client.Config) { c.MaxWait = -1 }, "MaxWait"},
		"all waits":              {func(c *client.Config) { c.MaxTotalWait = -1 }, "MaxTotalWait"},
		"wait and all waits":     {func(c *client.Config) { c.MaxWait, c.MaxTotalWait = 61*time.Second, time.Minute }, "MaxWait: 1m1s, expected at most MaxTotalWait, 1m0s"},
		"a long wait":            {func(c *client.Config) { c.MaxWait = time.Hour }, "MaxWait: 1h0m0s, expected at most MaxTotalWait, 30m0s"},
		"equal waits":            {func(c *client.Config) { c.MaxWait, c.MaxTotalWait = time.Minute, time.Minute }, ""},
		"few waits":              {func(c *client.Config) { c.MaxTotalWait = time.Minute }, ""},
		"patience":               {func(c *client.Config) { c.LookupPatience = -1 }, "LookupPatience"},
	} {
		cfg := client.Config{OrgID: webextest.DefaultOrgID, Token: client.StaticToken("token")}
		c.change(&cfg)
		got, err := client.New(cfg)
		switch {
		case (c.field == "") != (err == nil), (err == nil) != (got != nil):
			t.Errorf("%s: %v", name, err)
		case err != nil && (!strings.Contains(err.Error(), c.field) || strings.Contains(err.Error(), "secret")):
			t.Errorf("%s: %v", name, err)
		}
	}
}

// New tells all that is wrong at once.
func TestConfigErrorsAreJoined(t *testing.T) {
	_, err := client.New(client.Config{OrgID: "x", BaseURL: "http://example.com", Concurrency: -1, MaxTotalWait: -1})
	if err == nil {
		t.Fatal("accepted")
	}
	fields := []string{"OrgID", "Token", "BaseURL", "Concurrency", "MaxTotalWait"}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(fields) {
		t.Fatalf("%d lines: %v", len(lines), err)
	}
	for i, field := range fields {
		if !strings.HasPrefix(lines[i], "client: Config."+field+": ") {
			t.Errorf("%s: %s", field, lines[i])
		}
	}
}
