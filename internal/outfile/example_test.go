package outfile_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"

	"github.com/webexscim/bulk/internal/outfile"
)

// A command reads users.csv and writes failed.csv, which somebody may have
// corrected by hand since the last run.
func Example() {
	dir, _ := os.MkdirTemp("", "")
	defer os.RemoveAll(dir)
	users, failed := filepath.Join(dir, "users.csv"), filepath.Join(dir, "failed.csv")
	_ = os.WriteFile(users, []byte("userName\n"), 0o600)
	_ = os.WriteFile(failed, []byte("corrected\n"), 0o600)

	err := outfile.Check(
		outfile.File{Flag: "FILE", Path: users},
		outfile.File{Flag: "--failed", Path: failed, Mode: outfile.Replaced},
	)
	fmt.Println(err)
	kept, err := outfile.ReplaceKeeping(failed, func(w *bufio.Writer) error {
		_, err := w.WriteString("failed\n")
		return err
	})
	fmt.Println(filepath.Base(kept), err)

	// The file that is read must not be written.
	err = outfile.Check(
		outfile.File{Flag: "FILE", Path: users},
		outfile.File{Flag: "--failed", Path: users, Mode: outfile.Replaced},
	)
	fmt.Println(err != nil)
	// Output:
	// <nil>
	// failed.csv.bak <nil>
	// true
}
