package chat_test

import (
	"testing"

	"github.com/twilightbark/twilightbark/chat"
)

func TestMay(t *testing.T) {
	guest := (*chat.User)(nil)
	user := func(id int64, role chat.Role) *chat.User { return &chat.User{ID: id, Role: role} }
	ada, bob, mia, max, eve := user(1, chat.Member), user(2, chat.Member), user(3, chat.Moderator), user(4, chat.Moderator), user(5, chat.Admin)
	const yes = chat.Internal // the kind of no error
	tests := []struct {
		name                                     string
		act                                      chat.Act
		owner                                    chat.User
		guest, ada, bob, moderator, other, admin chat.Kind
	}{
		{"write", chat.Write, chat.User{}, chat.SignedOut, yes, yes, yes, yes, yes},
		{"have an account", chat.KeepAccount, chat.User{}, chat.SignedOut, yes, yes, yes, yes, yes},
		{"report a message of ada's", chat.ReportMessage, *ada, chat.SignedOut, yes, yes, yes, yes, yes},
		{"edit a message of ada's", chat.EditMessage, *ada, chat.SignedOut, yes, chat.Forbidden, chat.Forbidden, chat.Forbidden, chat.Forbidden},
		{"edit a message of nobody's", chat.EditMessage, chat.User{}, chat.SignedOut, chat.Forbidden, chat.Forbidden, chat.Forbidden, chat.Forbidden, chat.Forbidden},
		{"delete a message of ada's", chat.DeleteMessage, *ada, chat.SignedOut, yes, chat.Forbidden, yes, yes, yes},
		{"see what ada wrote before", chat.SeeVersions, *ada, chat.NotFound, chat.NotFound, chat.NotFound, yes, yes, yes},
		{"moderate", chat.Moderate, chat.User{}, chat.NotFound, chat.NotFound, chat.NotFound, yes, yes, yes},
		{"mute ada", chat.SanctionMember, *ada, chat.NotFound, chat.NotFound, chat.NotFound, yes, yes, yes},
		{"mute a moderator", chat.SanctionMember, *mia, chat.NotFound, chat.NotFound, chat.NotFound, chat.Forbidden, chat.Forbidden, yes},
		{"mute the admin", chat.SanctionMember, *eve, chat.NotFound, chat.NotFound, chat.NotFound, chat.Forbidden, chat.Forbidden, chat.Forbidden},
		{"administer", chat.Administer, chat.User{}, chat.NotFound, chat.NotFound, chat.NotFound, chat.NotFound, chat.NotFound, yes},
		{"what is no act", 0, *ada, chat.SignedOut, chat.Forbidden, chat.Forbidden, chat.Forbidden, chat.Forbidden, chat.Forbidden},
	}
	for _, tt := range tests {
		for _, try := range []struct {
			who   string
			actor *chat.User
			want  chat.Kind
		}{
			{"a guest", guest, tt.guest}, {"ada", ada, tt.ada}, {"bob", bob, tt.bob},
			{"a moderator", mia, tt.moderator}, {"another moderator", max, tt.other}, {"an admin", eve, tt.admin},
		} {
			err := chat.May(try.actor, tt.act, tt.owner)
			if got := chat.KindOf(err); got != try.want || (err == nil) != (try.want == yes) {
				t.Errorf("%s: %s: got %v of kind %d, want %d", try.who, tt.name, err, got, try.want)
			}
			if got := chat.Can(try.actor, tt.act, tt.owner); got != (err == nil) {
				t.Errorf("%s: %s: Can says %v, May says %v", try.who, tt.name, got, err)
			}
		}
	}
}

func TestWhoHasNoRoleMayNothing(t *testing.T) {
	for act := range chat.Act(100) {
		for _, role := range []chat.Role{"", "owner", "Admin"} {
			if chat.Can(&chat.User{ID: 1, Role: role}, act, chat.User{ID: 1}) {
				t.Errorf("role %q may do act %d", role, act)
			}
		}
	}
}
