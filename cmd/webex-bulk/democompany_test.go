package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
	"github.com/webexscim/bulk/internal/bulkref"
)

// TestEqualSeedsMakeEqualCompanies holds that equal seeds make equal companies,
// that names are unique, and that every reference is to somebody.
func TestEqualSeedsMakeEqualCompanies(t *testing.T) {
	collect := func(seed int64) (ops []client.Operation) {
		for op, err := range newCompany(300, seed).operations(func(string) {}) {
			if err != nil {
				t.Fatal(err)
			}
			ops = append(ops, op)
		}
		return ops
	}
	names, made := map[string]bool{}, map[string]bool{}
	first, second, other := collect(1), collect(1), collect(2)
	same := 0
	for i, op := range first {
		if op.BulkID != second[i].BulkID || !bytes.Equal(encoded(t, op), encoded(t, second[i])) {
			t.Fatalf("operation %d differs", i)
		}
		if i < len(other) && bytes.Equal(encoded(t, op), encoded(t, other[i])) {
			same++
		}
		made[op.BulkID] = true
		if user, ok := op.Data.(gen.User); ok {
			if names[user.UserName] {
				t.Errorf("%s is there twice", user.UserName)
			}
			names[user.UserName] = true
		}
	}
	if len(names) != 300 || same == len(first) {
		t.Errorf("%d people, %d operations as with another seed", len(names), same)
	}
	for _, op := range first {
		refs, err := bulkref.Scan(nil, encoded(t, op))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range refs {
			if !made[r.Name] {
				t.Errorf("%s refers to %s, which is not made", op.BulkID, r.Name)
			}
		}
	}
}

func encoded(t *testing.T, op client.Operation) []byte {
	t.Helper()
	data, err := json.Marshal(op.Data)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
