package journal

import (
	"errors"
	"fmt"
	"os"
	"runtime"
)

// fileLock makes the use of a journal exclusive while it is open, also within
// this process. It is a lock on a file of its own: on POSIX systems a process
// loses SQLite's lock on the journal as soon as it closes any descriptor of it,
// for example after having copied it. The operating system releases the lock
// when the process ends, however it ends. Then the file stays, and is no
// obstacle.
type fileLock struct{ file *os.File }

// errHeld says that the lock is held by another Journal or process.
var errHeld = errors.New("lock is held")

// acquireLock creates and locks the file at path. Its error wraps errHeld or
// ErrWrite.
func acquireLock(path string) (fileLock, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return fileLock{}, fmt.Errorf("%w: the lock file: %w", ErrWrite, err)
		}
		if err := lockFile(f); err != nil {
			return fileLock{}, errors.Join(err, f.Close())
		}
		// Its holder may have removed the file since it was opened here; then
		// the lock is useless, because the next Open creates another file.
		mine, _ := f.Stat()
		now, _ := os.Stat(path)
		if os.SameFile(mine, now) {
			return fileLock{f}, nil
		}
		_ = f.Close()
	}
}

// release removes the file while it is locked, so that nobody can lock a file
// that is being removed. Windows removes no open file; there nobody else can
// have it locked when the removal succeeds. A file that stays is no obstacle.
func (l fileLock) release() error {
	if l.file == nil {
		return nil
	}
	if runtime.GOOS != "windows" {
		_ = os.Remove(l.file.Name())
	}
	err := l.file.Close()
	if runtime.GOOS == "windows" {
		_ = os.Remove(l.file.Name())
	}
	return err
}
