-- +goose Up
ALTER TABLE users ADD COLUMN notices    TEXT   NOT NULL DEFAULT 'mentions';
ALTER TABLE users ADD COLUMN noticed_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX users_to_notice ON users (id) WHERE notices IN ('rooms', 'daily');

-- +goose Down
DROP INDEX users_to_notice;
ALTER TABLE users DROP COLUMN noticed_at;
ALTER TABLE users DROP COLUMN notices;
