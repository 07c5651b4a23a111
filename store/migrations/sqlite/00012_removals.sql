-- +goose Up
CREATE TABLE removals (
	id          INTEGER PRIMARY KEY,
	author_id   BIGINT  NOT NULL REFERENCES users (id),
	posted_from BIGINT  NOT NULL,
	ordered_by  BIGINT  NOT NULL,
	ordered_at  BIGINT  NOT NULL,
	restored_by BIGINT  NOT NULL DEFAULT 0,
	restored_at BIGINT  NOT NULL DEFAULT 0,
	unfinished  BOOLEAN NOT NULL DEFAULT TRUE
);
CREATE INDEX removals_by_author ON removals (author_id, ordered_at);
CREATE INDEX removals_unfinished ON removals (id) WHERE unfinished;

-- What a removed message was, for as long as it can be restored.
CREATE TABLE removed_messages (
	message_id     BIGINT PRIMARY KEY REFERENCES messages (id),
	removal_id     BIGINT NOT NULL REFERENCES removals (id),
	room_id        BIGINT NOT NULL,
	author_id      BIGINT NOT NULL,
	body           TEXT   NOT NULL,
	html           TEXT   NOT NULL,
	render_version BIGINT NOT NULL
);
CREATE INDEX removed_messages_by_removal ON removed_messages (removal_id, room_id, message_id);
CREATE INDEX removed_messages_by_author ON removed_messages (author_id);

-- +goose Down
DROP TABLE removed_messages;
DROP TABLE removals;
