package terminal

import "testing"

func TestClipCountsCharacters(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"", 0, ""}, {"a", 0, "…"}, {"abc", 3, "abc"}, {"abcd", 3, "abc…"}, {"äöü", 3, "äöü"}, {"äöüß", 3, "äöü…"}, {"\xff\xff", 1, "\xff…"},
	} {
		if got := Clip(c.text, c.n); got != c.want {
			t.Errorf("Clip(%q, %d) = %q, want %q", c.text, c.n, got, c.want)
		}
	}
}

func TestPluralOfAlternatives(t *testing.T) {
	for n, want := range map[int]string{0: "0 users or groups", 1: "1 user or group", 2: "2 users or groups"} {
		if got := Plural(n, "user or group"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
