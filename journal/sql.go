package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// statements are prepared on one connection. They are closed before it is:
// SQLite keeps a connection, and its lock on the file, as long as one of its
// statements is there (sqlite.org/c3ref/close.html).
type statements []*sql.Stmt

// add prepares a statement and joins its error to *err.
func (s *statements) add(conn *sql.Conn, text string, err *error) *sql.Stmt {
	stmt, e := conn.PrepareContext(context.Background(), text)
	if e != nil {
		*err = errors.Join(*err, fmt.Errorf("%s: %w", text, e))
		return nil
	}
	*s = append(*s, stmt)
	return stmt
}

func (s statements) close() (err error) {
	for _, stmt := range s {
		err = errors.Join(err, stmt.Close())
	}
	return err
}

// execute runs a prepared statement for its effect. Statements are not canceled:
// one that was could leave its caller not knowing what is on disk.
func execute(stmt *sql.Stmt, args ...any) error {
	_, err := stmt.ExecContext(context.Background(), args...)
	return err
}

// connect opens a database and its one connection. What it returns is to be
// closed even after an error.
func connect(dataSource string) (*sql.DB, *sql.Conn, error) {
	db, err := sql.Open("sqlite", dataSource)
	if err != nil {
		return nil, nil, err
	}
	conn, err := db.Conn(context.Background())
	return db, conn, err
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

// closeBoth closes what connect has opened.
func closeBoth(conn *sql.Conn, db *sql.DB) (err error) {
	if conn != nil {
		err = conn.Close()
	}
	if db != nil {
		err = errors.Join(err, db.Close())
	}
	return err
}
