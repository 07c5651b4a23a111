-- +goose Up
CREATE TABLE known_browsers (
	token_hash BYTEA  NOT NULL,
	user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	seen_at    BIGINT NOT NULL,
	PRIMARY KEY (token_hash, user_id)
);
CREATE INDEX known_browsers_by_user ON known_browsers (user_id, seen_at);

-- +goose Down
DROP TABLE known_browsers;
