// Package wire holds small types for members that SCIM services send in
// several JSON forms.
//
//	var item struct {
//		Status wire.Status `json:"status"`
//	}
//	err := json.Unmarshal([]byte(`{"status":{"code":201}}`), &item) // item.Status == 201
//
// Reading never fails: a value of no known form reads as the zero value, so
// that one unusual item does not make the whole answer unreadable.
package wire

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// space is what JSON takes for white space, and nothing else.
const space = " \t\r\n"

// Status is the HTTP status code of one result. It reads 201, "201" and
// {"code":201}; anything else, null and codes outside 100 to 599 among it,
// reads as 0, which means that no status is known. It writes the decimal
// string of RFC 7644 section 3.7: "201".
type Status int

// OK reports whether the code says that the operation was done (2xx).
func (s Status) OK() bool { return s >= 200 && s <= 299 }

// UnmarshalJSON never returns an error.
func (s *Status) UnmarshalJSON(raw []byte) error {
	raw = bytes.Trim(raw, space)
	if len(raw) > 0 && raw[0] == '{' {
		var wrapped struct {
			Code json.RawMessage `json:"code"`
		}
		if json.Unmarshal(raw, &wrapped) != nil {
			wrapped.Code = nil
		}
		raw = wrapped.Code
	}
	*s = parseStatus(scalar(raw))
	return nil
}

// MarshalJSON writes the code as a string, as RFC 7644 section 3.7 does.
func (s Status) MarshalJSON() ([]byte, error) {
	return strconv.AppendQuote(nil, strconv.Itoa(int(s))), nil
}

func parseStatus(text string) Status {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 100 || n > 599 {
		return 0
	}
	return Status(n)
}

// Text is a string that some services send as a number: it keeps the digits
// of a number as they were sent. Anything but a string or a number reads as
// "". It writes a JSON string.
type Text string

// UnmarshalJSON never returns an error.
func (t *Text) UnmarshalJSON(raw []byte) error {
	*t = Text(scalar(bytes.Trim(raw, space)))
	return nil
}

// Texts are texts that some services send as a list and others as one text.
// Anything else reads as none. One text is written as it is, several as a list.
type Texts []string

// UnmarshalJSON never returns an error.
func (t *Texts) UnmarshalJSON(raw []byte) error {
	*t = nil
	raw = bytes.Trim(raw, space)
	list := []Text{""}
	if len(raw) > 0 && raw[0] == '[' {
		_ = json.Unmarshal(raw, &list) // elements read as texts without an error
	} else {
		_ = list[0].UnmarshalJSON(raw)
	}
	for _, text := range list {
		if text != "" {
			*t = append(*t, string(text))
		}
	}
	return nil
}

// MarshalJSON writes one text as a JSON string.
func (t Texts) MarshalJSON() ([]byte, error) {
	if len(t) == 1 {
		return json.Marshal(t[0])
	}
	return json.Marshal([]string(t))
}

// scalar is the text of a JSON string or number, else "".
func scalar(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	switch c := raw[0]; {
	case c == '"':
		if end := len(raw) - 1; end > 0 && raw[end] == '"' && !bytes.ContainsFunc(raw[1:end], needsDecoder) {
			return string(raw[1:end]) // as most are
		}
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return ""
		}
		return text
	case (c == '-' || '0' <= c && c <= '9') && json.Valid(raw):
		return string(raw)
	}
	return ""
}

// needsDecoder reports whether a character does not stand for itself in every
// JSON string, or is not valid in one.
func needsDecoder(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r >= utf8.RuneSelf }
