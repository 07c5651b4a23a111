-- +goose Up
CREATE TABLE reports (
	id          INTEGER PRIMARY KEY,
	message_id  BIGINT NOT NULL REFERENCES messages (id),
	reporter_id BIGINT NOT NULL REFERENCES users (id),
	reason      TEXT   NOT NULL,
	reported_at BIGINT NOT NULL,
	settled_at  BIGINT NOT NULL DEFAULT 0,
	settled_by  BIGINT NOT NULL DEFAULT 0,
	outcome     TEXT   NOT NULL DEFAULT '',
	UNIQUE (message_id, reporter_id)
);
CREATE INDEX reports_waiting ON reports (reported_at, id) WHERE settled_at = 0;
CREATE INDEX reports_settled ON reports (settled_at, id) WHERE settled_at > 0;
CREATE INDEX reports_by_reporter ON reports (reporter_id, reported_at);

CREATE TABLE sanctions (
	user_id  BIGINT NOT NULL REFERENCES users (id),
	room_id  BIGINT NOT NULL, -- 0 for the whole site
	kind     TEXT   NOT NULL,
	reason   TEXT   NOT NULL,
	given_by BIGINT NOT NULL,
	given_at BIGINT NOT NULL,
	ends_at  BIGINT NOT NULL, -- 0 for never
	PRIMARY KEY (user_id, room_id)
);
CREATE INDEX sanctions_by_time ON sanctions (given_at, user_id, room_id);

CREATE TABLE moderation_log (
	id       INTEGER PRIMARY KEY,
	room_id  BIGINT NOT NULL REFERENCES rooms (id),
	at       BIGINT NOT NULL,
	actor_id BIGINT NOT NULL,
	act      TEXT   NOT NULL,
	user_id  BIGINT NOT NULL,
	number   BIGINT NOT NULL,
	detail   TEXT   NOT NULL
);
CREATE INDEX moderation_log_by_room ON moderation_log (room_id, at, id);

ALTER TABLE rooms ADD COLUMN topic        TEXT   NOT NULL DEFAULT '';
ALTER TABLE rooms ADD COLUMN slow_seconds BIGINT NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN locked_at    BIGINT NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN archived_at  BIGINT NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN changed_at   BIGINT NOT NULL DEFAULT 0;
CREATE INDEX rooms_listed ON rooms (last_posted_at, id) WHERE archived_at = 0;
CREATE INDEX rooms_by_change ON rooms (changed_at, id);
CREATE INDEX rooms_by_opener ON rooms (created_by, created_at);

CREATE TABLE former_slugs (
	slug        TEXT   PRIMARY KEY,
	room_id     BIGINT NOT NULL REFERENCES rooms (id),
	given_up_at BIGINT NOT NULL
);

CREATE TABLE ignored (
	user_id    BIGINT NOT NULL REFERENCES users (id),
	ignored_id BIGINT NOT NULL REFERENCES users (id),
	ignored_at BIGINT NOT NULL,
	PRIMARY KEY (user_id, ignored_id)
);

CREATE TABLE secrets (
	name  TEXT   PRIMARY KEY,
	value BLOB NOT NULL
);

-- +goose Down
DROP TABLE secrets;
DROP TABLE ignored;
DROP TABLE former_slugs;
DROP INDEX rooms_by_opener;
DROP INDEX rooms_by_change;
DROP INDEX rooms_listed;
ALTER TABLE rooms DROP COLUMN changed_at;
ALTER TABLE rooms DROP COLUMN archived_at;
ALTER TABLE rooms DROP COLUMN locked_at;
ALTER TABLE rooms DROP COLUMN slow_seconds;
ALTER TABLE rooms DROP COLUMN topic;
DROP TABLE moderation_log;
DROP TABLE sanctions;
DROP TABLE reports;
