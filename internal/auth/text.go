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
	// maxFile is the maximum size in bytes of a file with a token or
	// credentials.
	maxFile = 64 << 10
	// readTimeout bounds the reading of a file: a pipe without a writer never
	// ends.
	readTimeout = 5 * time.Second
)

// ReadText returns the text of a small file in UTF-8, UTF-16 or UTF-32 as UTF-8
// without a byte order mark. It returns an error if the path is neither a file
// nor a pipe, if the text is longer than limit bytes, or if its end is not
// reached within five seconds. Errors name the path and quote nothing of the
// content.
func ReadText(path string, limit int) (string, error) {
	return readText(path, limit, readTimeout)
}

func readText(path string, limit int, timeout time.Duration) (string, error) {
	if err := checkKind(path, fs.ModeNamedPipe); err != nil {
		return "", err
	}
	var raw []byte
	read := make(chan error, 1)
	go func() { // it leaks if the pipe never ends: opening a pipe cannot be canceled
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
		return "", fmt.Errorf("%s: no end of file within %v: "+
			"expected a file, or a pipe that is closed after the text", path, timeout)
	}
}

// checkKind returns an error unless the path is a regular file or of an allowed
// kind. It opens nothing, because opening a device can have an effect.
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
		return nil, fmt.Errorf("%s: the file is longer than %d bytes: expected a short text file", path, limit)
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
