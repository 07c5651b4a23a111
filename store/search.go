package store

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/words"
)

// The index of words follows the rooms as a viewer does: for each room it knows
// the revision up to which it has seen all, and asks what changed after it. So
// posting costs nothing more, and a change of any kind can't be missed.

// Search is what is looked for: messages in which the query is found, of one
// room or one author if their ids are not 0.
type Search struct {
	words.Query
	RoomID   int64
	AuthorID int64
}

// What a page of results holds, and how far back a search goes.
const (
	SearchPage     = 20
	MaxSearchPages = 20

	maxLookedAt = 4000 // messages of which only the text can tell whether the query is in it
)

// Search gives page n of the messages found, the newest first, and whether there
// are more. Deleted messages are not found. What was posted or changed a moment
// ago is found once Index has seen it.
func (s *Store) Search(ctx context.Context, search Search, n int) (found []chat.Message, more bool, err error) {
	if search.Empty() || n < 1 || n > MaxSearchPages {
		return nil, false, nil
	}
	ids, err := s.matches(ctx, search, n*SearchPage+1)
	first, end := (n-1)*SearchPage, n*SearchPage
	if err != nil || len(ids) <= first {
		return nil, false, err
	}
	marks, args := placeholders(ids[first:min(end, len(ids))])
	err = s.list(ctx, &found, selectMessage+`
		WHERE m.id IN (`+marks+`) AND m.deleted_at = 0
		ORDER BY m.id DESC LIMIT 20`, args...)
	return found, len(ids) > end, err
}

// matches gives the newest messages in which the query is found. That they have
// its tokens tells nearly always; their texts tell for sure. So what is looked at
// is a little more than what is found, and only rarely much more.
func (s *Store) matches(ctx context.Context, search Search, most int) (ids []int64, err error) {
	before := int64(math.MaxInt64)
	for looked, some := 0, most+most/4; looked < maxLookedAt; some = min(2*some, 500) {
		candidates, err := s.candidates(ctx, search.tokens(), before, some)
		if err != nil {
			return nil, err
		}
		texts, err := s.texts(ctx, candidates)
		if err != nil {
			return nil, err
		}
		for _, text := range texts {
			if search.Find(text.Body) != nil {
				ids = append(ids, text.ID)
			}
			if len(ids) == most {
				return ids, nil
			}
		}
		if len(candidates) < some {
			break
		}
		looked += len(candidates)
		before = candidates[len(candidates)-1]
	}
	return ids, nil
}

// tokens gives what the words of all messages have that can be found.
func (search Search) tokens() []string {
	tokens := search.Tokens()
	if search.RoomID != 0 {
		tokens = append(tokens, roomToken(search.RoomID))
	}
	if search.AuthorID != 0 {
		tokens = append(tokens, authorToken(search.AuthorID))
	}
	return tokens
}

// Tokens of our own, which are in no text.
func roomToken(id int64) string   { return "§" + strconv.FormatInt(id, 10) }
func authorToken(id int64) string { return "¶" + strconv.FormatInt(id, 10) }

type text struct {
	ID   int64
	Body string
}

// texts gives the texts of those messages that are not deleted, the newest first.
func (s *Store) texts(ctx context.Context, ids []int64) (texts []text, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	marks, args := placeholders(ids)
	err = s.list(ctx, &texts, `
		SELECT m.id, m.body FROM messages m
		WHERE m.id IN (`+marks+`) AND m.deleted_at = 0
		ORDER BY m.id DESC LIMIT 1000`, args...)
	return texts, err
}

// indexBatch is how many changes are indexed in one transaction, so that those
// who post meanwhile don't wait for long.
const indexBatch = 100

// Index brings the index up to 100 changes further, of those rooms, or if none are
// named of those that need it, and reports whether there may be more. Nodes that
// do it at the same moment take turns.
func (s *Store) Index(ctx context.Context, rooms ...int64) (more bool, err error) {
	if len(rooms) == 0 {
		if rooms, err = s.roomsBehind(ctx); err != nil || len(rooms) == 0 {
			return false, err
		}
		more = len(rooms) == indexBatch
	}
	err = s.InTx(ctx, func(s *Store) error {
		if _, err := s.exec(ctx, `UPDATE index_turn SET turn = turn + 1 WHERE id = 1`); err != nil {
			return err
		}
		spans, full, err := s.unindexed(ctx, rooms)
		if err != nil || len(spans) == 0 {
			return err
		}
		more = more || full
		messages, err := s.changedIn(ctx, spans)
		if err != nil {
			return err
		}
		if err := s.setWords(ctx, messages); err != nil {
			return err
		}
		return s.setIndexed(ctx, spans)
	})
	return more, err
}

// roomsBehind gives up to 100 rooms of which the index has not seen all.
func (s *Store) roomsBehind(ctx context.Context) (rooms []int64, err error) {
	err = s.list(ctx, &rooms, `
		SELECT r.id FROM rooms r LEFT JOIN indexed_rooms i ON i.room_id = r.id
		WHERE r.revision > COALESCE(i.revision, 0)
		ORDER BY r.id LIMIT $1`, indexBatch)
	return rooms, err
}

// span is a part of a room's log: what came after one revision, up to another.
type span struct {
	RoomID int64 `db:"room_id"`
	After  int64 `db:"after_revision"`
	UpTo   int64 `db:"up_to"`
}

// unindexed gives the next changes of those rooms that the index has not seen, as
// many as one transaction is to take, and reports whether they are that many.
func (s *Store) unindexed(ctx context.Context, rooms []int64) (spans []span, full bool, err error) {
	marks, args := placeholders(rooms)
	err = s.list(ctx, &spans, `
		SELECT r.id AS room_id, COALESCE(i.revision, 0) AS after_revision, r.revision AS up_to
		FROM rooms r LEFT JOIN indexed_rooms i ON i.room_id = r.id
		WHERE r.id IN (`+marks+`) AND r.revision > COALESCE(i.revision, 0)
		ORDER BY r.id LIMIT 1000`, args...)
	left := int64(indexBatch)
	for i, span := range spans {
		spans[i].UpTo = min(span.UpTo, span.After+left)
		if left -= spans[i].UpTo - span.After; left == 0 {
			return spans[:i+1], true, err
		}
	}
	return spans, false, err
}

// indexed is a message as the index is to hold it.
type indexed struct {
	ID        int64
	RoomID    int64       `db:"room_id"`
	AuthorID  int64       `db:"author_id"`
	Body      string      // as it now is
	DeletedAt chat.Micros `db:"deleted_at"`
}

// words are the message's tokens, with spaces between them.
func (m indexed) words() string {
	return strings.Join(append(words.Tokens(m.Body), roomToken(m.RoomID), authorToken(m.AuthorID)), " ")
}

// changedIn gives the messages that changed in the spans.
func (s *Store) changedIn(ctx context.Context, spans []span) (messages []indexed, err error) {
	var within strings.Builder
	var args []any
	for i, span := range spans {
		if i > 0 {
			within.WriteString(" OR ")
		}
		n := len(args)
		fmt.Fprintf(&within, "v.room_id = $%d AND v.revision > $%d AND v.revision <= $%d", n+1, n+2, n+3)
		args = append(args, span.RoomID, span.After, span.UpTo)
	}
	err = s.list(ctx, &messages, `
		SELECT m.id, m.room_id, m.author_id, m.body, m.deleted_at FROM messages m
		WHERE m.id IN (SELECT v.message_id FROM message_versions v WHERE `+within.String()+`)
		ORDER BY m.id LIMIT 1000`, args...)
	return messages, err
}

// setIndexed notes that the index has seen the spans.
func (s *Store) setIndexed(ctx context.Context, spans []span) error {
	var rows strings.Builder
	var args []any
	for i, span := range spans {
		if i > 0 {
			rows.WriteString(", ")
		}
		fmt.Fprintf(&rows, "($%d, $%d)", len(args)+1, len(args)+2)
		args = append(args, span.RoomID, span.UpTo)
	}
	_, err := s.exec(ctx, `
		INSERT INTO indexed_rooms (room_id, revision) VALUES `+rows.String()+`
		ON CONFLICT (room_id) DO UPDATE SET revision = excluded.revision`, args...)
	return err
}
