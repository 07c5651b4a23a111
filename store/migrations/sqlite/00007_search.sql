-- +goose Up
-- The tokens are made by us, so the tokenizer only parts them. Texts and
-- positions are not kept: the text stands beside, and is looked at anyway.
CREATE VIRTUAL TABLE message_words USING fts5(
	words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);

CREATE TABLE indexed_rooms (
	room_id  INTEGER PRIMARY KEY REFERENCES rooms (id),
	revision BIGINT  NOT NULL
);

CREATE TABLE index_turn (
	id   INTEGER PRIMARY KEY,
	turn BIGINT  NOT NULL
);
INSERT INTO index_turn (id, turn) VALUES (1, 0);

-- +goose Down
DROP TABLE index_turn;
DROP TABLE indexed_rooms;
DROP TABLE message_words;
