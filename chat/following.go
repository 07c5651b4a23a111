package chat

// Membership is a member's place in a room. The zero value is that of who was
// never there.
type Membership struct {
	Followed   bool  // its unread messages are counted: the member chose that, or has written there
	Read       int64 `db:"read_number"` // number of the last message that the member was shown
	KeptUnread bool  `db:"kept_unread"` // the member marked what follows Read unread, so that showing it live is not reading it
	Known      bool  // the member was there
}

// MostFollowed bounds the rooms that are listed for one member, and whose unread
// messages are counted: of more, those of latest activity.
const MostFollowed = 100

// Followed is a room that a member follows.
type Followed struct {
	UserID     int64 `db:"user_id"`
	RoomID     int64 `db:"room_id"`
	Slug       string
	Name       string
	Unread     int64 // messages of others that the member was not shown
	KeptUnread bool  `db:"kept_unread"`
}

// Path is the room's address.
func (f Followed) Path() string { return RoomPath(f.Slug) }

// Shown is messages of a room that a member was shown: all up to Number.
type Shown struct{ UserID, RoomID, Number int64 }
