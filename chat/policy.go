package chat

import "cmp"

// Act is something that not everybody may do.
type Act int

// The acts. What is not among them nobody may do.
const (
	Write         Act = iota + 1 // post messages, open rooms
	KeepAccount                  // have what members have: settings, devices, mentions
	ReportMessage                // tell the moderators of it
	EditMessage
	DeleteMessage
	SeeVersions    // of a message: the texts it had before
	Moderate       // see to rooms, messages and reports, and see members and the audit table
	SanctionMember // mute and ban a member, remove what they wrote
	Administer     // see to members' accounts, with what is private, and the site's settings
)

// rule tells who may do an act. The zero value lets nobody.
type rule struct {
	from   Role // this role and those above it may, whosever it is
	owner  bool // who owns what it is done to may
	below  bool // it is done to a member of a lesser role only
	hidden bool // who is beneath from is not to know that there is such a thing
	guests string
	others string
}

var rules = map[Act]rule{
	Write:          {from: Member, guests: "You are not logged in, so this was not sent."},
	KeepAccount:    {from: Member},
	ReportMessage:  {from: Member, guests: "Log in to report a message."},
	EditMessage:    {owner: true, others: "Only who wrote a message can change it."},
	DeleteMessage:  {from: Moderator, owner: true, others: "Only who wrote a message, and moderators, can delete it."},
	SeeVersions:    {from: Moderator, hidden: true},
	Moderate:       {from: Moderator, hidden: true},
	SanctionMember: {from: Moderator, below: true, hidden: true, others: "Only a member of a lesser role than yours can be muted or banned."},
	Administer:     {from: Admin, hidden: true},
}

// May gives nil if the actor, nil for a guest, may do the act to what belongs to
// owner, and otherwise the error to tell: NotFound to whom is not to know that
// there is such a thing, SignedOut to a guest, and Forbidden. The zero User owns
// what is nobody's. What is done to a member is done to their own.
func May(actor *User, act Act, owner User) error {
	rule := rules[act]
	switch {
	case rule.allows(actor, owner):
		return nil
	case rule.hidden && !rule.reached(actor):
		return &Error{Kind: NotFound, Message: "There is no such page."}
	case actor == nil:
		return &Error{Kind: SignedOut, Message: cmp.Or(rule.guests, "Log in first.")}
	}
	return &Error{Kind: Forbidden, Message: cmp.Or(rule.others, "You can't do this.")}
}

// Can is May for who only wants to know whether.
func Can(actor *User, act Act, owner User) bool { return rules[act].allows(actor, owner) }

func (r rule) allows(actor *User, owner User) bool {
	if actor == nil || actor.rank() == 0 {
		return false
	}
	own := r.owner && owner.ID != 0 && actor.ID == owner.ID
	return own || r.reached(actor) && (!r.below || actor.rank() > owner.rank())
}

// reached reports whether the actor's role is one that may do such things.
func (r rule) reached(actor *User) bool {
	return actor != nil && r.from != "" && actor.rank() >= ranks[r.from]
}

// ranks are the roles' places. What is no role has none.
var ranks = map[Role]int{Member: 1, Moderator: 2, Admin: 3}

func (u User) rank() int { return ranks[u.Role] }
