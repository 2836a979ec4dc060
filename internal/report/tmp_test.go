package report

import (
	"os"
	"testing"
)

func TestTmp(t *testing.T) {
	s, r := importOf(12000)
	f, _ := os.Create("/tmp/p.html")
	pageOf(s, r).Write(f)
	f.Close()
	pg := pageOf(s, r)
	pg.Names = true
	f, _ = os.Create("/tmp/pn.html")
	pg.Write(f)
	f.Close()
	s.WriteTable(os.Stdout)
	s, r = importOf(120)
	f, _ = os.Create("/tmp/p2.html")
	pageOf(s, r).Write(f)
	f.Close()
	s.WriteTable(os.Stdout)
}
