package handlers

import (
	"context"
	"fmt"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/markup"
)

const (
	// renewLook is how often a node looks for HTML of older rules: a node of before
	// may still be posting, or a removed message be restored as it was.
	renewLook = time.Minute

	// renewPause is left to those who post between two batches.
	renewPause = 100 * time.Millisecond

	renewBatch = 100 // messages renewed in one transaction
)

// renewMessages renders anew what older rules rendered, until ctx ends.
func (h *Handlers) renewMessages(ctx context.Context) {
	look := time.NewTicker(renewLook)
	defer look.Stop()
	for {
		for h.renewSome(ctx) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(renewPause):
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

// renewSome does it for one batch, and reports whether there may be more. Pages
// that are open keep what they show; the next ones have it anew.
func (h *Handlers) renewSome(ctx context.Context) (more bool) {
	outdated, err := h.Store.Outdated(ctx, renewBatch)
	if err == nil && len(outdated) > 0 {
		for i := range outdated {
			outdated[i] = h.renewed(ctx, outdated[i], markup.Render)
		}
		err = h.Store.Renew(ctx, outdated)
	}
	if err != nil && ctx.Err() == nil {
		h.Log.WarnContext(ctx, "can't render messages anew; will try again", "error", err)
	}
	return err == nil && len(outdated) == renewBatch
}

// renewed gives a message's HTML by the rules of now. It links to the members
// that it linked to, whoever has such names today. A text that the new rules fail
// at keeps its HTML: it must not keep others from theirs.
func (h *Handlers) renewed(ctx context.Context, r chat.Rendering, render func(string, markup.Resolve) string) (anew chat.Rendering) {
	anew = r
	anew.Rendered = markup.Version
	defer func() {
		if cause := recover(); cause != nil { // it runs in no request's goroutine, and would end the program
			h.Log.ErrorContext(ctx, "render a message anew", "message", r.ID, "error", fmt.Errorf("panic: %v", cause))
		}
	}()
	anew.HTML = render(r.Body, markup.Linked(r.HTML))
	return anew
}
