package store

import "context"

// Secret gives the site's secret of that name, which is fresh if there was none:
// all nodes get the same.
func (s *Store) Secret(ctx context.Context, name string, fresh []byte) (secret []byte, err error) {
	if _, err := s.exec(ctx, `INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, fresh); err != nil {
		return nil, err
	}
	err = s.get(ctx, &secret, `SELECT value FROM secrets WHERE name = $1`, name)
	return secret, err
}
