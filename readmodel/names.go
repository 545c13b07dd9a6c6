package readmodel

import (
	"context"
	"database/sql"
)

// names numbers the texts of which there are few: rules, messages, reasons, what an exposure promised. The first is the empty one.
type names struct {
	list    []string
	indexes map[string]uint64
	saved   int // how many are in the file
}

func newNames() *names {
	n := &names{indexes: map[string]uint64{}}
	n.index("")
	return n
}

func (n *names) index(text string) uint64 {
	i, known := n.indexes[text]
	if !known {
		i = uint64(len(n.list))
		n.list = append(n.list, text)
		n.indexes[text] = i
	}
	return i
}

// loadNames loads the names of the file.
func loadNames(ctx context.Context, db *sql.DB) (*names, error) {
	rows, err := db.QueryContext(ctx, "SELECT id, text FROM name ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	n := newNames()
	for rows.Next() {
		var id uint64
		var text string
		if err := rows.Scan(&id, &text); err != nil {
			return nil, err
		}
		if n.index(text) != id {
			return nil, errDamaged
		}
		n.saved = len(n.list)
	}
	return n, rows.Err()
}

// save writes the names that the file does not have. They count as saved when the transaction is committed.
func (n *names) save(ctx context.Context, tx *sql.Tx) error {
	for i := n.saved; i < len(n.list); i++ {
		if _, err := tx.ExecContext(ctx, "INSERT INTO name (id, text) VALUES (?, ?)", i, n.list[i]); err != nil {
			return err
		}
	}
	return nil
}
