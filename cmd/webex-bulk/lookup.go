package main

import (
	"bufio"
	"context"
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
// create, and refuses the sheet when some are not there. What known holds is
// not asked for again; it returns all that is known then.
func (in *input) lookUp(ctx context.Context, c *client.Client, known foundIDs) (foundIDs, error) {
	ids := maps.Clone(known)
	if ids == nil {
		ids = foundIDs{}
	}
	names := map[string][]string{}
	for _, l := range in.Lookups() {
		if ids[lookupKey(l)] == "" {
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
			return nil, err
		}
		for name, id := range found {
			ids[lookupKey(sheet.Lookup{Type: kind, Name: name})] = id
		}
	}
	in.Resolve(func(l sheet.Lookup) (string, bool) {
		id := ids[lookupKey(l)]
		return id, id != ""
	})
	return ids, in.recheck()
}

// recheck refuses the input when names in it were not found.
func (in *input) recheck() error {
	if len(in.Lookups()) == 0 {
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
// the id in it. Names are kept as hashes.
type foundIDs map[string]string

// lookupKey stands for a name, in any case of its letters.
func lookupKey(l sheet.Lookup) string {
	sum := sha256.Sum256([]byte(l.Type + "\x00" + strings.ToLower(l.Name)))
	return hex.EncodeToString(sum[:16])
}

// foundIDsFile is where the ids are kept that belong to a journal.
func foundIDsFile(journal string) string { return journal + ".ids" }

// loadFoundIDs reads what saveFoundIDs wrote; no file is no ids.
func loadFoundIDs(path string) (foundIDs, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var ids foundIDs
	if json.Unmarshal(raw, &ids) != nil {
		return nil, errors.New(path + " is damaged; it holds ids that were looked up, and may be removed unless rows of the sheet deleted or renamed somebody")
	}
	return ids, nil
}

// saveFoundIDs replaces the file as a whole; without ids there is none, not
// even that of a journal which was removed.
func saveFoundIDs(path string, ids foundIDs) error {
	if len(ids) == 0 {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	return replaceFile(path, func(w *bufio.Writer) error { return json.NewEncoder(w).Encode(ids) })
}
