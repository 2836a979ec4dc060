// Package foundids keeps the ids of users and groups that were looked up by
// name, in a file beside the journal of a job.
//
//	ids, err := foundids.Load(foundids.PathOf("users.csv.journal"), orgID)
//	err = ids.LookUp(ctx, c, in.Lookups())
//	err = ids.Save(foundids.PathOf("users.csv.journal"))
//
// When a command is run again, a user whom the first run deleted or renamed can
// no longer be found, but an operation is recognized by the id in it.
//
// The file has hashes instead of names. Their key is a salt of the file
// together with the organization, which is not in the file: equal names differ
// from file to file, no table of hashes helps, and a guess needs the
// organization's id too.
package foundids

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/internal/outfile"
	"github.com/webexscim/bulk/internal/sheet"
)

// Set is a set of ids of one organization, by name.
type Set struct {
	salt string
	ids  map[string]string // by key
	org  string
}

// written is a Set as it is in a file.
type written struct {
	Salt string            `json:"salt"`
	IDs  map[string]string `json:"ids"`
}

// New returns an empty set for an organization.
func New(org string) *Set { return &Set{salt: rand.Text(), ids: map[string]string{}, org: org} }

// PathOf returns the path of the file that belongs to a journal.
func PathOf(journal string) string { return journal + ".ids" }

// Load reads the file that Save wrote for an organization. Without a file, the
// set is empty.
func Load(path, org string) (*Set, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return New(org), nil
	}
	if err != nil {
		return nil, err
	}
	var w written
	if json.Unmarshal(raw, &w) != nil || w.Salt == "" || w.IDs == nil {
		return nil, errors.New(path + " is damaged; it holds ids that were looked up, " +
			"and may be removed unless rows of the sheet deleted or renamed somebody")
	}
	return &Set{w.Salt, w.IDs, org}, nil
}

// ID returns the id of a user or group, "" if it is not known. The case of the
// name does not matter.
func (s *Set) ID(l sheet.Lookup) string { return s.ids[s.key(l)] }

// LookUp searches the service for those whose ids are not known, and adds the
// ids of those that it finds.
func (s *Set) LookUp(ctx context.Context, c *client.Client, lookups []sheet.Lookup) error {
	names := map[string][]string{}
	for _, l := range lookups {
		if s.ID(l) == "" {
			names[l.Type] = append(names[l.Type], l.Name)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(names)) {
		find := c.FindUsers
		if kind == "Groups" {
			find = c.FindGroups
		}
		found, err := find(ctx, names[kind]...)
		if err != nil {
			return err
		}
		for name, id := range found {
			s.ids[s.key(sheet.Lookup{Type: kind, Name: name})] = id
		}
	}
	return nil
}

// Save replaces the file. A set without ids removes it, so that the file of a
// journal that was removed does not stay.
func (s *Set) Save(path string) error {
	if len(s.ids) == 0 {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	return outfile.Replace(path, func(w *bufio.Writer) error {
		return json.NewEncoder(w).Encode(written{s.salt, s.ids})
	})
}

func (s *Set) key(l sheet.Lookup) string {
	mac := hmac.New(sha256.New, []byte(s.salt+"\x00"+s.org))
	mac.Write([]byte(l.Type + "\x00" + strings.ToLower(l.Name)))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
