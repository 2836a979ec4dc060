package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// usedFile is a file that the command reads or writes, by the flag that names it.
type usedFile struct {
	flag, path string
	written    bool
	info       fs.FileInfo // nil when there is none yet
	dir        fs.FileInfo // of the folder where it is, or would be made
	base       string
	elsewhere  string // where a link leads, if to a file in another folder
}

// use finds out which file a path leads to, also one that is not there yet.
func use(flag, path string, written bool) usedFile {
	f := usedFile{flag: flag, path: path, written: written}
	f.info, _ = os.Stat(path)
	real := path
	for range 40 { // a link to a file that is not there yet
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
	here, err := os.Stat(filepath.Dir(path))
	if (f.info == nil || f.info.Mode().IsRegular()) && !(err == nil && f.dir != nil && os.SameFile(here, f.dir)) && real != path {
		f.elsewhere = real
	}
	return f
}

// useStream is use for standard input or output, which a shell may have led to a file; ok is false where it has not.
func useStream(flag string, stream any, written bool) (f usedFile, ok bool) {
	file, ok := stream.(*os.File)
	if !ok {
		return f, false
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return f, false
	}
	return usedFile{flag: flag, path: flag, written: written, info: info}, true
}

// same reports whether two paths lead to one file, through links of any kind. Where neither is there yet, names that
// differ in case alone may be one file, on some systems.
func (f usedFile) same(other usedFile) bool {
	if f.info != nil && other.info != nil {
		return os.SameFile(f.info, other.info)
	}
	return f.info == nil && other.info == nil && f.dir != nil && other.dir != nil &&
		os.SameFile(f.dir, other.dir) && strings.EqualFold(f.base, other.base)
}

// journalFiles are the names that belong to a journal: the database, what SQLite keeps beside it, and the ids that were
// looked up.
func journalFiles(path string) []string {
	if path == "" {
		return nil
	}
	names := []string{path, foundIDsFile(path)}
	for _, end := range []string{"-wal", "-shm", "-journal", ".lock"} {
		names = append(names, path+end)
	}
	return names
}

// apart refuses two names of one file where one of them is written.
func apart(files []usedFile) error {
	for i, f := range files {
		for _, earlier := range files[:i] {
			if (f.written || earlier.written) && f.flag != earlier.flag && f.same(earlier) {
				return fmt.Errorf("%s and %s are the same file: %s", earlier.flag, f.flag, f.path)
			}
		}
	}
	return nil
}

// checkFiles keeps files that are written apart from those that are read, and from each other.
func (a *application) checkFiles() error {
	var files []usedFile
	for _, f := range []struct {
		flag, path string
		written    bool
	}{
		{"FILE", a.file, false}, {"--token-file", a.tokenFile, false}, {"--credentials", a.credentials, true}, {"--ca-file", a.caFile, false},
		{"--results", a.results, true}, {"--failed", a.failed, true}, {"--report", a.report, true},
	} {
		switch {
		case f.path == "":
		case f.path != stdin:
			files = append(files, use(f.flag, f.path, f.written))
		case f.flag != "FILE" && f.flag != "--results":
			return fmt.Errorf("%s -: expected a file", f.flag)
		}
	}
	if a.journalFile == stdin {
		return fmt.Errorf("--journal -: expected a file")
	}
	for _, path := range journalFiles(a.journalFile) {
		files = append(files, use("--journal", path, true))
	}
	if a.file == stdin {
		if f, ok := useStream("standard input", a.in, false); ok {
			files = append(files, f)
		}
	}
	if f, ok := useStream("standard output", a.out.Stream(), true); ok {
		files = append(files, f)
	}
	files = append(files, a.others...)
	if err := apart(files); err != nil {
		return err
	}
	for _, f := range files {
		if f.elsewhere != "" && (f.flag == "--results" || f.flag == "--journal") {
			return fmt.Errorf("%s: %s is a link to %s, and links to other folders are not followed: give the file itself", f.flag, f.path, f.elsewhere)
		}
	}
	for _, f := range files {
		if f.flag != "--failed" && f.flag != "--report" && f.flag != "--out" && f.flag != "--before" {
			continue
		}
		if err := tryReplace(f.path); err != nil {
			return fmt.Errorf("%s: %w", f.flag, err)
		}
	}
	return nil
}
