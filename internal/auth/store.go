package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// store is a file that credentials are about to be kept in. It is opened before
// the exchange, since a refresh token that was exchanged cannot be got again: by
// then it is certain that the new file can replace the old one, or that the old
// one can be written in place.
type store struct {
	path    string // the file itself, where the path given is a link to it
	mode    fs.FileMode
	members map[string]json.RawMessage
	fresh   *os.File // the new file, beside the old one; nil where none can be made
	inPlace bool     // the old file can be written
}

// room is the most bytes that credentials take, with new tokens that are longer.
const room = maxFile + 2*maxToken

// openStore opens a store at path, where there need not be a file yet, or says
// why nothing can be kept there. Whoever opens it closes it.
func openStore(path string) (*store, error) {
	s := &store{path: path, mode: 0o600}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		s.path = real
	}
	var replace, write error
	s.fresh, replace = os.CreateTemp(filepath.Dir(s.path), ".webex-bulk-*") // mode 0600
	if replace == nil {
		if err := reserve(s.fresh); err != nil {
			s.close()
			return nil, fmt.Errorf("there is no room for it: %w", cause(err))
		}
	}
	info, err := os.Stat(s.path)
	if err != nil { // there is none yet
		if replace != nil {
			return nil, fmt.Errorf("it cannot be made: %w", cause(replace))
		}
		return s, nil
	}
	s.mode = info.Mode().Perm()
	if text, err := ReadText(s.path, maxFile); err == nil {
		_ = json.Unmarshal([]byte(text), &s.members) // what is not an object is replaced
	}
	write = s.tryInPlace()
	s.inPlace = write == nil
	if replace == nil && !s.inPlace {
		replace = s.tryReplace()
	}
	if replace != nil && !s.inPlace {
		s.close()
		return nil, fmt.Errorf("it can be neither replaced (%w) nor written (%w)", cause(replace), cause(write))
	}
	return s, nil
}

// reserve fills a new file, so that a full disk is found out before the exchange.
func reserve(f *os.File) error {
	_, err := f.Write(bytes.Repeat([]byte("\n"), room))
	return errors.Join(err, f.Sync())
}

// cause is an error without the names of the files.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return err
}

// tryInPlace tries whether the old file can be written.
func (s *store) tryInPlace() error {
	f, err := os.OpenFile(s.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// tryReplace tries whether a rename can replace the old file. To link it under
// another name and to remove that name fails for the same reasons: the file is
// mounted, or immutable, or belongs to somebody else.
func (s *store) tryReplace() error {
	link := s.fresh.Name() + "-link"
	if err := os.Link(s.path, link); err != nil {
		return err
	}
	return os.Remove(link)
}

// keep writes the credentials over those of the old file, whose other members
// stay. The new file takes its place in one step, so that whoever reads it, and
// whatever happens meanwhile, finds the old credentials or the new ones. Where a
// rename is not possible, as onto a file that is mounted by itself, the old file
// is written in place. If that fails too, the new file stays and the error names it.
func (s *store) keep(c Credentials) error {
	text, err := s.text(c)
	if err != nil {
		return err
	}
	var written bool // the new file, which is whole then
	if s.fresh != nil {
		err = errors.Join(write(s.fresh, text), s.fresh.Chmod(s.mode), s.fresh.Close())
		written = err == nil
	}
	if written {
		if err = os.Rename(s.fresh.Name(), s.path); err == nil {
			s.fresh = nil
			syncDir(filepath.Dir(s.path))
			return nil
		}
	}
	if s.inPlace {
		if err = s.overwrite(text); err == nil {
			return nil
		}
	}
	if written {
		err = fmt.Errorf("%w; it is kept in %s instead", err, s.fresh.Name())
		s.fresh = nil
	}
	return err
}

// text is what the file is to hold.
func (s *store) text(c Credentials) ([]byte, error) {
	for _, gone := range []string{"access_token", "expiry"} {
		delete(s.members, gone)
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &s.members); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(s.members, "", "  ")
	return append(text, '\n'), err
}

// overwrite writes the old file in place.
func (s *store) overwrite(text []byte) error {
	f, err := os.OpenFile(s.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f, text), f.Close())
}

// write replaces the content of f. Line ends cover the rest of a longer one
// before they are cut off: a crash between the two leaves valid JSON.
func write(f *os.File, text []byte) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	rest := max(0, int(info.Size())-len(text))
	whole := append(bytes.Clone(text), bytes.Repeat([]byte("\n"), rest)...)
	if _, err := f.WriteAt(whole, 0); err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Truncate(int64(len(text))))
}

// syncDir makes a rename last, on systems where a folder can be synced.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// close removes the new file if it has not taken the place of the old one.
func (s *store) close() {
	if s.fresh != nil {
		_ = s.fresh.Close()
		_ = os.Remove(s.fresh.Name())
	}
}
