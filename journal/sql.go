package journal

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"time"

	"modernc.org/sqlite"

	"github.com/webexscim/bulk/client"
)

// database is a connection to SQLite, for one goroutine at a time. It uses the
// driver without package sql, which copies each of the thousands of values of a
// Write. No statement is canceled, because the content of the disk would be
// unknown then.
type database struct {
	conn       driver.Conn
	statements map[statement]driver.Stmt
	args       []driver.NamedValue // reused
}

// statement is a text in which %s stands for a number of rows. A text without
// %s has 0 rows.
type statement struct {
	text string
	rows int
}

func openDatabase(dataSource string) (*database, error) {
	conn, err := (&sqlite.Driver{}).Open(dataSource)
	return &database{conn: conn, statements: map[statement]driver.Stmt{}}, err
}

// close closes the statements too: SQLite keeps a connection as long as it has
// some (sqlite.org/c3ref/close.html).
func (d *database) close() (err error) {
	for _, stmt := range d.statements {
		err = errors.Join(err, stmt.Close())
	}
	return errors.Join(err, d.conn.Close())
}

// prepare returns a statement, which is prepared once, for rows of so many
// columns.
func (d *database) prepare(s statement, columns int) (driver.Stmt, error) {
	if stmt := d.statements[s]; stmt != nil {
		return stmt, nil
	}
	text := s.text
	if s.rows > 0 {
		row := "(?" + strings.Repeat(", ?", columns-1) + ")"
		text = fmt.Sprintf(text, row+strings.Repeat(", "+row, s.rows-1))
	}
	stmt, err := d.conn.Prepare(text)
	if err == nil {
		d.statements[s] = stmt
	}
	return stmt, err
}

// bind returns args as the driver takes them, until the next call.
func (d *database) bind(args []driver.Value) []driver.NamedValue {
	d.args = d.args[:0]
	for i, v := range args {
		d.args = append(d.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return d.args
}

// exec executes a text and returns the number of rows that it has changed.
func (d *database) exec(text string, args ...driver.Value) (changed int, err error) {
	return d.execute(statement{text, 0}, 0, args)
}

func (d *database) execute(s statement, columns int, args []driver.Value) (changed int, err error) {
	stmt, err := d.prepare(s, columns)
	if err != nil {
		return 0, err
	}
	result, err := stmt.(driver.StmtExecContext).ExecContext(context.Background(), d.bind(args))
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// run executes texts, each of one or more statements.
func (d *database) run(texts ...string) (err error) {
	for i := 0; i < len(texts) && err == nil; i++ {
		_, err = d.exec(texts[i])
	}
	return err
}

// rowCounts are the numbers of rows for which statements are prepared. One
// execution for a full request costs a fraction of a hundred executions.
var rowCounts = [...]int{100, 10, 1}

// execRows executes a text for rows of so many columns each. values has the
// rows one after the other.
func (d *database) execRows(text string, columns int, values []driver.Value) (changed int, err error) {
	for _, rows := range rowCounts {
		for size := rows * columns; len(values) >= size; values = values[size:] {
			n, err := d.execute(statement{text, rows}, columns, values[:size])
			changed += n
			if err != nil {
				return changed, err
			}
		}
	}
	return changed, nil
}

// query passes each row of a result to a function. The row is valid until the
// function returns.
func (d *database) query(text string, args []driver.Value, each func(row []driver.Value) error) error {
	stmt, err := d.prepare(statement{text, 0}, 0)
	if err != nil {
		return err
	}
	rows, err := stmt.(driver.StmtQueryContext).QueryContext(context.Background(), d.bind(args))
	if err != nil {
		return err
	}
	row := make([]driver.Value, len(rows.Columns()))
	for {
		if err = rows.Next(row); err != nil {
			break
		}
		if err = each(row); err != nil {
			break
		}
	}
	if err == io.EOF {
		err = nil
	}
	return errors.Join(err, rows.Close())
}

// first returns the first row of a result, nil if there is none.
func (d *database) first(text string, args ...driver.Value) (row []driver.Value, err error) {
	err = d.query(text, args, func(r []driver.Value) error {
		row = r
		return io.EOF
	})
	return row, err
}

// crc is a checksum of values as they are on disk.
func crc(values []driver.Value) int64 {
	b := make([]byte, 0, 512) // without an allocation for most rows
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

// now is the time, as it will be read from the disk.
func now() time.Time { return time.UnixMilli(time.Now().UnixMilli()) }

// millis is a time as it is on disk: milliseconds since 1970, NULL for the zero
// time.
func millis(t time.Time) driver.Value {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// fromMillis reads what millis wrote; 0 is an unknown time too.
func fromMillis(v driver.Value) (t time.Time) {
	if n, ok := v.(int64); ok && n > 0 {
		t = time.UnixMilli(n)
	}
	return t
}

// blob is a key as it is on disk: NULL for the zero one.
func blob(k *client.Key) driver.Value {
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
