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

// store saves credentials in a file. It is opened before the exchange, because
// the exchange can invalidate the old refresh token: by then it is certain that
// a new file can replace the old one, or that the old one can be overwritten.
type store struct {
	path    string // the file itself if the given path is a symbolic link
	mode    fs.FileMode
	members map[string]json.RawMessage
	fresh   *os.File // the new file, beside the old one; nil if it cannot be created
	inPlace bool     // the old file can be overwritten
}

// room is the maximum size of credentials in bytes, with new tokens that are
// longer.
const room = maxFile + 2*maxToken

// openStore prepares to save credentials at path, where no file needs to exist
// yet. The error says why nothing can be saved there. The caller closes the
// store.
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
			return nil, fmt.Errorf("no space for a new file: %w", cause(err))
		}
	}
	info, err := os.Stat(s.path)
	if err != nil { // there is no file yet
		if replace != nil {
			return nil, fmt.Errorf("the file cannot be created: %w", cause(replace))
		}
		return s, nil
	}
	s.mode = info.Mode().Perm()
	if text, err := ReadText(s.path, maxFile); err == nil {
		_ = json.Unmarshal([]byte(text), &s.members) // a file that is not a JSON object is replaced
	}
	write = s.tryInPlace()
	s.inPlace = write == nil
	if replace == nil && !s.inPlace {
		replace = s.tryReplace()
	}
	if replace != nil && !s.inPlace {
		s.close()
		return nil, fmt.Errorf("the file can be neither replaced (%w) nor written (%w)", cause(replace), cause(write))
	}
	return s, nil
}

// reserve fills a new file, so that a full disk is noticed before the exchange.
func reserve(f *os.File) error {
	_, err := f.Write(bytes.Repeat([]byte("\n"), room))
	return errors.Join(err, f.Sync())
}

// cause returns an error without the file names of the operation that failed.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return err
}

// tryInPlace returns an error if the old file cannot be written.
func (s *store) tryInPlace() error {
	f, err := os.OpenFile(s.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// tryReplace returns an error if a rename cannot replace the old file. It links
// the file under another name and removes that name, which fails for the same
// reasons: the file is a mount point, immutable, or owned by another user.
func (s *store) tryReplace() error {
	link := s.fresh.Name() + "-link"
	if err := os.Link(s.path, link); err != nil {
		return err
	}
	return os.Remove(link)
}

// keep saves the credentials; other members of the old file stay. The new file
// replaces the old one atomically, so that a reader finds either the old
// credentials or the new ones, even after a crash. Where a rename is not
// possible, as onto a file that is a mount point, the old file is overwritten.
// If that fails too, the new file stays and the error names it.
func (s *store) keep(c Credentials) error {
	text, err := s.text(c)
	if err != nil {
		return err
	}
	var written bool // the new file is complete
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
		err = fmt.Errorf("%w; the credentials are saved in %s instead", err, s.fresh.Name())
		s.fresh = nil
	}
	return err
}

// text returns the new content of the file.
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

// overwrite replaces the content of the old file.
func (s *store) overwrite(text []byte) error {
	f, err := os.OpenFile(s.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f, text), f.Close())
}

// write replaces the content of f. It overwrites the rest of a longer content
// with line breaks before it truncates the file, so that a crash in between
// leaves valid JSON.
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

// syncDir makes a rename durable on systems that can sync a folder.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// close removes the new file if it has not replaced the old one.
func (s *store) close() {
	if s.fresh != nil {
		_ = s.fresh.Close()
		_ = os.Remove(s.fresh.Name())
	}
}
