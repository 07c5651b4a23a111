-- +goose Up
CREATE TABLE users (
	id            INTEGER PRIMARY KEY,
	email         TEXT    NOT NULL UNIQUE,
	username      TEXT    NOT NULL,
	username_key  TEXT    NOT NULL UNIQUE,
	password_hash TEXT    NOT NULL,
	hide_email    BOOLEAN NOT NULL DEFAULT TRUE,
	auth_version  BIGINT  NOT NULL DEFAULT 1,
	created_at    BIGINT  NOT NULL
);

CREATE TABLE sessions (
	token_hash   BLOB   PRIMARY KEY,
	user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	auth_version BIGINT NOT NULL,
	created_at   BIGINT NOT NULL,
	seen_at      BIGINT NOT NULL,
	expires_at   BIGINT NOT NULL,
	user_agent   TEXT   NOT NULL,
	ip_prefix    TEXT   NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE rooms (
	id             INTEGER PRIMARY KEY,
	slug           TEXT   NOT NULL UNIQUE,
	name           TEXT   NOT NULL,
	created_by     BIGINT NOT NULL REFERENCES users (id),
	created_at     BIGINT NOT NULL,
	revision       BIGINT NOT NULL DEFAULT 0,
	message_count  BIGINT NOT NULL DEFAULT 0,
	last_posted_at BIGINT NOT NULL
);
CREATE INDEX rooms_by_activity ON rooms (last_posted_at, id);

CREATE TABLE messages (
	id              INTEGER PRIMARY KEY,
	room_id         BIGINT NOT NULL REFERENCES rooms (id),
	number          BIGINT NOT NULL,
	author_id       BIGINT NOT NULL REFERENCES users (id),
	body            TEXT   NOT NULL,
	nonce           TEXT   NOT NULL,
	posted_revision BIGINT NOT NULL,
	revision        BIGINT NOT NULL,
	posted_at       BIGINT NOT NULL,
	changed_at      BIGINT NOT NULL,
	UNIQUE (room_id, number),
	UNIQUE (author_id, nonce)
);
CREATE INDEX messages_by_revision ON messages (room_id, revision);
CREATE INDEX messages_by_author ON messages (author_id, posted_at);

CREATE TABLE message_versions (
	room_id    BIGINT NOT NULL REFERENCES rooms (id),
	revision   BIGINT NOT NULL,
	message_id BIGINT NOT NULL REFERENCES messages (id),
	body       TEXT   NOT NULL,
	changed_by BIGINT NOT NULL REFERENCES users (id),
	changed_at BIGINT NOT NULL,
	PRIMARY KEY (room_id, revision)
);

-- +goose Down
DROP TABLE message_versions;
DROP TABLE messages;
DROP TABLE rooms;
DROP TABLE sessions;
DROP TABLE users;
