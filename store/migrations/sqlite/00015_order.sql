-- +goose Up
ALTER TABLE message_versions ADD COLUMN edit BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX edits_by_editor ON message_versions (changed_by, changed_at) WHERE edit;

CREATE INDEX sanctions_by_room ON sanctions (room_id, given_at, user_id);

-- +goose Down
DROP INDEX sanctions_by_room;
DROP INDEX edits_by_editor;
ALTER TABLE message_versions DROP COLUMN edit;
