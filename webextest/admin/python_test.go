package admin_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/webexscim/bulk/webextest"
	"github.com/webexscim/bulk/webextest/admin"
)

// It runs the example of docs/simulator.md with a program under test.
func TestPythonExampleOfTheDocsWorks(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is needed")
	}
	doc, err := os.ReadFile("../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```python\n(.*?)```").FindSubmatch(doc)
	if block == nil {
		t.Fatal("the document has no Python")
	}
	sim := webextest.New(webextest.Config{})
	server := httptest.NewServer(admin.New(sim, admin.Config{}))
	defer server.Close()
	program := strings.NewReplacer("URL", server.URL+service+"Bulk", "TOKEN", webextest.DefaultToken).Replace(tested) +
		strings.Replace(string(block[1]), "http://127.0.0.1:8080", server.URL, 1) + "\nprint(created)\n"
	out, err := exec.CommandContext(t.Context(), python, "-c", program).CombinedOutput()
	if err != nil || string(out) != "['ann@example.com']\n" || sim.Created("ann@example.com") != 1 {
		t.Errorf("%v: %s", err, out)
	}
}

// tested is a program that sends again when an answer is lost.
const tested = `
def send():
    body = b'{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"operations":[{"method":"POST","path":"/Users","bulkId":"u","data":{"userName":"ann@example.com"}}]}'
    http.urlopen(http.Request("URL", body, {"Content-Type": "application/json", "Authorization": "Bearer TOKEN"}))
def provision():
    try:
        send()
        raise SystemExit("the answer was not lost")
    except OSError:
        send()
`
