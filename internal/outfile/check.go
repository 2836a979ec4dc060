package outfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Mode says how a command uses a file.
type Mode int

// The modes.
const (
	Read     Mode = iota // it is not written
	Written              // it is written in a way that Check need not know
	InPlace              // it is written where it stands
	Replaced             // Replace writes it
)

// File is a file that a command reads or writes.
type File struct {
	Flag string   // the flag that names it, for errors
	Path string   // "" if no file is named
	Open *os.File // the file of a standard stream, instead of Path
	Mode Mode

	info fs.FileInfo // nil if the file does not exist yet
	dir  fs.FileInfo // the folder of the file, existing or not
	base string
	link string // the target of a link, if it is in another folder
}

// Check returns an error if a file that is written is also used under another
// flag, through links of any kind; if a link leads a file that is written in
// place to another folder; or if Replace could not write a file. It writes
// nothing.
func Check(files ...File) error {
	var named []File
	for _, f := range files {
		switch {
		case f.Path == "-":
			return fmt.Errorf("%s -: expected a file", f.Flag)
		case f.Open != nil:
			if f.findOpen() {
				named = append(named, f)
			}
		case f.Path != "":
			named = append(named, f)
		}
	}
	for i := range named {
		f := &named[i]
		if f.Open == nil {
			f.find()
		}
		for _, earlier := range named[:i] {
			if (f.Mode != Read || earlier.Mode != Read) && f.Flag != earlier.Flag && f.same(earlier) {
				return fmt.Errorf("%s and %s are the same file: %s", earlier.Flag, f.Flag, f.Path)
			}
		}
	}
	for _, f := range named {
		if f.Mode == InPlace && f.link != "" {
			return fmt.Errorf("%s: %s is a link to %s, and links to other folders are not followed: give the file itself",
				f.Flag, f.Path, f.link)
		}
	}
	for _, f := range named {
		if f.Mode != Replaced {
			continue
		}
		if err := f.tryReplace(); err != nil {
			return fmt.Errorf("%s: %w", f.Flag, err)
		}
	}
	return nil
}

// find finds the file that a path leads to, even if it does not exist yet.
func (f *File) find() {
	f.info, _ = os.Stat(f.Path)
	real := f.Path
	for range 40 { // a link may lead to a file that does not exist yet
		to, err := os.Readlink(real)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(real), to)
		}
		real = to
	}
	f.dir, _ = os.Stat(filepath.Dir(real))
	f.base = filepath.Base(real)
	here, err := os.Stat(filepath.Dir(f.Path))
	sameFolder := err == nil && f.dir != nil && os.SameFile(here, f.dir)
	if (f.info == nil || f.info.Mode().IsRegular()) && !sameFolder && real != f.Path {
		f.link = real
	}
}

// findOpen reports whether a shell has redirected a standard stream to a file.
func (f *File) findOpen() bool {
	f.Path = f.Flag
	var err error
	f.info, err = f.Open.Stat()
	return err == nil && f.info.Mode().IsRegular()
}

// same reports whether two paths lead to one file. If neither file exists yet,
// names that differ in case alone count as equal, as on some systems.
func (f *File) same(other File) bool {
	if f.info != nil && other.info != nil {
		return os.SameFile(f.info, other.info)
	}
	return f.info == nil && other.info == nil && f.dir != nil && other.dir != nil &&
		os.SameFile(f.dir, other.dir) && strings.EqualFold(f.base, other.base)
}

// tryReplace returns the error that Replace would have.
func (f *File) tryReplace() error {
	if f.info != nil && !f.info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", f.Path)
	}
	temp, err := os.CreateTemp(filepath.Dir(f.Path), ".webex-bulk-*")
	if err != nil {
		return Unwritable(f.Path, err)
	}
	if err := temp.Close(); err != nil {
		return Unwritable(f.Path, err)
	}
	return os.Remove(temp.Name())
}
