package transport

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Bounds of an answer: its bytes after decompression, the number of JSON values
// (one of two bytes takes a hundred in memory), and their depth. A page of 100
// groups with 500 members each has some 250,000 values.
const (
	maxAnswer = 16 << 20
	maxValues = 1 << 19
	maxDepth  = 64

	// MaxEntries bounds the entries of a list. The readers of lists check it.
	MaxEntries = 10_000
)

// readBody reads the whole body, within bounds.
func readBody(resp *http.Response, max int64) ([]byte, error) {
	body, err := decompressed(resp)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	n, err := buf.ReadFrom(io.LimitReader(&counter{in: body}, max+1))
	if n > max {
		err = fmt.Errorf("%w: over %d bytes", ErrTooLong, max)
	}
	return buf.Bytes(), err
}

// decompressed returns the decompressed body. net/http decompresses gzip that
// it has asked for; some services compress unasked, or use the older name
// x-gzip.
func decompressed(resp *http.Response) (io.Reader, error) {
	switch encoding := strings.ToLower(strings.Join(resp.Header.Values("Content-Encoding"), ",")); encoding {
	case "", "identity":
		return resp.Body, nil
	case "gzip", "x-gzip":
		return gzip.NewReader(resp.Body)
	case "br", "compress", "deflate", "zstd":
		return nil, fmt.Errorf("%w: %s", errEncoding, encoding)
	}
	return nil, errEncoding
}

// counter reads a JSON text and counts its values. Reading fails if there are
// too many, or if they are nested too deeply.
type counter struct {
	in              io.Reader
	values, depth   int
	inText, escaped bool
}

// Read implements io.Reader.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	for _, b := range p[:n] {
		switch {
		case c.escaped:
			c.escaped = false
		case b == '"':
			c.inText = !c.inText
		case c.inText:
			c.escaped = b == '\\'
		case b == ',':
			c.values++
		case b == '{', b == '[':
			c.values++
			c.depth++
		case b == '}', b == ']':
			c.depth--
		}
		switch {
		case c.values > maxValues:
			return n, fmt.Errorf("%w: over %d values", ErrTooLong, maxValues)
		case c.depth > maxDepth:
			return n, fmt.Errorf("%w: values nested deeper than %d", ErrTooLong, maxDepth)
		}
	}
	return n, err
}
