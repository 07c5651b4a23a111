-- +goose Up
ALTER TABLE messages ADD COLUMN html           TEXT   NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN render_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN edited_at      BIGINT NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN reply_to       BIGINT NOT NULL DEFAULT 0;
CREATE INDEX message_versions_by_message ON message_versions (message_id, revision);

-- +goose Down
DROP INDEX message_versions_by_message;
ALTER TABLE messages DROP COLUMN reply_to;
ALTER TABLE messages DROP COLUMN edited_at;
ALTER TABLE messages DROP COLUMN render_version;
ALTER TABLE messages DROP COLUMN html;
