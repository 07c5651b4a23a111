-- +goose Up
CREATE TABLE mentions (
	user_id    BIGINT  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	message_id BIGINT  NOT NULL REFERENCES messages (id),
	at         BIGINT  NOT NULL,
	seen       BOOLEAN NOT NULL DEFAULT FALSE,
	PRIMARY KEY (user_id, message_id)
);
CREATE INDEX mentions_by_message ON mentions (message_id);
CREATE INDEX mentions_by_time ON mentions (at);
CREATE INDEX mentions_unseen ON mentions (user_id, message_id) WHERE NOT seen;

-- +goose Down
DROP TABLE mentions;
