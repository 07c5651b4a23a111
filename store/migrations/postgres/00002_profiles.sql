-- +goose Up
ALTER TABLE users ADD COLUMN avatar     TEXT   NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN time_zone  TEXT   NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN renewed_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX users_by_renewal ON users (renewed_at, id);

CREATE TABLE former_usernames (
	username_key TEXT   PRIMARY KEY,
	user_id      BIGINT NOT NULL REFERENCES users (id),
	given_up_at  BIGINT NOT NULL
);
CREATE INDEX former_usernames_by_user ON former_usernames (user_id, given_up_at);

CREATE TABLE avatars (
	user_id BIGINT PRIMARY KEY REFERENCES users (id),
	hash    TEXT   NOT NULL,
	large   BYTEA  NOT NULL,
	small   BYTEA  NOT NULL
);
CREATE INDEX avatars_by_hash ON avatars (hash);

-- +goose Down
DROP TABLE avatars;
DROP TABLE former_usernames;
DROP INDEX users_by_renewal;
ALTER TABLE users DROP COLUMN renewed_at;
ALTER TABLE users DROP COLUMN time_zone;
ALTER TABLE users DROP COLUMN avatar;
