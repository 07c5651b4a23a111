package store

import (
	"context"

	"github.com/twilightbark/twilightbark/chat"
)

// Settings gives the settings that admins have set.
func (s *Store) Settings(ctx context.Context) (map[chat.Setting]string, error) {
	var rows []struct {
		Name  chat.Setting
		Value string
	}
	if err := s.list(ctx, &rows, `SELECT name, value FROM settings ORDER BY name LIMIT 100`); err != nil {
		return nil, err
	}
	set := make(map[chat.Setting]string, len(rows))
	for _, row := range rows {
		set[row.Name] = row.Value
	}
	return set, nil
}

// Set sets a setting, or leaves it to the server when value is empty, and gives
// what it was.
func (s *Store) Set(ctx context.Context, name chat.Setting, value string) (before string, err error) {
	err = s.InTx(ctx, func(s *Store) error {
		err := s.get(ctx, &before, `SELECT value FROM settings WHERE name = $1`, name)
		if err != nil && chat.KindOf(err) != chat.NotFound {
			return err
		}
		if value == "" {
			_, err = s.exec(ctx, `DELETE FROM settings WHERE name = $1`, name)
			return err
		}
		_, err = s.exec(ctx, `
			INSERT INTO settings (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
		return err
	})
	return before, err
}
