package journal

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"runtime"
)

// fileLock keeps everybody else from a journal while it is open, in this process
// too. It is a lock on a file of its own: on POSIX systems a process loses
// SQLite's lock on the journal as soon as it closes any descriptor of it, for
// example after having copied it. The operating system releases the lock when
// the process ends, however it ends. Then the file stays, and is no obstacle.
type fileLock struct{ file *os.File }

// errHeld: another holds the lock.
var errHeld = errors.New("lock is held")

// acquireLock creates and locks the file at path, or returns errHeld.
func acquireLock(path string) (fileLock, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return fileLock{}, err
		}
		if err := lockFile(f); err != nil {
			return fileLock{}, errors.Join(err, f.Close())
		}
		// Its holder may have removed the file since it was opened here; then the
		// lock is worth nothing, for the next one creates another file.
		mine, err := f.Stat()
		if now, e := os.Stat(path); err == nil && e == nil && os.SameFile(mine, now) {
			return fileLock{f}, nil
		}
		if err := cmp.Or(err, f.Close()); err != nil {
			return fileLock{}, err
		}
	}
}

// release removes the file while it is locked, so that nobody can lock a file
// that is about to go. Windows removes no open file; there nobody else can have it
// locked when the removal succeeds.
func (l fileLock) release() error {
	if l.file == nil {
		return nil
	}
	path := l.file.Name()
	if runtime.GOOS == "windows" {
		err := l.file.Close()
		_ = os.Remove(path)
		return err
	}
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, l.file.Close())
}
