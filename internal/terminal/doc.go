// Package terminal writes for people, on a terminal or into a log. Text of files, services and names is foreign: a
// terminal could obey it, and a line break in it could forge a line.
//
//	out := terminal.NewWriter(os.Stdout)
//	out.Printf("line %d: %s\n", line, name)          // the format is the program's own, the arguments are foreign
//	err = terminal.Errorf("%w\nsee %s", err, file)   // likewise, for an error of several lines
//	out.Printf("%s\n", err)                          // line breaks of Errorf stay, all others are escaped
//
// Two rules make this safe. Printf, Sprintf and Errorf escape their arguments, line breaks included. A Writer escapes
// whatever else reaches it, by whatever way, except line breaks and tabs. Escapes are those of JSON, so that JSON stays JSON.
package terminal
