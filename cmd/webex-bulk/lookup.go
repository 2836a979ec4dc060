package main

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
	"github.com/webexscim/bulk/internal/sheet"
	"github.com/webexscim/bulk/internal/textfile"
)

// lookUp finds the ids of the users and groups that a sheet names and does not
// create, adds them to those that are known, and refuses the sheet when some are
// not there.
func (in *input) lookUp(ctx context.Context, c *client.Client, ids *foundIDs) error {
	names := map[string][]string{}
	for _, l := range in.Lookups() {
		if ids.IDs[ids.key(l)] == "" {
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
			ids.IDs[ids.key(sheet.Lookup{Type: kind, Name: name})] = id
		}
	}
	in.Resolve(func(l sheet.Lookup) (string, bool) {
		id := ids.IDs[ids.key(l)]
		if id == "" && in.HasConditions() {
			return l.Placeholder(), true // the row is refused by itself, as one whose person has changed
		}
		return id, id != ""
	})
	return in.refuseUnknown(ids)
}

// refuseUnknown refuses the input if a name in it has no id, and names the rows.
func (in *input) refuseUnknown(ids *foundIDs) error {
	if !slices.ContainsFunc(in.Lookups(), func(l sheet.Lookup) bool { return ids.IDs[ids.key(l)] == "" }) {
		return nil
	}
	var wrong textfile.Errors
	for _, err := range in.Rows() {
		if err != nil && !wrong.Add(err) {
			return err
		}
	}
	return wrong.Err()
}

// foundIDs are the ids of users and groups that were looked up. They are kept
// beside a journal: when the command is run again, a user whom the first run
// deleted or renamed can no longer be found, and an operation is recognized by
// the id in it. Names are kept as hashes, keyed with a salt of the file and with
// the organization, which is not in the file: equal names differ from file to
// file, no table of hashes helps, and a guess needs the organization's id too.
type foundIDs struct {
	Salt string            `json:"salt"`
	IDs  map[string]string `json:"ids"` // by key

	org string
}

func newFoundIDs(org string) *foundIDs {
	return &foundIDs{Salt: rand.Text(), IDs: map[string]string{}, org: org}
}

// key stands for a name, in any case of its letters.
func (f *foundIDs) key(l sheet.Lookup) string {
	mac := hmac.New(sha256.New, []byte(f.Salt+"\x00"+f.org))
	mac.Write([]byte(l.Type + "\x00" + strings.ToLower(l.Name)))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// foundIDsFile is where the ids are kept that belong to a journal.
func foundIDsFile(journal string) string { return journal + ".ids" }

// loadFoundIDs reads what save wrote for an organization; no file is no ids.
func loadFoundIDs(path, org string) (*foundIDs, error) {
	ids := newFoundIDs(org)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ids, nil
	}
	if err != nil {
		return nil, err
	}
	ids.Salt, ids.IDs = "", nil
	if json.Unmarshal(raw, ids) != nil || ids.Salt == "" || ids.IDs == nil {
		return nil, errors.New(path + " is damaged; it holds ids that were looked up, and may be removed unless rows of the sheet deleted or renamed somebody")
	}
	return ids, nil
}

// save replaces the file as a whole; without ids there is none, not even that of
// a journal which was removed.
func (f *foundIDs) save(path string) error {
	if len(f.IDs) == 0 {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	return replaceFile(path, func(w *bufio.Writer) error { return json.NewEncoder(w).Encode(f) })
}
