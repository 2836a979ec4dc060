package textfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// MaxRecord bounds one line, one operation or one row of a sheet, in bytes of
// UTF-8.
const MaxRecord = 64 << 20

// ErrTooLarge says that a record is larger than MaxRecord.
var ErrTooLarge = errors.New("larger than 64 MiB")

// Lines reads a text line by line.
type Lines struct {
	r     *bufio.Reader
	limit int
	Count int // lines begun so far
	buf   []byte
}

// NewLines reads the lines of r. A line of more than limit bytes is too large.
func NewLines(r io.Reader, limit int) *Lines {
	return &Lines{r: bufio.NewReaderSize(r, 1<<16), limit: limit}
}

// Next returns the next line without its line end, valid until the next call.
// For a line that is too large it returns ErrTooLarge; the call after it
// returns the next line.
func (l *Lines) Next() ([]byte, error) {
	l.buf = l.buf[:0]
	l.Count++
	tooLarge := false
	for {
		part, err := l.r.ReadSlice('\n')
		if tooLarge = tooLarge || len(l.buf)+len(part) > l.limit; !tooLarge {
			l.buf = append(l.buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err == io.EOF && len(l.buf) == 0 && !tooLarge:
			l.Count--
			return nil, io.EOF
		case err != nil && err != io.EOF:
			return nil, err
		case tooLarge:
			return nil, ErrTooLarge
		default:
			return bytes.TrimRight(l.buf, "\r\n"), nil
		}
	}
}
