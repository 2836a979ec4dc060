package journal

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/webexscim/bulk/client"
)

// statements are those of a connection, prepared when they are needed first.
// They are not canceled: one that was could leave its caller not knowing what
// is on disk.
type statements struct {
	conn   *sql.Conn
	single map[string]*sql.Stmt
	many   map[rowShape]driver.StmtExecContext
	rows   []driver.NamedValue // those of the next execRows, one after the other
	sum    []byte              // for crc
}

// rowShape is a statement that takes a number of rows. Thousands of values go
// to the driver without a detour by package sql, which copies each.
type rowShape struct {
	text string // with %s where the rows go
	rows int
}

// The numbers of rows for which statements are prepared: one execution for a
// full request costs a fraction of a hundred.
var rowCounts = [...]int{100, 10, 1}

func newStatements() statements {
	return statements{single: make(map[string]*sql.Stmt), many: make(map[rowShape]driver.StmtExecContext)}
}

// prepared returns the statement of a text.
func (s *statements) prepared(text string) (*sql.Stmt, error) {
	if stmt := s.single[text]; stmt != nil {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	s.single[text] = stmt
	return stmt, nil
}

// exec executes a statement for its effect.
func (s *statements) exec(text string, args ...any) error {
	stmt, err := s.prepared(text)
	if err == nil {
		_, err = stmt.ExecContext(context.Background(), args...)
	}
	return err
}

// scan reads the one row that a query gives.
func (s *statements) scan(text string, args []any, into ...any) error {
	stmt, err := s.prepared(text)
	if err != nil {
		return err
	}
	return stmt.QueryRowContext(context.Background(), args...).Scan(into...)
}

// query reads all rows that a query gives.
func (s *statements) query(text string, args []any, each func(scan func(into ...any) error) error) error {
	stmt, err := s.prepared(text)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(context.Background(), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// forgetRows drops the rows that were added, and what they point to.
func (s *statements) forgetRows() {
	clear(s.rows)
	s.rows = s.rows[:0]
}

// addRow adds a row for execRows.
func (s *statements) addRow(values ...any) {
	for _, v := range values {
		s.rows = append(s.rows, driver.NamedValue{Value: v})
	}
}

// addSummed adds a row that ends with its checksum.
func (s *statements) addSummed(values ...any) {
	s.addRow(values...)
	s.addRow(s.crc(values))
}

// execRows executes a statement for all rows that were added, of so many
// columns each, and returns how many rows of the table it has changed.
func (s *statements) execRows(text string, columns int) (changed int, err error) {
	for rest := s.rows; len(rest) > 0; {
		shape := rowShape{text, 0}
		for _, shape.rows = range rowCounts {
			if shape.rows*columns <= len(rest) {
				break
			}
		}
		values := rest[:shape.rows*columns]
		rest = rest[len(values):]
		for i := range values {
			values[i].Ordinal = i + 1
		}
		stmt, err := s.preparedRows(shape, columns)
		if err != nil {
			return changed, err
		}
		result, err := stmt.ExecContext(context.Background(), values)
		if err != nil {
			return changed, err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return changed, err
		}
		changed += int(n)
	}
	return changed, nil
}

func (s *statements) preparedRows(shape rowShape, columns int) (driver.StmtExecContext, error) {
	if stmt := s.many[shape]; stmt != nil {
		return stmt, nil
	}
	row := "(?" + strings.Repeat(", ?", columns-1) + ")"
	text := fmt.Sprintf(shape.text, row+strings.Repeat(", "+row, shape.rows-1))
	err := s.conn.Raw(func(conn any) error {
		stmt, err := conn.(driver.ConnPrepareContext).PrepareContext(context.Background(), text)
		if err == nil {
			s.many[shape] = stmt.(driver.StmtExecContext)
		}
		return err
	})
	return s.many[shape], err
}

// close closes all statements.
func (s *statements) close() (err error) {
	for _, stmt := range s.single {
		err = errors.Join(err, stmt.Close())
	}
	for _, stmt := range s.many {
		err = errors.Join(err, stmt.(io.Closer).Close())
	}
	return err
}

// run runs SQL texts for their effect.
func (s *statements) run(texts ...string) error {
	for _, text := range texts {
		if _, err := s.conn.ExecContext(context.Background(), text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	return nil
}

// crc is a checksum of values as they are on disk.
func (s *statements) crc(values []any) int64 {
	b := s.sum[:0]
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
	s.sum = b
	return int64(crc32.ChecksumIEEE(b))
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
