package client

// KeepNothing has all that waits lie on disk, as most of it does in a large
// job.
func KeepNothing(c *Client) { c.inMemory = 0 }
