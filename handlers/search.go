package handlers

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/views"
	"github.com/twilightbark/twilightbark/words"
)

// Searches are the dearest pages: only so many are at work at the same time, fewer
// than SQLite has readers, so that a flood of them leaves the database to the
// rooms. One more waits a little.
const (
	maxSearches = 2
	searchWait  = time.Second
)

// showSearch shows the messages in which the words are found.
func (h *Handlers) showSearch(c *gin.Context) error {
	form := views.SearchProps{
		Text: normal(c.Query("q")), Room: normal(c.Query("room")), Author: normal(c.Query("author")),
		Page: searchPage(c), Zone: h.zone(c),
	}
	form.Query = words.Parse(form.Text)
	if form.Text != "" {
		if err := h.search(c.Request.Context(), &form); err != nil {
			return err
		}
	}
	return h.show(c, http.StatusOK, views.Page{Title: form.Title(), Path: c.Request.URL.RequestURI()}, views.Search(form))
}

// searchPage is the page of results that is asked for.
func searchPage(c *gin.Context) int {
	page, ok := ordinal(c.Query("page"))
	if !ok {
		return 1
	}
	return int(min(page, store.MaxSearchPages+1))
}

// search looks for what the form says, and puts into it what is found, or why
// nothing can be.
func (h *Handlers) search(ctx context.Context, form *views.SearchProps) error {
	search, err := h.searchFor(ctx, form)
	if err != nil || form.Problem != "" {
		return err
	}
	select {
	case h.searches <- struct{}{}:
		defer func() { <-h.searches }()
	case <-time.After(searchWait):
		return &chat.Error{Kind: chat.Unavailable, Message: "Many people are searching just now. Please try again in a moment.", After: 5 * time.Second}
	case <-ctx.Done():
		return ctx.Err()
	}
	h.index.settle(ctx)
	form.Found, form.More, err = h.Store.Search(ctx, search, form.Page)
	return err
}

// searchFor gives the search that the form means.
func (h *Handlers) searchFor(ctx context.Context, form *views.SearchProps) (search store.Search, err error) {
	search.Query = form.Query
	switch {
	case search.Empty():
		form.Problem = "There is no word in this to look for."
	case form.Page > store.MaxSearchPages:
		form.Problem = "Results go no further back than this. Add a word, or choose a room or an author."
	}
	if form.Problem == "" && strings.TrimSpace(form.Room) != "" {
		search.RoomID, err = h.searchedRoom(ctx, form)
	}
	if err == nil && form.Problem == "" && strings.TrimSpace(form.Author) != "" {
		search.AuthorID, err = h.searchedAuthor(ctx, form)
	}
	return search, err
}

// searchedRoom finds a room by its name, or by one of before.
func (h *Handlers) searchedRoom(ctx context.Context, form *views.SearchProps) (int64, error) {
	room, err := h.roomCalled(ctx, form.Room)
	if chat.KindOf(err) == chat.NotFound {
		form.Problem = "Nothing found: there is no such room."
		return 0, nil
	}
	return room.ID, err
}

// searchedAuthor finds an author by the name of now, or by one of before.
func (h *Handlers) searchedAuthor(ctx context.Context, form *views.SearchProps) (int64, error) {
	user, err := h.memberCalled(ctx, form.Author)
	if chat.KindOf(err) == chat.NotFound {
		form.Problem = "Nothing found: there is no such member."
		return 0, nil
	}
	return user.ID, err
}
