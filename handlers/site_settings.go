package handlers

import (
	"context"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/views"
	"github.com/twilightbark/twilightbark/words"
)

// settingsLook is how often a node looks for settings that were made on another.
const settingsLook = 2 * time.Second

// started gives the settings that the server was started with.
func (h *Handlers) started() chat.SiteSettings {
	return chat.SiteSettings{SiteName: h.SiteName, RegistrationOpen: h.RegistrationOpen, PostRate: h.PostRate, LoginRate: h.LoginRate}
}

// inForce gives the settings that hold now: those that admins have set, and for
// the others those that the server was started with.
func (h *Handlers) inForce() chat.SiteSettings { return *h.settings.Load() }

// followSettings has this node do what admins have set, on whichever node, until
// ctx ends.
func (h *Handlers) followSettings(ctx context.Context) {
	look := time.NewTicker(settingsLook)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			h.lookForSettings(ctx)
		}
	}
}

// lookForSettings makes what is set hold. As long as it can't be found out, what
// held before does.
func (h *Handlers) lookForSettings(ctx context.Context) {
	set, err := h.Store.Settings(ctx)
	now := h.started().With(set)
	if err == nil || h.settings.Load() == nil {
		denied := words.NewList(chat.DeniedEntries(now.Denied))
		h.denied.Store(&denied)
		h.settings.Store(&now)
		h.attempts.change(now.LoginRate)
	}
	if err != nil && ctx.Err() == nil {
		h.Log.WarnContext(ctx, "can't look for the site's settings; will try again", "error", err)
	}
}

// checkAllowed adds to the problems of a form that a field has something that is
// denied, unless it is as it was before that was denied.
func (h *Handlers) checkAllowed(problems map[string]string, field, before, after string) {
	if after != before && problems[field] == "" && h.denied.Load().In(after) {
		problems[field] = chat.ErrDenied(field).Message
	}
}

func (h *Handlers) showSiteSettings(c *gin.Context) error {
	set, err := h.Store.Settings(c.Request.Context())
	if err != nil {
		return err
	}
	form := views.SiteSettingsProps{Set: set, Seen: map[chat.Setting]string{}}
	for _, name := range chat.Settings {
		form.Seen[name] = settingMark(set[name])
	}
	return h.showSiteSettingsForm(c, http.StatusOK, form)
}

// settingMark tells a setting's value from others. Browsers send lines that end
// in another way than those they were given.
func settingMark(value string) string {
	return base64.RawURLEncoding.EncodeToString(hashOf(strings.ReplaceAll(value, "\r", ""))[:9])
}

func (h *Handlers) showSiteSettingsForm(c *gin.Context, status int, form views.SiteSettingsProps) error {
	form.Panel, form.Started = h.panel(c, "/admin/settings"), h.started()
	return h.show(c, status, views.Page{Title: "Site settings"}, views.SiteSettings(form))
}

// changeSiteSettings sets what was changed in the form: the rest of one that
// stood open must not undo what another admin set meanwhile. What is left empty
// holds as the server was started.
func (h *Handlers) changeSiteSettings(c *gin.Context) error {
	ctx, changed := c.Request.Context(), map[chat.Setting]string{}
	form := views.SiteSettingsProps{Set: map[chat.Setting]string{}, Seen: map[chat.Setting]string{}}
	for _, name := range chat.Settings {
		form.Set[name], form.Seen[name] = field(c, string(name)), field(c, "seen_"+string(name))
		if form.Seen[name] != settingMark(form.Set[name]) {
			changed[name] = form.Set[name]
		}
	}
	if form.Errors = settingProblems(form.Set); len(form.Errors) > 0 {
		return h.showSiteSettingsForm(c, http.StatusUnprocessableEntity, form)
	}
	err := h.Store.InTx(ctx, func(s *store.Store) error { return setAll(c, s, changed) })
	if problem, ok := formProblem(err); ok {
		form.Error = problem.Message
		return h.showSiteSettingsForm(c, h.problemStatus(c, problem), form)
	}
	if err != nil {
		return err
	}
	h.lookForSettings(ctx)
	return seeOther(c, "/admin/settings")
}

// settingProblems says what is wrong with settings. What could never be found in
// a text would be denied in vain.
func settingProblems(set map[chat.Setting]string) map[string]string {
	problems := chat.SettingProblems(set)
	for _, entry := range chat.DeniedEntries(set[chat.DeniedSetting]) {
		if !words.Noticeable(entry) {
			problems[string(chat.DeniedSetting)] = "There is no word in the line " + entry
		}
	}
	return problems
}

// setAll sets the settings, and records those that are others than before.
func setAll(c *gin.Context, s *store.Store, set map[chat.Setting]string) error {
	for _, name := range chat.Settings {
		if _, given := set[name]; !given {
			continue
		}
		before, err := s.Set(c.Request.Context(), name, set[name])
		if err != nil {
			return err
		}
		if before == set[name] {
			continue
		}
		event := audit(c, chat.SettingChanged, viewer(c).ID, 0)
		event.Detail = string(name) + ": " + orServers(before) + " to " + orServers(set[name])
		if name == chat.DeniedSetting {
			event.Detail = string(name) + ":" + listChange(chat.DeniedEntries(before), chat.DeniedEntries(set[name]))
		}
		if err := s.Record(c.Request.Context(), event); err != nil {
			return err
		}
	}
	return nil
}

// orServers names a setting's value that is left to the server.
func orServers(value string) string {
	if value == "" {
		return "the server's"
	}
	return value
}

// listChange tells what was added to a list, and what taken away.
func listChange(before, after []string) string {
	const most = 2000 // bytes
	var b strings.Builder
	note := func(sign string, these, others []string) {
		for _, entry := range these {
			if !slices.Contains(others, entry) {
				b.WriteString(" " + sign + entry)
			}
		}
	}
	note("+", after, before)
	note("-", before, after)
	if b.Len() > most {
		return readable(cut(b.String(), most)) + " …"
	}
	return b.String()
}
