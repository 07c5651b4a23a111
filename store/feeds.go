package store

import (
	"context"
	"math"

	"github.com/twilightbark/twilightbark/chat"
)

// feedToken is the kind of the token that opens a member's own feed. It works
// until another takes its place.
const feedToken = "feed"

// RenewFeed makes the token with that hash the one that opens the user's feed.
func (s *Store) RenewFeed(ctx context.Context, userID int64, tokenHash []byte) error {
	return s.InTx(ctx, func(s *Store) error {
		if _, err := s.exec(ctx, `DELETE FROM tokens WHERE user_id = $1 AND kind = $2`, userID, feedToken); err != nil {
			return err
		}
		_, err := s.exec(ctx, `
			INSERT INTO tokens (token_hash, kind, user_id, email, expires_at) VALUES ($1, $2, $3, '', $4)`,
			tokenHash, feedToken, userID, int64(math.MaxInt64))
		return err
	})
}

// HasFeed reports whether a token opens the user's feed.
func (s *Store) HasFeed(ctx context.Context, userID int64) (has bool, err error) {
	err = s.get(ctx, &has, `SELECT COUNT(*) > 0 FROM tokens WHERE user_id = $1 AND kind = $2`, userID, feedToken)
	return has, err
}

// FeedUser gives the user whose feed the token with that hash opens, as long as
// the account can be used.
func (s *Store) FeedUser(ctx context.Context, tokenHash []byte) (user chat.User, err error) {
	err = s.get(ctx, &user, selectUser+`
		JOIN tokens t ON t.user_id = users.id
		WHERE t.token_hash = $1 AND t.kind = $2 AND users.disabled_at = 0 AND `+notBanned("$3"), tokenHash, feedToken, s.now())
	return user, err
}

// FollowedMessages gives up to limit of what others wrote in the rooms that a
// user follows, the newest first; of each room no more than its last limit
// messages are looked at. Deleted ones are left out.
func (s *Store) FollowedMessages(ctx context.Context, userID int64, limit int) (messages []chat.Message, err error) {
	err = s.list(ctx, &messages, selectMessage+`
		JOIN (
			SELECT r.id, r.message_count FROM memberships f JOIN rooms r ON r.id = f.room_id
			WHERE f.user_id = $1 AND f.followed
			ORDER BY r.last_posted_at DESC, r.id DESC LIMIT $2
		) AS followed ON followed.id = m.room_id
		WHERE m.number > followed.message_count - $3 AND m.deleted_at = 0 AND m.author_id <> $4
		ORDER BY m.posted_at DESC, m.id DESC LIMIT $5`, userID, chat.MostFollowed, limit, userID, limit)
	return messages, err
}
