-- +goose Up
ALTER TABLE users ADD COLUMN pending_email      TEXT   NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN email_confirmed_at BIGINT NOT NULL DEFAULT 0;

CREATE TABLE letters (
	id         INTEGER PRIMARY KEY,
	kind       TEXT   NOT NULL,
	user_id    BIGINT NOT NULL,
	recipient  TEXT   NOT NULL,
	created_at BIGINT NOT NULL,
	due_at     BIGINT NOT NULL,
	tries      BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX letters_by_due ON letters (due_at, id);
CREATE INDEX letters_by_user ON letters (user_id);

CREATE TABLE tokens (
	token_hash BLOB  PRIMARY KEY,
	kind       TEXT   NOT NULL,
	user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	email      TEXT   NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX tokens_by_user ON tokens (user_id, kind);
CREATE INDEX tokens_by_expiry ON tokens (expires_at);

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
DROP TABLE tokens;
DROP TABLE letters;
ALTER TABLE users DROP COLUMN email_confirmed_at;
ALTER TABLE users DROP COLUMN pending_email;
