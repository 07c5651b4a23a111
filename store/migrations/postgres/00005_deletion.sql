-- +goose Up
ALTER TABLE users ADD COLUMN role            TEXT    NOT NULL DEFAULT 'member';
ALTER TABLE users ADD COLUMN deleted_at      BIGINT  NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN remove_messages BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX users_to_clear ON users (id) WHERE remove_messages;

ALTER TABLE messages ADD COLUMN deleted_at BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE messages DROP COLUMN deleted_at;
DROP INDEX users_to_clear;
ALTER TABLE users DROP COLUMN remove_messages;
ALTER TABLE users DROP COLUMN deleted_at;
ALTER TABLE users DROP COLUMN role;
