package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build describes the build of this program; "" is unknown.
type build struct {
	version, commit, date string
}

// buildOf reads the build information of the go command.
func buildOf() build {
	b := build{version: "(devel)"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			b.commit = s.Value + b.commit
		case s.Key == "vcs.time":
			b.date = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			b.commit += ", with changes that are not committed"
		}
	}
	return b
}

func newVersion(std stdio) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version, commit and date of the program",
		Example: `  webex-bulk version`,
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			b := buildOf()
			err := std.out.Printf("webex-bulk %s\n", b.version)
			system := runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
			for _, row := range [][2]string{{"commit", b.commit}, {"date", b.date}, {"go", system}} {
				if row[1] != "" && err == nil {
					err = std.out.Printf("%-7s%s\n", row[0], row[1])
				}
			}
			return err
		},
	}
}
