package handlers

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/live"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/views"
)

// shownMembers are the parts of the list of members that can be asked for.
var shownMembers = map[string]chat.MemberList{
	"moderators": {Role: chat.Moderator}, "admins": {Role: chat.Admin}, "disabled": {Disabled: true},
}

// showMembers lists the members by name. Emails are for admins alone, to look for
// as to read.
func (h *Handlers) showMembers(c *gin.Context) error {
	p := views.PanelMembersProps{Panel: h.panel(c, "/admin/members"), Begins: query(c, "q"), Show: query(c, "show")}
	of := shownMembers[p.Show]
	of.Begins, of.After = p.Begins, query(c, "after")
	if of.ByEmail() && !p.Panel.Admin {
		return h.show(c, http.StatusOK, views.Page{Title: "Members"}, views.PanelMembers(p))
	}
	members, err := h.Store.FindMembers(c.Request.Context(), of, panelRows+1)
	if err != nil {
		return err
	}
	p.Members, p.Pages = paged(c, members, "after", of.Place)
	return h.show(c, http.StatusOK, views.Page{Title: "Members"}, views.PanelMembers(p))
}

// memberEvents is how many entries of the audit table a member's page shows.
const memberEvents = 10

// panelMember gives the member whom the request's path names.
func (h *Handlers) panelMember(c *gin.Context) (user chat.User, err error) {
	err = &chat.Error{Kind: chat.NotFound}
	if id, ok := ordinal(c.Param("id")); ok {
		user, err = h.Store.User(c.Request.Context(), id)
	}
	if chat.KindOf(err) == chat.NotFound || err == nil && user.Username == chat.FormerMember {
		err = &chat.Error{Kind: chat.NotFound, Message: "There is no such member.", Err: err}
	}
	return user, err
}

func (h *Handlers) showMember(c *gin.Context) error {
	user, err := h.panelMember(c)
	if err != nil {
		return err
	}
	return h.showMemberWith(c, http.StatusOK, user, "")
}

// showMemberWith shows all about a member, and what kept something from being done.
func (h *Handlers) showMemberWith(c *gin.Context, status int, user chat.User, problem string) error {
	ctx := c.Request.Context()
	devices, err := h.Store.Devices(ctx, user.ID)
	if err != nil {
		return err
	}
	entries, err := h.Store.FindEvents(ctx, chat.AuditList{UserID: user.ID}, memberEvents)
	if err != nil {
		return err
	}
	return h.show(c, status, views.Page{Title: user.Username}, views.PanelMember(views.PanelMemberProps{
		Panel: h.panel(c, "/admin/members"), User: user, Own: user.ID == viewer(c).ID, Below: chat.Can(viewer(c), chat.SanctionMember, user),
		Devices: len(devices), Entries: entries, Error: problem,
	}))
}

// setRole gives a member another role.
func (h *Handlers) setRole(c *gin.Context) error {
	role := chat.Role(c.PostForm("role"))
	return h.change(c, chat.RoleChanged, func(ctx context.Context, s *store.Store, user chat.User) (detail string, err error) {
		if role != chat.Member && role != chat.Moderator && role != chat.Admin {
			return "", &chat.Error{Kind: chat.Invalid, Message: "Choose one of the roles."}
		}
		return string(user.Role) + " to " + string(role), s.SetRole(ctx, user.ID, role)
	})
}

// disableMember ends all access to an account, on every node within seconds.
func (h *Handlers) disableMember(c *gin.Context) error {
	return h.change(c, chat.AccountDisabled, func(ctx context.Context, s *store.Store, user chat.User) (string, error) {
		return "", s.Disable(ctx, user.ID)
	})
}

func (h *Handlers) enableMember(c *gin.Context) error {
	return h.change(c, chat.AccountEnabled, func(ctx context.Context, s *store.Store, user chat.User) (string, error) {
		return "", s.Enable(ctx, user.ID)
	})
}

// endMemberSessions logs a member out everywhere.
func (h *Handlers) endMemberSessions(c *gin.Context) error {
	return h.change(c, chat.SessionsEnded, func(ctx context.Context, s *store.Store, user chat.User) (string, error) {
		return "", s.EndSessions(ctx, user.ID)
	})
}

// sendResetLink sends a member a letter with a link to choose a new password,
// which nobody else sees.
func (h *Handlers) sendResetLink(c *gin.Context) error {
	defer h.letterWaits()
	return h.change(c, chat.ResetLinkSent, func(ctx context.Context, s *store.Store, user chat.User) (string, error) {
		return "", s.Send(ctx, chat.Letter{Kind: chat.ResetLetter, UserID: user.ID, Recipient: user.Email})
	})
}

// endsSessions holds what nobody stays logged in after.
var endsSessions = map[chat.Action]bool{chat.RoleChanged: true, chat.AccountDisabled: true, chat.SessionsEnded: true}

// change does something to a member's account, and records it.
func (h *Handlers) change(c *gin.Context, action chat.Action, act func(context.Context, *store.Store, chat.User) (string, error)) error {
	ctx := c.Request.Context()
	user, err := h.panelMember(c)
	if err != nil {
		return err
	}
	err = h.Store.InTx(ctx, func(s *store.Store) error {
		event := audit(c, action, viewer(c).ID, user.ID)
		if event.Detail, err = act(ctx, s, user); err != nil {
			return err
		}
		return s.Record(ctx, event)
	})
	if problem, ok := formProblem(err); ok {
		return h.showMemberWith(c, h.problemStatus(c, problem), user, problem.Message)
	}
	if err != nil {
		return err
	}
	if endsSessions[action] {
		h.live.EndMember(user.ID, "", live.ErrExpired)
		if user.ID == viewer(c).ID {
			return seeOther(c, views.LoginPath("/admin"))
		}
	}
	return seeOther(c, views.PanelMemberPath(user.ID))
}
