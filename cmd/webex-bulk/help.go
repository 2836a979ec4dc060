package main

import (
	"fmt"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/webexscim/bulk/internal/terminal"
)

// newHelp returns a help command to which an unknown command is an error.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(cmd.Root(), []string{strings.Join(args, " ")})
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
			if len(args) == 0 {
				for _, sub := range cmd.Root().Commands() {
					if sub.IsAvailableCommand() {
						names = append(names, sub.Name()+"\t"+sub.Short)
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// noSuchShell is the error of completion for an unknown shell.
func noSuchShell(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	return fmt.Errorf("unknown shell %q: expected one of %s", args[0], strings.Join(names, ", "))
}

// withoutBackticks removes the marks of a flag's argument from its description,
// which completion shows as it is.
func withoutBackticks(root *cobra.Command) {
	for _, cmd := range append(root.Commands(), root) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") })
	}
}

// helpTemplate shows the purpose of a command, then examples and details.
const helpTemplate = `{{.Short}}
{{if .HasExample}}
Examples:
{{.Example}}
{{end}}{{with .Long}}
{{. | trimTrailingWhitespaces}}
{{end}}
{{.UsageString}}`

// wrapped breaks the lines of help at the width of the terminal.
func wrapped(out *terminal.Writer, help func(*cobra.Command, []string)) func(*cobra.Command, []string) {
	return func(cmd *cobra.Command, args []string) {
		var text strings.Builder
		cmd.SetOut(&text)
		help(cmd, args)
		cmd.SetOut(nil)
		_ = out.Print(terminal.Text(text.String()))
	}
}

// usageTemplate shows the commands below a command, and its flags.
const usageTemplate = `Usage:{{if .Runnable}}
  {{.UseLine}}{{else}}
  {{.CommandPath}} COMMAND [flags]{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}
  {{pad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

{{flags .}}{{end}}{{if .HasAvailableSubCommands}}

"{{.CommandPath}} COMMAND --help" tells more about a command.{{end}}
`

// writeUsage writes the usage of a command. width is that of the terminal; 0
// breaks no line.
func writeUsage(cmd *cobra.Command, width int) error {
	usage := template.New("usage").Funcs(template.FuncMap{
		"pad":   func(text string, width int) string { return fmt.Sprintf("%-*s", width, text) },
		"flags": func(cmd *cobra.Command) string { return flagUsages(cmd, width) },
	})
	return template.Must(usage.Parse(usageTemplate)).Execute(cmd.OutOrStderr(), cmd)
}

// headingOf is the annotation of a flag with the heading that help shows above
// it.
const headingOf = "heading"

// setHeading puts the flags that have no heading yet below one.
func setHeading(f *pflag.FlagSet, heading string) {
	f.VisitAll(func(flag *pflag.Flag) {
		if flag.Annotations[headingOf] == nil {
			flag.Annotations = map[string][]string{headingOf: {heading}}
		}
	})
}

// flagUsages describes the flags of a command below their headings, in the
// order of the flags. The heading of a flag without one is Flags.
func flagUsages(cmd *cobra.Command, width int) string {
	var headings []string
	sets := map[string]*pflag.FlagSet{}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		heading := "Flags"
		if given := f.Annotations[headingOf]; given != nil {
			heading = given[0]
		}
		if sets[heading] == nil {
			sets[heading] = pflag.NewFlagSet(heading, pflag.ContinueOnError)
			sets[heading].SortFlags = cmd.Flags().SortFlags
			headings = append(headings, heading)
		}
		sets[heading].AddFlag(f)
	})
	var parts []string
	for _, heading := range headings {
		parts = append(parts, heading+":\n"+strings.TrimRight(sets[heading].FlagUsagesWrapped(width), " \n"))
	}
	return strings.Join(parts, "\n\n")
}
