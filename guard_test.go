package bulk_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// maxBinaryGrowth bounds what package client adds to a program that has
// net/http and encoding/json already, in bytes. Most of it is the generated
// client.
const maxBinaryGrowth = 2 << 20

// TestClientAddsLittleToBinary links two programs that differ in the library
// alone.
func TestClientAddsLittleToBinary(t *testing.T) {
	if testing.Short() {
		t.Skip("links two programs")
	}
	t.Parallel()
	const rest = "\nfunc main() { _, _ = http.Get(\"\"); _ = json.Unmarshal(nil, nil); use() }\n"
	without := linkedSize(t, "package main\nimport (\"encoding/json\"; \"net/http\")\nfunc use() {}"+rest)
	with := linkedSize(t, `package main
import ("context"; "encoding/json"; "net/http"; "`+module+`/client")
func use() {
	c, _ := client.New(client.Config{})
	_, _ = c.Do(context.Background())
}`+rest)
	t.Logf("client adds %d KiB", (with-without)>>10)
	if with-without > maxBinaryGrowth {
		t.Errorf("client adds %d bytes to a program, at most %d are wanted", with-without, maxBinaryGrowth)
	}
}

// linkedSize is the size of a program, without symbols.
func linkedSize(t *testing.T, source string) int64 {
	t.Helper()
	// A folder that ./... does not see, within the module: no other go.mod is
	// needed.
	dir, err := os.MkdirTemp(".", "_size")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	file, program := filepath.Join(dir, "main.go"), filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w", "-o", program, file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
