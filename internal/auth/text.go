package auth

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/webexscim/bulk/internal/textfile"
)

const (
	// maxFile is the most bytes of a file with a token or with credentials.
	maxFile = 64 << 10
	// readTimeout is how long a file may take to its end, since a pipe that
	// nobody writes to has none.
	readTimeout = 5 * time.Second
)

// ReadText returns a small text file as UTF-8, whether it is written in UTF-8,
// UTF-16 or UTF-32, without byte order marks. It refuses what is neither a file
// nor a pipe, what is longer than limit bytes, and what does not end within five
// seconds. Its errors name the path and quote nothing of the content.
func ReadText(path string, limit int) (string, error) {
	return readText(path, limit, readTimeout)
}

func readText(path string, limit int, timeout time.Duration) (string, error) {
	if err := checkKind(path, fs.ModeNamedPipe); err != nil {
		return "", err
	}
	var raw []byte
	read := make(chan error, 1)
	go func() { // it stays behind if the path never ends: opening a pipe cannot be canceled
		var err error
		raw, err = readBytes(path, limit)
		read <- err
	}()
	select {
	case err := <-read:
		if err != nil {
			return "", err
		}
		return decode(raw)
	case <-time.After(timeout):
		return "", fmt.Errorf("%s: no end of file within %v: expected a file, or a pipe that the whole text is written to", path, timeout)
	}
}

// checkKind refuses what is no file and none of the kinds allowed. It looks
// before anything is opened, since to open a device can have an effect.
func checkKind(path string, allowed fs.FileMode) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	kind := "a special file"
	switch mode := info.Mode(); {
	case mode.Type()&^allowed == 0:
		return nil
	case mode.IsDir():
		kind = "a directory"
	case mode&fs.ModeDevice != 0:
		kind = "a device or terminal"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	}
	return fmt.Errorf("%s is %s: expected a file", path, kind)
}

func readBytes(path string, limit int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > limit {
		return nil, fmt.Errorf("%s: longer than %d bytes, the most for such a file", path, limit)
	}
	return raw, nil
}

// decode returns text as UTF-8.
func decode(raw []byte) (string, error) {
	r, _, err := textfile.Decode(bytes.NewReader(raw), textfile.Encoding{})
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(r)
	return string(text), err
}
