-- +goose Up
CREATE TABLE message_words (
	message_id BIGINT   PRIMARY KEY,
	words      TSVECTOR NOT NULL
);
-- Without fastupdate, or each search would read through what is not sorted in yet.
CREATE INDEX message_words_by_word ON message_words USING GIN (words) WITH (fastupdate = off);

CREATE TABLE indexed_rooms (
	room_id  BIGINT PRIMARY KEY REFERENCES rooms (id),
	revision BIGINT NOT NULL
);

CREATE TABLE index_turn (
	id   BIGINT PRIMARY KEY,
	turn BIGINT NOT NULL
);
INSERT INTO index_turn (id, turn) VALUES (1, 0);

-- +goose Down
DROP TABLE index_turn;
DROP TABLE indexed_rooms;
DROP TABLE message_words;
