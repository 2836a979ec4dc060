package report_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/report"
	"github.com/webexscim/bulk/webextest"
)

// A job is watched while it runs, and reported when it is over.
func Example() {
	service := webextest.New(webextest.Config{})
	c, err := client.New(client.Config{
		OrgID: webextest.DefaultOrgID, Token: client.StaticToken(webextest.DefaultToken), HTTPClient: service.Client(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	job := &client.Job{Source: client.Operations(
		client.Users.Create(gen.User{UserName: "ann@example.com"}).Named("ann"),
		client.Groups.Create(gen.Group{DisplayName: "Board", Members: []gen.GroupMember{{Value: client.Ref("ann")}}}),
	)}
	var terminal, page bytes.Buffer
	bar := report.NewProgress(&terminal, 2, report.ProgressOptions{Sample: job.Progress})
	rec := report.NewRecorder(report.RecorderOptions{Sample: job.Progress})
	out := report.NewResults(&terminal)
	var sum report.Summary
	for res, err := range c.Run(context.Background(), job) {
		if err != nil {
			fmt.Println(err)
			return
		}
		line := res.Index + 1
		sum.Add(res, line)
		rec.Add(res, line)
		_ = out.Write(report.NewLine(res, line))
	}
	bar.Stop()
	rec.Stop()
	if err := out.Flush(); err != nil {
		fmt.Println(err)
	}
	sum.Finish(job.Progress(), 0, nil)
	_ = sum.WriteTable(os.Stdout)
	p := report.Page{Input: "new.csv", Summary: &sum, Samples: rec.Samples(), Failures: rec.Failures()}
	if err := p.Write(&page); err != nil {
		fmt.Println(err)
	}
	fmt.Println(strings.Contains(page.String(), "All 2 operations succeeded."))
	// Output:
	// operations         2
	//   succeeded        2
	// requests           1
	// time              0s
	// true
}
