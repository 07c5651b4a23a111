package handlers

import (
	"context"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/mail"
)

// outboxLook is how often the outbox looks for letters that nobody told it of:
// from another node, or due for another try.
const outboxLook = 2 * time.Second

// letterWaits tells the outbox that there is a letter. It never blocks.
func (h *Handlers) letterWaits() { wake(h.letters) }

// sendLetters sends the letters that wait, one after the other, until ctx ends.
// What the mail server does holds up nothing but letters.
func (h *Handlers) sendLetters(ctx context.Context) {
	look := time.NewTicker(outboxLook)
	defer look.Stop()
	for {
		for h.sendLetter(ctx) {
		}
		select {
		case <-ctx.Done():
			return
		case <-h.letters:
		case <-look.C:
		}
	}
}

// sendLetter sends the letter that is due for longest, and reports whether
// there may be more.
func (h *Handlers) sendLetter(ctx context.Context) bool {
	letter, err := h.Store.TakeLetter(ctx)
	if err == nil {
		err = h.deliver(ctx, letter)
	}
	if err != nil && chat.KindOf(err) != chat.NotFound && ctx.Err() == nil {
		h.Log.WarnContext(ctx, "can't look after the letters; will try again", "error", err)
	}
	return err == nil
}

// deliver sends a letter, and takes it out of the outbox if it was taken, or
// never will be. An error is one of the database.
func (h *Handlers) deliver(ctx context.Context, letter chat.Letter) error {
	var missed chat.Missed
	if letter.Kind.Notice() {
		var err error
		if missed, err = h.Store.Missed(ctx, letter); err != nil {
			return err
		}
		if missed.None() {
			return h.Store.Forgo(ctx, letter)
		}
	}
	composed, err := h.compose(ctx, letter, missed)
	if chat.KindOf(err) == chat.NotFound {
		return h.Store.Drop(ctx, letter) // nobody is to get it
	}
	if err != nil {
		return err
	}
	return h.hand(ctx, letter, composed)
}

// compose writes a letter as things are now. That nobody is to get it is NotFound.
func (h *Handlers) compose(ctx context.Context, letter chat.Letter, missed chat.Missed) (mail.Letter, error) {
	var token string
	var hash []byte
	if letter.Kind.LinkLife() > 0 {
		token = randomName(tokenBytes)
		hash = hashOf(token)
	}
	user, err := h.Store.Addressee(ctx, letter, hash)
	if err != nil {
		return mail.Letter{}, err
	}
	return mail.Site{Name: h.inForce().SiteName, URL: h.BaseURL.String()}.Compose(ctx, letter, user, missed, token)
}

// hand gives a letter away, and takes it out of the outbox if that can't be done
// again.
func (h *Handlers) hand(ctx context.Context, letter chat.Letter, composed mail.Letter) error {
	sent := h.Mail.Send(ctx, composed)
	switch {
	case sent == nil:
		return h.Store.Drop(ctx, letter)
	case ctx.Err() != nil:
		return ctx.Err() // its lease runs out
	case mail.Permanent(sent):
		h.Log.WarnContext(ctx, "a letter was refused, and is dropped", "kind", letter.Kind, "user", letter.UserID, "error", sent)
		return h.Store.Drop(ctx, letter)
	}
	dropped, err := h.Store.Retry(ctx, letter)
	h.Log.WarnContext(ctx, "can't send a letter", "kind", letter.Kind, "user", letter.UserID, "tries", letter.Tries, "dropped", dropped, "error", sent)
	return err
}
