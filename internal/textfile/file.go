// Package textfile reads the text of a file in any encoding, several times if
// needed, and has the errors that name line and column.
//
//	file := &textfile.File{Name: "users.csv", In: in}
//	text, err := file.Open()            // from the beginning, as UTF-8
//	lines := textfile.NewLines(text, textfile.MaxRecord)
//
// It knows nothing of operations: the packages records and sheet read those.
package textfile

import (
	"cmp"
	"fmt"
	"io"
)

// File is an input that is read several times.
type File struct {
	// Name is its name in errors.
	Name string
	// In is the content, read from its beginning each time.
	In io.ReadSeeker
	// Limit is the most bytes of one record; 0 is MaxRecord.
	Limit int
	// Told is the encoding of a text without a byte order mark; the zero value
	// is UTF-8.
	Told Encoding
	// Encoding is the encoding that Open found.
	Encoding Encoding
}

// Open returns the text from its beginning, as UTF-8.
func (f *File) Open() (io.Reader, error) {
	if _, err := f.In.Seek(0, io.SeekStart); err != nil {
		return nil, f.Broken(err)
	}
	text, e, err := Decode(f.In, f.Told)
	if err != nil {
		return nil, f.Broken(err)
	}
	f.Encoding = e
	return text, nil
}

// MaxRecord is the most bytes of one record.
func (f *File) MaxRecord() int { return cmp.Or(f.Limit, MaxRecord) }

// Broken wraps an error of reading.
func (f *File) Broken(err error) error { return fmt.Errorf("read %s: %w", f.Name, err) }
