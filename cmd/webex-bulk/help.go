package main

import (
	"fmt"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newHelp is cobra's help command, to which a command that is not there is an
// error.
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

// noSuchShell tells of the shells that there are.
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

// withoutBackticks takes the marks out of what flags are for: completion shows
// the text as it is.
func withoutBackticks(root *cobra.Command) {
	for _, cmd := range append(root.Commands(), root) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") })
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

// writeUsage writes how a command is used. width is that of the terminal; 0
// leaves lines whole.
func writeUsage(cmd *cobra.Command, width int) error {
	usage := template.New("usage").Funcs(template.FuncMap{
		"pad":   func(text string, width int) string { return fmt.Sprintf("%-*s", width, text) },
		"flags": func(cmd *cobra.Command) string { return flagUsages(cmd, width) },
	})
	return template.Must(usage.Parse(usageTemplate)).Execute(cmd.OutOrStderr(), cmd)
}

// headingOf is the annotation of a flag that help shows below a heading.
const headingOf = "heading"

// head puts the flags that have no heading yet below one.
func head(f *pflag.FlagSet, heading string) {
	f.VisitAll(func(flag *pflag.Flag) {
		if flag.Annotations[headingOf] == nil {
			flag.Annotations = map[string][]string{headingOf: {heading}}
		}
	})
}

// flagUsages tells the flags of a command below their headings, in the order of
// the flags. The heading of a flag that has none is Flags.
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
