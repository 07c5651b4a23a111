-- +goose Up
CREATE TABLE memberships (
	user_id     BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	room_id     BIGINT  NOT NULL REFERENCES rooms (id),
	followed    BOOLEAN, -- NULL for who has not written there, and has not chosen
	read_number BIGINT  NOT NULL,
	kept_unread BOOLEAN NOT NULL DEFAULT FALSE,
	PRIMARY KEY (user_id, room_id)
);
CREATE INDEX messages_by_author_in_room ON messages (author_id, room_id, number);

-- Who wrote before there was this follows, and has read all that there was.
INSERT INTO memberships (user_id, room_id, followed, read_number)
SELECT DISTINCT m.author_id, m.room_id, TRUE, r.message_count
FROM messages m
JOIN rooms r ON r.id = m.room_id
JOIN users u ON u.id = m.author_id
WHERE u.deleted_at = 0;

-- +goose Down
DROP INDEX messages_by_author_in_room;
DROP TABLE memberships;
