package journal

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/webexscim/bulk/client"
)

// rowStatement is a statement that takes rows, prepared for several numbers of
// them: one execution for a full request costs a fraction of a hundred.
type rowStatement struct {
	text    string // with %s where the rows go
	columns int
	bySize  [len(rowCounts)]*sql.Stmt // prepared when needed
}

var rowCounts = [...]int{100, 10, 1}

// run executes the statement for all rows in args and returns how many rows of
// the table it has changed.
func (r *rowStatement) run(s *store, args []any) (changed int, err error) {
	for i, n := range rowCounts {
		for size := n * r.columns; len(args) >= size; args = args[size:] {
			if r.bySize[i] == nil {
				row := "(?" + strings.Repeat(", ?", r.columns-1) + ")"
				if r.bySize[i], err = s.stmt(fmt.Sprintf(r.text, row+strings.Repeat(", "+row, n-1))); err != nil {
					return 0, err
				}
			}
			result, err := r.bySize[i].ExecContext(context.Background(), args[:size]...)
			if err != nil {
				return 0, err
			}
			affected, err := result.RowsAffected()
			if err != nil {
				return 0, err
			}
			changed += int(affected)
		}
	}
	return changed, nil
}

// execute runs a prepared statement for its effect. Statements are not canceled:
// one that was could leave its caller not knowing what is on disk.
func execute(stmt *sql.Stmt, args ...any) error {
	_, err := stmt.ExecContext(context.Background(), args...)
	return err
}

// run runs SQL texts for their effect.
func run(conn *sql.Conn, texts ...string) error {
	for _, text := range texts {
		if _, err := conn.ExecContext(context.Background(), text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	return nil
}

// now is the time, as it will be read from the disk.
func now() time.Time { return time.UnixMilli(time.Now().UnixMilli()) }

// millis is a time as it is on disk: milliseconds since 1970, NULL for the zero
// time.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// fromMillis reads what millis wrote.
func fromMillis(n sql.NullInt64) (t time.Time) {
	if n.Valid {
		t = time.UnixMilli(n.Int64)
	}
	return t
}

// blob is a key as it is on disk: NULL for the zero one.
func blob(k *client.Key) any {
	if *k == (client.Key{}) {
		return nil
	}
	return k[:]
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// crc is a checksum of values as they are on disk.
func crc(values []any) int64 {
	b := make([]byte, 0, 256)
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			b = append(b, 0)
		case int64:
			b = binary.AppendVarint(append(b, 1), v)
		case string:
			b = append(binary.AppendUvarint(append(b, 2), uint64(len(v))), v...)
		case []byte:
			b = append(binary.AppendUvarint(append(b, 3), uint64(len(v))), v...)
		}
	}
	return int64(crc32.ChecksumIEEE(b))
}
