package opfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/text/encoding/unicode"
)

// encoding is how an input writes its text. Control Hub exports UTF-16 with a byte order mark; so does what
// PowerShell redirects into a file.
type encoding int

const (
	utf8Plain encoding = iota
	utf8Marked
	utf16LE
	utf16BE
)

var byteOrderMarks = [...]string{utf8Marked: "\xef\xbb\xbf", utf16LE: "\xff\xfe", utf16BE: "\xfe\xff"}

// encodingOf tells the encoding from the first bytes, and how many of them are a byte order mark. UTF-16 without one
// shows in the zero byte beside the first character, which is ASCII in every format here.
func encodingOf(head []byte) (e encoding, mark int) {
	for e := utf8Marked; e <= utf16BE; e++ {
		if bytes.HasPrefix(head, []byte(byteOrderMarks[e])) {
			return e, len(byteOrderMarks[e])
		}
	}
	if len(head) >= 2 && head[0] != 0 && head[1] == 0 {
		return utf16LE, 0
	}
	if len(head) >= 2 && head[0] == 0 && head[1] != 0 {
		return utf16BE, 0
	}
	return utf8Plain, 0
}

// decode returns the text of r as UTF-8, without a byte order mark. What is no UTF-16 becomes U+FFFD; what is no
// UTF-8 stays as it is. Both are found later, in the row that they break.
func decode(r io.Reader) (io.Reader, encoding, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	head, err := in.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, utf8Plain, err
	}
	e, mark := encodingOf(head)
	if _, err := in.Discard(mark); err != nil {
		return nil, utf8Plain, err
	}
	switch e {
	case utf16LE:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder().Reader(in), e, nil
	case utf16BE:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder().Reader(in), e, nil
	}
	return in, e, nil
}

// encode begins a text in w in the encoding e, and returns where to write it.
func (e encoding) encode(w io.Writer) (io.Writer, error) {
	if _, err := io.WriteString(w, byteOrderMarks[e]); err != nil {
		return nil, err
	}
	switch e {
	case utf16LE:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().Writer(w), nil
	case utf16BE:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().Writer(w), nil
	}
	return w, nil
}

// maxRecord bounds one line, one operation or one row of a sheet, in bytes of UTF-8.
const maxRecord = 64 << 20

// errTooLarge says that a record is larger than maxRecord.
var errTooLarge = errors.New("larger than 64 MiB")

// bounded fails with errTooLarge when more than limit bytes are read beyond mark: it keeps a quote that is never
// closed from pulling a whole file into memory. It remembers what was read beyond mark, to be shown.
type bounded struct {
	io.Reader
	read, mark, limit int64
	kept              []byte // the last that was read
	ends              int    // line ends before that
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.read-b.mark > b.limit {
		return 0, errTooLarge
	}
	if done := len(b.kept) - len(b.unread()); done > 0 {
		b.ends += bytes.Count(b.kept[:done], []byte("\n"))
		b.kept = append(b.kept[:0], b.kept[done:]...)
	}
	n, err := b.Reader.Read(p)
	b.read += int64(n)
	b.kept = append(b.kept, p[:n]...)
	return n, err
}

// unread is what was read beyond mark.
func (b *bounded) unread() []byte {
	return b.kept[len(b.kept)-int(b.read-b.mark):]
}

// line is the line of the first character beyond mark that ends none.
func (b *bounded) line() int {
	unread := b.unread()
	begun := len(unread) - len(bytes.TrimLeft(unread, "\r\n"))
	return b.ends + bytes.Count(b.kept[:len(b.kept)-len(unread)+begun], []byte("\n")) + 1
}

// lines reads a text line by line.
type lines struct {
	r     *bufio.Reader
	limit int
	count int // lines begun so far
	buf   []byte
}

func newLines(r io.Reader, limit int) *lines {
	return &lines{r: bufio.NewReaderSize(r, 1<<16), limit: limit}
}

// next returns the next line without its end, valid until the call after. For a line that is too large it returns
// errTooLarge, and goes on with the line after that.
func (l *lines) next() ([]byte, error) {
	l.buf = l.buf[:0]
	l.count++
	tooLarge := false
	for {
		part, err := l.r.ReadSlice('\n')
		if tooLarge = tooLarge || len(l.buf)+len(part) > l.limit; !tooLarge {
			l.buf = append(l.buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err == io.EOF && len(l.buf) == 0 && !tooLarge:
			l.count--
			return nil, io.EOF
		case err != nil && err != io.EOF:
			return nil, err
		case tooLarge:
			return nil, errTooLarge
		default:
			return bytes.TrimRight(l.buf, "\r\n"), nil
		}
	}
}

// spoolMemory is how much of an input is kept in memory before it goes to a file.
const spoolMemory = 8 << 20

// Spool returns an input that can be read several times: r itself, when it can seek and stands at its beginning, as a
// file does; else a copy of all that r holds, in memory or, when it is large, in a temporary file that only its owner can
// read. Closing it removes the copy and leaves r open.
func Spool(r io.Reader) (io.ReadSeekCloser, error) {
	if s, ok := r.(io.ReadSeeker); ok {
		if at, err := s.Seek(0, io.SeekCurrent); err == nil && at == 0 {
			return keptOpen{s}, nil
		}
	}
	var head bytes.Buffer
	switch _, err := io.CopyN(&head, r, spoolMemory); {
	case errors.Is(err, io.EOF):
		return keptOpen{bytes.NewReader(head.Bytes())}, nil
	case err != nil:
		return nil, fmt.Errorf("read: %w", err)
	}
	return spoolFile(io.MultiReader(&head, r))
}

// spoolFile copies r to a temporary file. Where the system allows it, the file has no name any more before the first
// byte is in it, so that not even a killed process leaves it behind.
func spoolFile(r io.Reader) (io.ReadSeekCloser, error) {
	file, err := os.CreateTemp("", "webex-bulk-*")
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	copied := &spooled{File: file, named: os.Remove(file.Name()) != nil}
	_, err = io.Copy(file, r)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("spool: %w", err), copied.Close())
	}
	return copied, nil
}

// spooled is a temporary file that goes away when it is closed.
type spooled struct {
	*os.File
	named bool // it still has a name
}

func (s *spooled) Close() error {
	err := s.File.Close()
	if s.named {
		err = errors.Join(err, os.Remove(s.File.Name()))
	}
	return err
}

// keptOpen is an input that is another's to close.
type keptOpen struct{ io.ReadSeeker }

func (keptOpen) Close() error { return nil }
