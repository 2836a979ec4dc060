package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/webexscim/bulk/webextest"
)

// program builds webex-bulk in a folder, as it is released: scripts test real
// processes, their exit codes and what signals do to them. It has no race
// detector, with which a process takes a hundred times as long to start:
// TestGuideIsATranscript and TestApplyHasNoDataRace are for that. All tests share the folder;
// TestMain removes it.
var program = sync.OnceValue(func() (dir string) {
	dir, err := os.MkdirTemp("", "webex-bulk")
	if err != nil {
		panic(err)
	}
	build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", filepath.Join(dir, "webex-bulk"+os.Getenv("GOEXE")), ".")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v\n%s", err, out))
	}
	programDir = dir
	return dir
})

// programDir is the folder of program, if a test has built it.
var programDir string

func TestMain(m *testing.M) {
	code := m.Run()
	if programDir != "" {
		_ = os.RemoveAll(programDir)
	}
	os.Exit(code)
}

// TestScripts runs the command line against simulators: one script a promise.
func TestScripts(t *testing.T) {
	path := program() + string(filepath.ListSeparator) + os.Getenv("PATH")
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{
				"WEBEX_ORG_ID", "WEBEX_BASE_URL", "WEBEX_ACCESS_TOKEN", "WEBEX_CLIENT_ID", "WEBEX_CLIENT_SECRET",
				"WEBEX_REFRESH_TOKEN", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "NO_COLOR",
			} {
				env.Setenv(name, "")
			}
			env.Setenv("PATH", path)
			env.Values[fixtureKey{}] = &fixture{jobs: map[string]*background{}}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"simulator":  cmdSimulator,  // start a service; WEBEX_… lead there
			"script":     cmdScript,     // what goes wrong with the next requests
			"service":    cmdService,    // what the service saw, exactly
			"await":      cmdAwait,      // until it has seen so much
			"exits":      cmdExits,      // run a command and expect a code
			"start":      cmdStart,      // run one in the background
			"signal":     cmdSignal,     // interrupt it
			"ends":       cmdEnds,       // wait for it and expect a code
			"served":     cmdServed,     // WEBEX_… lead to a simulator that runs
			"servedJSON": cmdServedJSON, // the same for serve --json
			"proxied":    cmdProxied,    // WEBEX_BASE_URL leads through a proxy that runs
			"asks":       cmdAsks,       // one request to it
			"curls":      cmdCurls,      // what it says to try
			"users":      cmdUsers,      // write a file of creates
			"crowd":      cmdCrowd,      // a sheet of one large group
			"circle":     cmdCircle,     // or of groups that refer to each other
			"outcomes":   cmdOutcomes,   // what a results file says, exactly
			"agree":      cmdAgree,      // results and service say the same
			"partial":    cmdPartial,    // a results file of whole lines
			"mode":       cmdMode,       // the permissions of a file
			"nowhere":    cmdNowhere,    // no file and no output holds a text
			"user":       cmdUser,       // what the service has of a user
			"members":    cmdMembers,    // the members of a group
			"crlf":       cmdCRLF,       // end lines as Windows does
			"bom":        cmdBOM,        // put a byte order mark before a file
			"utf16":      cmdUTF16,      // encode a file as Control Hub does
			"secure":     cmdSecure,     // a service behind TLS and a proxy
		},
	})
}

// fixtureKey finds the fixture of a script.
type fixtureKey struct{}

// fixture is what the commands of a script share.
type fixture struct {
	sim  *simulator
	jobs map[string]*background // by name
	seen string                 // all that was printed so far
}

func fixtureOf(ts *testscript.TestScript) *fixture { return ts.Value(fixtureKey{}).(*fixture) }

// access returns the environment of a program that uses the service at a url.
func access(url string) []string {
	return []string{"WEBEX_BASE_URL=" + url, "WEBEX_ORG_ID=" + webextest.DefaultOrgID, "WEBEX_ACCESS_TOKEN=" + token}
}

// setAccess is access for the program in this process.
func setAccess(t *testing.T, url string) {
	for _, setting := range access(url) {
		name, value, _ := strings.Cut(setting, "=")
		t.Setenv(name, value)
	}
}

// eventually tries for as long as a slow machine may take.
func eventually(ok func() bool) bool {
	for range 600 {
		if ok() {
			return true
		}
		time.Sleep(50 * time.Millisecond)
	}
	return false
}
