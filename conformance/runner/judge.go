package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/webexscim/bulk/conformance/vectors"
)

// judge returns an error for each difference between a report and a vector. It
// compares the decoded answer: a generated client does not match results with
// operations, nor decide about repeating a request.
func judge(v vectors.Vector, r report) error {
	var errs []error
	differs := func(what string, got, want any) {
		errs = append(errs, fmt.Errorf("%s is %v, expected %v", what, got, want))
	}
	if v.Response.Status != r.Status {
		differs("the status", r.Status, v.Response.Status)
	}
	if want := v.Response.Headers["Retry-After"]; want != r.RetryAfter {
		differs("Retry-After", r.RetryAfter, want)
	}
	if v.Expect.TrackingID != r.TrackingID && v.Response.Cut == "" {
		differs("the tracking id", r.TrackingID, v.Expect.TrackingID)
	}
	if v.Expect.Outcome != "answered" {
		if len(r.Operations) > 0 {
			differs("the number of results", len(r.Operations), 0)
		}
		if v.Expect.ErrorCode != r.ErrorCode {
			differs("the error code", r.ErrorCode, v.Expect.ErrorCode)
		}
		if !slices.Equal(v.Expect.Details, r.Details) {
			differs("the details", r.Details, v.Expect.Details)
		}
		return errors.Join(errs...)
	}
	for i, want := range v.Expect.Operations {
		got, found := find(want, i, v, r)
		switch {
		case want.Status == 0 && found && got.Status != 0 && want.Outcome == "unknown":
			differs("the status of "+want.BulkID, got.Status, "none")
		case want.Status == 0:
		case !found:
			differs("the result of "+want.BulkID, "missing", want.Status)
		default:
			errs = append(errs, compare(want, got))
		}
	}
	return errors.Join(errs...)
}

// find returns the result of an operation, by its bulkId, its location, or its
// position.
func find(want vectors.Operation, i int, v vectors.Vector, r report) (operation, bool) {
	for _, got := range r.Operations {
		if got.BulkID == want.BulkID {
			return got, true
		}
	}
	for _, got := range r.Operations {
		if want.ID != "" && got.BulkID == "" && strings.Contains(got.Location, want.ID) {
			return got, true
		}
	}
	if len(r.Operations) == len(v.Expect.Operations) && r.Operations[i].BulkID == "" {
		return r.Operations[i], true
	}
	return operation{}, false
}

func compare(op vectors.Operation, got operation) error {
	want := op
	var errs []error
	differs := func(what string, got, want any) {
		errs = append(errs, fmt.Errorf("%s of operation %q is %v, expected %v", what, op.BulkID, got, want))
	}
	if got.Status != want.Status {
		differs("the status", got.Status, want.Status)
	}
	plain := strings.NewReplacer("%2D", "-").Replace(got.Location)
	if want.ID != "" && !strings.Contains(plain, want.ID) {
		differs("the location", got.Location, want.ID)
	}
	if got.ErrorCode != want.ErrorCode {
		differs("the error code", got.ErrorCode, want.ErrorCode)
	}
	if !slices.Equal(got.Details, want.Details) {
		differs("the details", got.Details, want.Details)
	}
	if got.TrackingID != "" && got.TrackingID != want.TrackingID {
		differs("the tracking id", got.TrackingID, want.TrackingID)
	}
	return errors.Join(errs...)
}
