package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
	"github.com/twilightbark/twilightbark/words"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// database is a store together with a way around it, for what it does not offer.
type database struct {
	*store.Store
	raw     *sqlx.DB
	address string
}

// eachDatabase is storetest.Each for tests that need more than the store.
func eachDatabase(t *testing.T, test func(t *testing.T, db database)) {
	t.Helper()
	eachAddress(t, func(t *testing.T, address string) {
		test(t, database{Store: open(t, address), raw: openRaw(t, address), address: address})
	})
}

// eachAddress runs test with the address of an empty database of either kind.
func eachAddress(t *testing.T, test func(t *testing.T, address string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, storetest.PostgresURL(t))
	})
}

func open(t *testing.T, address string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), address)
	if err != nil {
		t.Fatalf("open %s: %v", address, err)
	}
	t.Cleanup(func() { _ = s.Close() }) // some tests close it themselves
	return s
}

// openRaw connects to the database without the store.
func openRaw(t testing.TB, address string) *sqlx.DB {
	t.Helper()
	driver, source := "postgres", address
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		driver, source = "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_txlock=immediate"
	}
	raw, err := sqlx.ConnectContext(t.Context(), driver, source)
	if err != nil {
		t.Fatalf("connect to %s: %v", address, err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	return raw
}

// edit gives the message another text, as one more change of its room.
func (db database) edit(t rapid.TB, m chat.Message, body string) {
	t.Helper()
	edited, err := db.Edit(context.Background(), chat.Edit{RoomID: m.RoomID, Number: m.Number, EditorID: m.AuthorID, Body: body}, noRate)
	if err != nil || edited.Body != body {
		t.Fatalf("edit message %d: got %+v, %v", m.Number, edited, err)
	}
}

// clock is a time that tests move.
type clock struct{ micros atomic.Int64 }

func newClock() *clock {
	var c clock
	c.micros.Store(time.Date(2026, 11, 24, 18, 0, 0, 0, time.UTC).UnixMicro())
	return &c
}

func (c *clock) now() time.Time { return time.UnixMicro(c.micros.Load()) }

func (c *clock) pass(d time.Duration) { c.micros.Add(d.Microseconds()) }

// wantKind fails unless err is of that kind.
func wantKind(t rapid.TB, err error, want chat.Kind, act string) {
	t.Helper()
	if got := chat.KindOf(err); err == nil || got != want {
		t.Fatalf("%s: got the error %v of kind %d, want one of kind %d", act, err, got, want)
	}
}

// parallel runs act n times at once, and gives what each returned.
func parallel[T any](n int, act func(i int) (T, error)) (results []T, errs []error) {
	results, errs = make([]T, n), make([]error, n)
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		group.Go(func() {
			<-start
			results[i], errs[i] = act(i)
		})
	}
	close(start)
	group.Wait()
	return results, errs
}

func TestInTx(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ada := storetest.User(t, s, "ada")
		dogs, cats := chat.RoomName{Name: "Dogs", Slug: "dogs"}, chat.RoomName{Name: "Cats", Slug: "cats"}

		changed := errors.New("changed my mind")
		err := s.InTx(t.Context(), func(s *store.Store) error {
			if _, err := s.OpenRoom(t.Context(), dogs, ada.ID); err != nil {
				return err
			}
			return changed
		})
		if !errors.Is(err, changed) {
			t.Errorf("a transaction that changes its mind: got the error %v, want its own", err)
		}
		_, err = s.Room(t.Context(), "dogs")
		wantKind(t, err, chat.NotFound, "the room it opened")

		ctx, leave := context.WithCancel(t.Context())
		err = s.InTx(ctx, func(s *store.Store) error {
			if _, err := s.OpenRoom(ctx, dogs, ada.ID); err != nil {
				return err
			}
			leave()
			_, err := s.OpenRoom(ctx, cats, ada.ID)
			return err
		})
		if err != nil {
			t.Errorf("a transaction whose asker leaves: got %v, want it to go on", err)
		}
		// That the asker left would have been noticed.
		if _, err := s.Room(ctx, "dogs"); !errors.Is(err, context.Canceled) {
			t.Errorf("a look after leaving: got the error %v, want context.Canceled", err)
		}
		for _, slug := range []string{"dogs", "cats"} {
			if _, err := s.Room(t.Context(), slug); err != nil {
				t.Errorf("the room %q, opened by a transaction whose asker left: got %v, want it there", slug, err)
			}
		}
	})
}

// Who leaves while a statement waits is no trouble of the database's.
func TestAskerLeavesWhileWaiting(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		room := storetest.Room(t, db.Store, "dogs")
		holder := db.raw.MustBegin()
		defer func() { _ = holder.Rollback() }()
		holder.MustExec(`UPDATE rooms SET revision = revision WHERE id = $1`, room.ID)
		holder.MustExec(`UPDATE users SET password_hash = password_hash`)

		ctx, leave := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() { failed <- db.SetPasswordHash(ctx, chat.User{ID: 1, PasswordHash: "none"}, "other") }()
		select {
		case err := <-failed:
			t.Fatalf("a change of what another holds: got %v at once, want it to wait", err)
		case <-time.After(100 * time.Millisecond):
		}
		leave()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("who leaves: got %v, want context.Canceled", err)
		}
	})
}

func TestPing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("Ping: got %v, want nil", err)
		}
	})
}

// everyMethod calls what a store offers to those who have seen nothing of it.
func everyMethod(ctx context.Context, s *store.Store) map[string]error {
	errs := map[string]error{"Ping": s.Ping(ctx)}
	_, errs["Register"] = s.Register(ctx, chat.Registration{Email: "eve@example.com", Username: "eve", PasswordHash: "none"})
	_, errs["UserByEmail"] = s.UserByEmail(ctx, "ada@example.com")
	_, errs["UserByName"] = s.UserByName(ctx, "ada")
	_, errs["UserByFormerName"] = s.UserByFormerName(ctx, "ada")
	_, errs["ChangeProfile"] = s.ChangeProfile(ctx, 1, chat.Profile{Username: "ada"}, nil)
	_, errs["AvatarPicture"] = s.AvatarPicture(ctx, "1", true)
	_, errs["Renewals"] = s.Renewals(ctx, 0, 10)
	_, errs["User"] = s.User(ctx, 1)
	_, errs["TakeLetter"] = s.TakeLetter(ctx)
	_, errs["Retry"] = s.Retry(ctx, chat.Letter{})
	_, errs["Addressee"] = s.Addressee(ctx, chat.Letter{}, nil)
	_, errs["TokenUser"] = s.TokenUser(ctx, chat.ResetLetter, []byte("1"))
	_, errs["ResetPassword"] = s.ResetPassword(ctx, []byte("1"), "none")
	_, errs["ConfirmEmail"] = s.ConfirmEmail(ctx, []byte("1"))
	_, errs["Events"] = s.Events(ctx, 1, 10)
	_, errs["Forget"] = s.Forget(ctx, 0, 10)
	errs["Send"] = s.Send(ctx, chat.Letter{})
	_, errs["Missed"] = s.Missed(ctx, chat.Letter{UserID: 1})
	errs["Forgo"] = s.Forgo(ctx, chat.Letter{})
	errs["Drop"] = s.Drop(ctx, chat.Letter{})
	errs["AskEmail"] = s.AskEmail(ctx, chat.User{ID: 1}, "new@example.com")
	errs["Record"] = s.Record(ctx, chat.Event{})
	_, errs["NewestRoom"] = s.NewestRoom(ctx)
	_, errs["RoomsFrom"] = s.RoomsFrom(ctx, 0, 10)
	_, errs["Devices"] = s.Devices(ctx, 1)
	_, errs["Ended"] = s.Ended(ctx, [][]byte{[]byte("ada's")})
	_, errs["BrowserKnown"] = s.BrowserKnown(ctx, "ada@example.com", []byte("1"))
	_, errs["ChangePassword"] = s.ChangePassword(ctx, 1, "none")
	errs["EndOthers"] = s.EndOthers(ctx, 1, nil)
	errs["KnowBrowser"] = s.KnowBrowser(ctx, 1, []byte("1"))
	_, _, errs["Search"] = s.Search(ctx, store.Search{Query: words.Parse("x")}, 1)
	_, errs["Index"] = s.Index(ctx)
	_, errs["Edit"] = s.Edit(ctx, chat.Edit{RoomID: 1, Number: 1, EditorID: 1, Body: "bark"}, chat.Rate{})
	_, _, errs["Delete"] = s.Delete(ctx, 1, 1, 1)
	_, errs["Message"] = s.Message(ctx, 1, 1)
	_, errs["FollowedRooms"] = s.FollowedRooms(ctx, 1, 0, 10)
	_, errs["Outdated"] = s.Outdated(ctx, 10)
	errs["Renew"] = s.Renew(ctx, []chat.Rendering{{ID: 1, Body: "bark", Rendered: 1}})
	_, errs["Versions"] = s.Versions(ctx, 1, 10)
	_, errs["RemoveMessages"] = s.RemoveMessages(ctx)
	_, errs["MessagesBy"] = s.MessagesBy(ctx, 1, chat.Message{}, 10)
	errs["DeleteAccount"] = s.DeleteAccount(ctx, 1, false)
	errs["CreateAdmin"] = s.CreateAdmin(ctx, chat.Registration{Email: "b@b.example.com", Username: "bb"})
	_, errs["FindMembers"] = s.FindMembers(ctx, chat.MemberList{}, 10)
	_, errs["FindRooms"] = s.FindRooms(ctx, chat.RoomList{}, 10)
	_, errs["FindMessages"] = s.FindMessages(ctx, chat.MessageList{}, 10)
	_, errs["FindEvents"] = s.FindEvents(ctx, chat.AuditList{}, 10)
	_, errs["Overview"] = s.Overview(ctx)
	_, errs["Settings"] = s.Settings(ctx)
	_, errs["Set"] = s.Set(ctx, chat.SiteNameSetting, "x")
	_, errs["Confirmed"] = s.Confirmed(ctx, []byte("1"))
	errs["Confirm"] = s.Confirm(ctx, []byte("1"))
	errs["Disable"] = s.Disable(ctx, 1)
	errs["Enable"] = s.Enable(ctx, 1)
	errs["EndSessions"] = s.EndSessions(ctx, 1)
	errs["SetRole"] = s.SetRole(ctx, 1, chat.Admin)
	_, errs["Report"] = s.Report(ctx, 1, 1, "spam")
	_, errs["ReportBy"] = s.ReportBy(ctx, 1, 1)
	_, errs["Reports"] = s.Reports(ctx, chat.Place{}, 10)
	_, errs["SettledReports"] = s.SettledReports(ctx, chat.Place{}, 10)
	_, _, errs["Settle"] = s.Settle(ctx, 1, 1, chat.Resolved)
	errs["Sanction"] = s.Sanction(ctx, chat.Sanction{UserID: 1, Kind: chat.Mute, Reason: "spam"})
	errs["Lift"] = s.Lift(ctx, 1, 1)
	_, errs["SanctionsOn"] = s.SanctionsOn(ctx, 1, 10)
	_, errs["SanctionIn"] = s.SanctionIn(ctx, 1, 1)
	_, errs["BanIn"] = s.BanIn(ctx, 1, 1)
	_, errs["Bans"] = s.Bans(ctx, 0, 10)
	_, errs["StandingBans"] = s.StandingBans(ctx, []chat.Sanction{{UserID: 1, RoomID: 1}})
	_, errs["FindSanctions"] = s.FindSanctions(ctx, chat.SanctionList{}, 10)
	errs["Log"] = s.Log(ctx, chat.LogEntry{RoomID: 1})
	_, errs["LogOf"] = s.LogOf(ctx, 1, chat.Place{}, 10)
	errs["MakeResetToken"] = s.MakeResetToken(ctx, chat.User{ID: 1}, []byte("1"))
	_, errs["LatestBy"] = s.LatestBy(ctx, 1, 10)
	errs["SetPasswordHash"] = s.SetPasswordHash(ctx, chat.User{ID: 1}, "none")
	_, errs["OpenRoom"] = s.OpenRoom(ctx, chat.RoomName{Name: "Cats", Slug: "cats"}, 1)
	_, errs["Room"] = s.Room(ctx, "dogs")
	_, errs["Rooms"] = s.Rooms(ctx, chat.Directory{}, 10)
	_, errs["RoomByFormerSlug"] = s.RoomByFormerSlug(ctx, "dogs")
	_, errs["ChangeRoom"] = s.ChangeRoom(ctx, 1, chat.RoomChange{RoomName: chat.RoomName{Name: "Cats", Slug: "cats"}})
	_, errs["ChangedRooms"] = s.ChangedRooms(ctx, 0, 10)
	errs["OrderRemoval"] = s.OrderRemoval(ctx, 1, 1, time.Hour, "of the last hour")
	_, errs["OrderRestoration"] = s.OrderRestoration(ctx, 1, 1, 1)
	_, errs["Removals"] = s.Removals(ctx, 1, 10)
	_, errs["ContinueRemoval"] = s.ContinueRemoval(ctx)
	errs["Ignore"] = s.Ignore(ctx, 1, 1)
	errs["Listen"] = s.Listen(ctx, 1, 1)
	_, errs["Ignored"] = s.Ignored(ctx, 1)
	_, errs["Ignores"] = s.Ignores(ctx, 1, 1)
	errs["LimitRooms"] = s.LimitRooms(ctx, 1)
	_, errs["Secret"] = s.Secret(ctx, "form", []byte("x"))
	_, errs["Revisions"] = s.Revisions(ctx, []int64{1})
	_, errs["Membership"] = s.Membership(ctx, 1, 1)
	errs["Read"] = s.Read(ctx, chat.Shown{UserID: 1, RoomID: 1, Number: 1})
	errs["ReadAlong"] = s.ReadAlong(ctx, []chat.Shown{{UserID: 1, RoomID: 1, Number: 1}})
	errs["Follow"] = s.Follow(ctx, 1, 1, true)
	errs["MarkUnread"] = s.MarkUnread(ctx, chat.Shown{UserID: 1, RoomID: 1, Number: 1})
	errs["ReadAll"] = s.ReadAll(ctx, 1)
	_, errs["Following"] = s.Following(ctx, []int64{1})
	_, errs["MovedRooms"] = s.MovedRooms(ctx, 0)
	_, errs["UsersByName"] = s.UsersByName(ctx, []string{"ada"})
	_, errs["Mentions"] = s.Mentions(ctx, 1, chat.MentionList{}, 10)
	errs["SeeMentions"] = s.SeeMentions(ctx, 1, []int64{1})
	_, errs["MentionNews"] = s.MentionNews(ctx, []int64{1})
	_, errs["LatestMentions"] = s.LatestMentions(ctx, 0)
	_, errs["LatestAuthors"] = s.LatestAuthors(ctx, 1, 10)
	errs["RenewFeed"] = s.RenewFeed(ctx, 1, []byte("feed"))
	_, errs["HasFeed"] = s.HasFeed(ctx, 1)
	_, errs["FeedUser"] = s.FeedUser(ctx, []byte("feed"))
	_, errs["FollowedMessages"] = s.FollowedMessages(ctx, 1, 10)
	_, errs["Notices"] = s.Notices(ctx, 1)
	errs["SetNotices"] = s.SetNotices(ctx, 1, chat.NoNotices)
	errs["Unsubscribe"] = s.Unsubscribe(ctx, []byte("none"))
	errs["CanUnsubscribe"] = s.CanUnsubscribe(ctx, []byte("none"))
	_, errs["NoticeMentions"] = s.NoticeMentions(ctx, time.Minute, 10)
	_, errs["NoticeRooms"] = s.NoticeRooms(ctx, time.Minute, 0, 10)
	_, errs["Post"] = s.Post(ctx, draft(1, 1, 1, "woof"), chat.Rate{Count: 10, Window: time.Minute})
	_, errs["Messages"] = s.Messages(ctx, 1, chat.Page(1))
	_, errs["Changes"] = s.Changes(ctx, 1, 0, 10)
	_, errs["Cursor"] = s.Cursor(ctx, 1, 1)
	errs["Begin"] = s.Begin(ctx, store.Session{TokenHash: []byte("eve's"), User: chat.User{ID: 1}}, nil)
	_, errs["SessionUser"] = s.SessionUser(ctx, []byte("ada's"))
	errs["End"] = s.End(ctx, []byte("ada's"))
	return errs
}

func TestClosedIsUnavailable(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		if err := s.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
		for method, err := range everyMethod(t.Context(), s) {
			if got := chat.KindOf(err); got != chat.Unavailable {
				t.Errorf("%s on a closed store: got %v of kind %d, want Unavailable", method, err, got)
			}
		}
		if err := s.Close(); err != nil {
			t.Errorf("close again: got %v, want nil", err)
		}
	})
}

// draft makes the n-th draft of an author.
func draft(room, author int64, n int, body string) chat.Draft {
	return chat.Draft{RoomID: room, AuthorID: author, Body: body, Nonce: fmt.Sprintf("nonce-%010d", n)}
}
