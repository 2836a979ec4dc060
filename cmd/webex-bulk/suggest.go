package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/webexscim/bulk/internal/textfile"
)

// wrongFlag is the error of a flag that cannot be parsed, with what to do about
// it.
func wrongFlag(cmd *cobra.Command, err error) error {
	if wrong, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return unknownFlag(cmd, wrong)
	}
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		expected := map[string]string{
			"int": "a whole number", "int64": "a whole number", "float64": "a number",
			"bool": "true or false", "duration": "a time such as 200ms or 5s",
			"fail|skip|update": "fail, skip or update",
		}[wrong.GetFlag().Value.Type()]
		return fmt.Errorf("--%s %s: expected %s; see %s --help",
			wrong.GetFlag().Name, wrong.GetValue(), expected, cmd.CommandPath())
	}
	return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
}

// otherWords are the names of such commands in other programs.
var otherWords = map[string][]string{
	"apply":    {"import", "run", "send", "create", "upload", "execute"},
	"plan":     {"dry-run", "dryrun", "check", "validate", "preview", "test", "lint", "diff"},
	"serve":    {"simulate", "simulator", "mock", "server"},
	"proxy":    {"record", "intercept", "verify"},
	"whoami":   {"login", "auth", "ping"},
	"template": {"sample", "example", "init"},
	"spec":     {"openapi", "contract", "schema"},
}

// unknownCommand is the error of an unknown command, with the one that may be
// meant.
func unknownCommand(root *cobra.Command, args []string) error {
	word := ""
	if i := slices.IndexFunc(args, func(arg string) bool { return !strings.HasPrefix(arg, "-") }); i >= 0 {
		word = args[i]
	}
	text := fmt.Sprintf("unknown command %q for %s", word, root.CommandPath())
	for command, words := range otherWords {
		if slices.Contains(words, strings.ToLower(word)) {
			return fmt.Errorf("%s: did you mean %s %s?", text, root.CommandPath(), command)
		}
	}
	var names []string
	for _, command := range root.Commands() {
		if command.IsAvailableCommand() {
			names = append(names, command.Name())
		}
	}
	if near := textfile.Nearest(word, names); near != "" {
		return fmt.Errorf("%s: did you mean %s %s?", text, root.CommandPath(), near)
	}
	return fmt.Errorf("%s; see %s --help", text, root.CommandPath())
}

// otherFlags are the names of flags in other programs, by the advice about them.
var otherFlags = map[string][]string{
	"to see what would be done, without sending anything, use webex-bulk plan FILE": {
		"dry-run", "dryrun", "check", "preview", "noop", "what-if", "whatif", "simulate", "validate", "n",
	},
	"to delete without being asked, give --yes":                   {"force", "f", "y", "assume-yes"},
	"the same command continues where it stopped, without a flag": {"resume"},
	"did you mean --org?":                                         {"org-id", "organization"},
	"did you mean --org or --results?":                            {"o"},
	"did you mean --base-url?":                                    {"url", "host", "endpoint"},
	"did you mean --concurrency?":                                 {"threads", "parallel", "workers", "jobs"},
	"did you mean --max-operations?":                              {"batch-size"},
	"did you mean --max-attempts?":                                {"retries", "max-retries"},
	"did you mean --results?":                                     {"output", "out"},
	"did you mean --quiet?":                                       {"silent", "q"},
	"did you mean --ca-file?":                                     {"cacert"},
	"did you mean --version?":                                     {"v"},
}

// adviceAbout returns the advice about a flag of another program, "" if there
// is none that a command can follow: it must have a flag that the advice names.
func adviceAbout(cmd *cobra.Command, name string) string {
	for advice, names := range otherFlags {
		if !slices.Contains(names, strings.ToLower(name)) {
			continue
		}
		isNamed := func(flag string) bool { return strings.Contains(advice, "--"+flag) }
		if !strings.Contains(advice, "--") || slices.ContainsFunc(flagNames(cmd), isNamed) {
			return advice
		}
	}
	return ""
}

// unknownFlag is the error of a flag that a command does not have, with the one
// that may be meant.
func unknownFlag(cmd *cobra.Command, wrong *pflag.NotExistError) error {
	name := wrong.GetSpecifiedName()
	text := fmt.Sprintf("unknown flag: --%s", name)
	if len(name) == 1 {
		text = fmt.Sprintf("unknown flag: -%s", name)
	}
	if name == "token" {
		return errors.New("a token among the arguments can be read by others: " +
			"set WEBEX_ACCESS_TOKEN, or give --token-file FILE")
	}
	if advice := adviceAbout(cmd, name); advice != "" {
		return fmt.Errorf("%s: %s", text, advice)
	}
	if near := textfile.Nearest(name, flagNames(cmd)); near != "" {
		return fmt.Errorf("%s: did you mean --%s?", text, near)
	}
	for _, other := range cmd.Root().Commands() {
		if other != cmd && slices.Contains(flagNames(other), name) {
			return fmt.Errorf("%s: it is a flag of %s; see %s --help", text, other.CommandPath(), cmd.CommandPath())
		}
	}
	return fmt.Errorf("%s; see %s --help", text, cmd.CommandPath())
}

func flagNames(cmd *cobra.Command) (names []string) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}
