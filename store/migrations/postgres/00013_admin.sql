-- +goose Up
-- In the order of their bytes, as SQLite has them, whatever the database's
-- language: so what begins in a way is a range of the index.
ALTER TABLE users ALTER COLUMN username_key TYPE TEXT COLLATE "C";
ALTER TABLE users ALTER COLUMN email TYPE TEXT COLLATE "C";
ALTER TABLE rooms ALTER COLUMN slug TYPE TEXT COLLATE "C";

ALTER TABLE users ADD COLUMN disabled_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX users_by_role ON users (role, username_key);
CREATE INDEX users_disabled ON users (username_key) WHERE disabled_at > 0;

ALTER TABLE sessions ADD COLUMN confirmed_at BIGINT NOT NULL DEFAULT 0;

CREATE TABLE settings (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
);

CREATE INDEX audit_by_action ON audit (action, at, id);
CREATE INDEX audit_by_actor ON audit (actor_id, at, id);

-- +goose Down
DROP INDEX audit_by_actor;
DROP INDEX audit_by_action;
DROP TABLE settings;
ALTER TABLE sessions DROP COLUMN confirmed_at;
DROP INDEX users_disabled;
DROP INDEX users_by_role;
ALTER TABLE users DROP COLUMN disabled_at;
ALTER TABLE rooms ALTER COLUMN slug TYPE TEXT COLLATE "default";
ALTER TABLE users ALTER COLUMN email TYPE TEXT COLLATE "default";
ALTER TABLE users ALTER COLUMN username_key TYPE TEXT COLLATE "default";
