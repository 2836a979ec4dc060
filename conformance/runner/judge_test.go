package main

import (
	"testing"

	"github.com/webexscim/bulk/conformance/vectors"
)

// faithful returns the report of a client that reads a vector correctly.
func faithful(v vectors.Vector) report {
	r := report{
		Vector: v.Number, Status: v.Response.Status, RetryAfter: v.Response.Headers["Retry-After"],
		TrackingID: v.Expect.TrackingID, ErrorCode: v.Expect.ErrorCode, Details: v.Expect.Details,
	}
	if v.Expect.Outcome != "answered" {
		return r
	}
	for _, op := range v.Expect.Operations {
		if op.Status != 0 {
			r.Operations = append(r.Operations, operation{op.BulkID, op.ID, op.Status, op.TrackingID, op.ErrorCode, op.Details})
		}
	}
	return r
}

// A correct reading passes.
func TestJudgeFindsEachMisreading(t *testing.T) {
	all, err := vectors.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if err := judge(v, faithful(v)); err != nil {
			t.Errorf("vector %d: %v", v.Number, err)
		}
		for name, misread := range map[string]func(*report){
			"status":     func(r *report) { r.Status++ },
			"RetryAfter": func(r *report) { r.RetryAfter += "0" },
			"details":    func(r *report) { r.Details = append(r.Details, "x") },
			"operation":  func(r *report) { r.Operations = append(r.Operations, operation{BulkID: "x", Status: 201}) },
		} {
			if name != "status" && name != "RetryAfter" && v.Expect.Outcome == "answered" {
				continue
			}
			r := faithful(v)
			misread(&r)
			if judge(v, r) == nil {
				t.Errorf("vector %d: a wrong %s passes", v.Number, name)
			}
		}
		for i := range faithful(v).Operations {
			for name, misread := range map[string]func(*operation){
				"status": func(op *operation) { op.Status = 299 }, "code": func(op *operation) { op.ErrorCode += "1" },
				"details": func(op *operation) { op.Details = append(op.Details, "x") },
			} {
				r := faithful(v)
				misread(&r.Operations[i])
				if judge(v, r) == nil {
					t.Errorf("vector %d: a wrong %s of result %d passes", v.Number, name, i)
				}
			}
			r := faithful(v)
			r.Operations = append(r.Operations[:i:i], r.Operations[i+1:]...)
			if judge(v, r) == nil {
				t.Errorf("vector %d: a missing result %d passes", v.Number, i)
			}
		}
	}
}
