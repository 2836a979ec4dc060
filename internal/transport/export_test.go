package transport

// What the tests of package transport_test see.
var (
	ErrEncoding = errEncoding
	MaxAnswer   = int64(maxAnswer)
)

// SetMaxAnswer changes the bound of an answer.
func (c *Client) SetMaxAnswer(bytes int64) { c.maxAnswer = bytes }
