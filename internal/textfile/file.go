// Package textfile reads the text of a file, whatever its encoding, as often as needed, and tells what is wrong with
// it by line and column.
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
	// Name is what errors call it.
	Name string
	// In is read from its beginning each time.
	In io.ReadSeeker
	// Limit is the most bytes of one record; 0 is MaxRecord.
	Limit int
	// Told is how its text is written, unless a byte order mark says otherwise; the zero value is UTF-8.
	Told Encoding
	// Encoding is how its text is written; Open finds it out.
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

// Broken wraps an error of reading, which is not about what the file says.
func (f *File) Broken(err error) error { return fmt.Errorf("read %s: %w", f.Name, err) }
