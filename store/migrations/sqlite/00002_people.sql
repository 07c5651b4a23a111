-- +goose Up
ALTER TABLE users ADD COLUMN avatar             TEXT    NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN time_zone          TEXT    NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN role               TEXT    NOT NULL DEFAULT 'member';
ALTER TABLE users ADD COLUMN email_confirmed_at BIGINT  NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN renewed_at         BIGINT  NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN deleted_at         BIGINT  NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN remove_messages    BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX users_by_renewal ON users (renewed_at);
CREATE INDEX users_by_deletion ON users (deleted_at);

ALTER TABLE messages ADD COLUMN deleted_at BIGINT NOT NULL DEFAULT 0;

CREATE TABLE former_usernames (
	username_key TEXT   PRIMARY KEY,
	user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	changed_at   BIGINT NOT NULL
);
CREATE INDEX former_usernames_by_user ON former_usernames (user_id, changed_at);

CREATE TABLE pictures (
	hash       TEXT   PRIMARY KEY,
	large      BLOB NOT NULL,
	small      BLOB NOT NULL,
	created_at BIGINT NOT NULL
);

CREATE TABLE letters (
	id         INTEGER PRIMARY KEY,
	kind       TEXT   NOT NULL,
	user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	recipient  TEXT   NOT NULL,
	detail     TEXT   NOT NULL,
	created_at BIGINT NOT NULL,
	due_at     BIGINT NOT NULL,
	tries      BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX letters_by_due ON letters (due_at, id);
CREATE INDEX letters_by_user ON letters (user_id, created_at);

CREATE TABLE tokens (
	token_hash BLOB  PRIMARY KEY,
	kind       TEXT   NOT NULL,
	user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	email      TEXT   NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX tokens_by_user ON tokens (user_id, kind);
CREATE INDEX tokens_by_expiry ON tokens (expires_at);

CREATE TABLE devices (
	token_hash BLOB  PRIMARY KEY,
	user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	seen_at    BIGINT NOT NULL
);
CREATE INDEX devices_by_user ON devices (user_id, seen_at);

CREATE TABLE audit (
	id         INTEGER PRIMARY KEY,
	at         BIGINT NOT NULL,
	action     TEXT   NOT NULL,
	actor_id   BIGINT NOT NULL,
	user_id    BIGINT NOT NULL,
	detail     TEXT   NOT NULL,
	ip_prefix  TEXT   NOT NULL,
	user_agent TEXT   NOT NULL
);
CREATE INDEX audit_by_time ON audit (at, id);
CREATE INDEX audit_by_user ON audit (user_id, at);

-- +goose Down
DROP TABLE audit;
DROP TABLE devices;
DROP TABLE tokens;
DROP TABLE letters;
DROP TABLE pictures;
DROP TABLE former_usernames;
ALTER TABLE messages DROP COLUMN deleted_at;
DROP INDEX users_by_deletion;
DROP INDEX users_by_renewal;
ALTER TABLE users DROP COLUMN remove_messages;
ALTER TABLE users DROP COLUMN deleted_at;
ALTER TABLE users DROP COLUMN renewed_at;
ALTER TABLE users DROP COLUMN email_confirmed_at;
ALTER TABLE users DROP COLUMN role;
ALTER TABLE users DROP COLUMN time_zone;
ALTER TABLE users DROP COLUMN avatar;
