// Package terminal writes text for people to a terminal or a log. Text from
// files and services is foreign: a terminal could execute control sequences in
// it, and a line break in it could forge a line.
//
//	out := terminal.NewWriter(os.Stdout)
//	out.Printf("line %d: %s\n", line, name)          // the format is the program's own, the arguments are foreign
//	err = terminal.Errorf("%w\nsee %s", err, file)   // likewise, for an error of several lines
//	out.Printf("%s\n", err)                          // line breaks of Errorf stay, all others are escaped
//
// Two rules make this safe. Printf, Sprintf and Errorf escape their arguments,
// including line breaks. A Writer escapes everything else that is written to
// it, except line breaks and tabs. The escapes are those of JSON, so that JSON
// stays valid.
package terminal
