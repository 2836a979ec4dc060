package proxy

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// capture is a body that keeps a copy of the first limit bytes.
type capture struct {
	io.ReadCloser
	limit int

	mu   sync.Mutex // the transport may still read a request after its answer
	kept bytes.Buffer
	long bool // there was more
	end  bool // it was read to its end
}

func newCapture(body io.ReadCloser, limit int) *capture {
	if body == nil {
		body = http.NoBody
	}
	return &capture{ReadCloser: body, limit: limit, end: body == http.NoBody}
}

// Read reads from the body and keeps a copy.
func (c *capture) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if room := c.limit - c.kept.Len(); n > room {
		c.kept.Write(p[:room])
		c.long = true
	} else {
		c.kept.Write(p[:n])
	}
	c.end = c.end || err == io.EOF
	return n, err
}

func (c *capture) ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end
}

// errNotWhole: the body broke off, was not read to its end, or is too long.
var errNotWhole = errors.New("the body is not complete")

// content returns the whole body, without the compression that its
// Content-Encoding names. It returns errNotWhole for another encoding, too.
func (c *capture) content(encoding string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.end || c.long:
		return nil, errNotWhole
	case encoding == "" || strings.EqualFold(encoding, "identity"):
		return c.kept.Bytes(), nil
	case !strings.EqualFold(encoding, "gzip"):
		return nil, errNotWhole
	}
	r, err := gzip.NewReader(bytes.NewReader(c.kept.Bytes()))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(r, int64(c.limit)+1))
	if err == nil && len(plain) > c.limit {
		err = errNotWhole
	}
	return plain, err
}
