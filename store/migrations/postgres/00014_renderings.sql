-- +goose Up
-- Only what older rules rendered. When the rules' version goes up to 2, another
-- migration makes this index anew, WHERE render_version < 2.
CREATE INDEX messages_outdated ON messages (id) WHERE render_version < 1;

-- +goose Down
DROP INDEX messages_outdated;
