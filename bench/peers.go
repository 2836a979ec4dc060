package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// The programs that run the peers, with pinned versions.
//
//go:embed peers
var peerFiles embed.FS

// peer is an installed client in another language.
type peer struct {
	name  string
	start func(ctx context.Context) *exec.Cmd
}

// The names of the peers in the page.
const (
	peerPython = "wxc_sdk 1.41.0"
	peerJava   = "SCIM-SDK 1.30.0"
)

// installPeers installs the peers. The page names the peers that could not be
// installed.
func (b *bench) installPeers(ctx context.Context) {
	for _, p := range []struct {
		name    string
		install func(ctx context.Context, dir string) (func(ctx context.Context) *exec.Cmd, error)
	}{
		{peerPython, installPython},
		{peerJava, installJava},
	} {
		dir := filepath.Join(b.dir, "peers")
		err := os.CopyFS(filepath.Join(dir, p.name), peerFiles)
		var start func(ctx context.Context) *exec.Cmd
		if err == nil {
			start, err = p.install(ctx, filepath.Join(dir, p.name, "peers"))
		}
		if err != nil {
			b.missing = append(b.missing, p.name)
			fmt.Fprintf(os.Stderr, "bench: %s: %v\n", p.name, err)
			continue
		}
		b.peers = append(b.peers, peer{p.name, start})
	}
}

// installPython creates a virtual environment with wxc_sdk.
func installPython(ctx context.Context, dir string) (func(ctx context.Context) *exec.Cmd, error) {
	python := filepath.Join(dir, "env", "bin", "python")
	for _, args := range [][]string{
		{"python3", "-m", "venv", filepath.Join(dir, "env")},
		{python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "wxc_sdk==1.41.0"},
	} {
		if err := quietly(exec.CommandContext(ctx, args[0], args[1:]...)); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context) *exec.Cmd {
		return exec.CommandContext(ctx, python, filepath.Join(dir, "wxc.py"))
	}, nil
}

// installJava downloads the client and its dependencies with Maven.
func installJava(ctx context.Context, dir string) (func(ctx context.Context) *exec.Cmd, error) {
	maven := exec.CommandContext(ctx, "mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib")
	maven.Dir = dir
	if err := quietly(maven); err != nil {
		return nil, err
	}
	return func(ctx context.Context) *exec.Cmd {
		return exec.CommandContext(ctx, "java", "-cp", filepath.Join(dir, "lib", "*"), filepath.Join(dir, "ScimSdk.java"))
	}, nil
}

// quietly runs cmd. If it fails, the error contains its output.
func quietly(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd.Args[0], err, out)
	}
	return nil
}
