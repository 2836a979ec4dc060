// Command runner generates clients in other languages from the contract, runs
// them against the simulator and the message vectors, and prints a table.
// conformance/run calls it; conformance/README.md describes the folders.
//
//	conformance/run                 # all
//	conformance/run python rust     # these
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Maximum times for one language.
const (
	buildTime = 10 * time.Minute
	runTime   = 5 * time.Minute
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, "conformance", os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// run tests the languages one after the other and prints the table. The error
// names the languages that failed.
func run(ctx context.Context, root string, names []string) error {
	languages, err := load(root, names)
	if err != nil {
		return err
	}
	forms, err := findContract()
	if err != nil {
		return err
	}
	var failed []string
	for i := range languages {
		l := &languages[i]
		began := time.Now()
		fmt.Fprintf(os.Stderr, "== %s: %s %s\n", l.name, l.Generator, l.Version)
		if l.err = l.test(ctx, forms); l.err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", l.name, l.err)
			failed = append(failed, l.name)
		}
		fmt.Fprintf(os.Stderr, "   %s\n", time.Since(began).Round(time.Second))
	}
	printTable(languages)
	if failed != nil {
		return fmt.Errorf("failed: %s", strings.Join(failed, ", "))
	}
	return nil
}

// load reads kit.json of the named folders, or of all folders.
func load(root string, names []string) ([]language, error) {
	if len(names) == 0 {
		files, err := filepath.Glob(filepath.Join(root, "*", "kit.json"))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			names = append(names, filepath.Base(filepath.Dir(f)))
		}
		slices.Sort(names)
	}
	var list []language
	for _, name := range names {
		l, err := readLanguage(root, name)
		if err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

// contract has the absolute paths of the forms of the contract.
type contract struct{ openapi, compat string }

func findContract() (c contract, err error) {
	for file, path := range map[string]*string{"api/openapi.yaml": &c.openapi, "api/openapi.compat.yaml": &c.compat} {
		if *path, err = filepath.Abs(file); err != nil {
			return c, err
		}
		if _, err := os.Stat(*path); err != nil {
			return c, err
		}
	}
	return c, nil
}

func printTable(languages []language) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "language\tgenerator\tversion\tcases run\tpassed\tknown limits")
	for _, l := range languages {
		limits := fmt.Sprint(len(l.limited()))
		if l.err != nil {
			limits += "; FAILED"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%s\n", l.name, l.Generator, l.Version, l.ran, l.passed, limits)
	}
	w.Flush()
	for _, l := range languages {
		for _, limit := range l.Limits {
			fmt.Printf("\n%s: %s\n  vectors %s\n", l.name, limit.Why, strings.Trim(fmt.Sprint(limit.Vectors), "[]"))
		}
	}
}
