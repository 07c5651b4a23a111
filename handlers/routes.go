package handlers

import (
	"net/http"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/views"

	"github.com/twilightbark/twilightbark/chat"
)

// routes is the whole site, from top to bottom.
func (h *Handlers) routes() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.HandleMethodNotAllowed = true
	router.RedirectTrailingSlash = false
	h.trustProxies(router)
	if h.Dev {
		router.Use(timeRequest)
	}
	router.Use(h.logRequest, h.recoverPanic, h.warnForwarded, secureHeaders(h.BaseURL), endPieces, sessions.Sessions(h.cookieName(), h.sessions()))
	router.NoRoute(h.checkHost, h.do(h.notFound))
	router.NoMethod(h.checkHost, h.do(h.methodNotAllowed))

	open := routeGroup{router.Group("/")}
	open.get("/healthz", h.do(h.showHealth))
	open.get("/readyz", h.do(h.showReadiness))

	open.Use(h.checkHost)
	open.get("/static/*name", h.do(h.showAsset))
	open.get("/favicon.ico", h.do(h.showFavicon))
	open.get("/manifest.webmanifest", h.do(h.showManifest))
	open.get("/robots.txt", h.do(h.showRobots))
	open.get("/sitemap.xml", h.do(h.showSitemap))
	open.get("/sitemaps/:part", h.do(h.showSitemapPart))
	open.get("/rooms/:slug/feed.atom", h.do(h.showRoomFeed))
	open.get("/feeds/:feed", h.do(h.showOwnFeed))
	open.get("/avatars/:picture/:size", h.do(h.showPicture))
	open.get("/fragments/not-sent", h.do(keptFragment(views.NotSent())))
	open.get("/fragments/reconnecting", h.do(keptFragment(views.Reconnecting())))
	open.get("/fragments/connected", h.do(keptFragment(views.Connected())))

	site := routeGroup{open.Group("/")}
	site.Use(h.checkOrigin(), h.readForm, h.identify)
	site.get("/", h.do(h.showHome))
	site.get("/about", h.do(h.showAbout))
	site.get("/register", h.do(h.showRegister))
	site.POST("/register", h.do(h.register))
	site.get("/login", h.do(h.showLogin))
	site.POST("/login", h.do(h.login))
	site.POST("/logout", h.do(h.logout))
	site.get("/password-reset", h.do(h.showResetRequest))
	site.POST("/password-reset", h.do(h.requestReset))
	site.get("/password-reset/:token", h.do(h.showReset))
	site.POST("/password-reset/:token", h.do(h.resetPassword))
	site.get("/confirm-email/:token", h.do(h.showConfirmEmail))
	site.POST("/confirm-email/:token", h.do(h.confirmEmail))
	site.get("/unsubscribe/:token", h.do(h.showUnsubscribe))
	site.POST("/unsubscribe/:token", h.do(h.unsubscribe))
	site.get("/users/:username", h.do(h.showAccount))
	site.get("/search", h.do(h.showSearch))

	site.POST("/rooms", h.do(h.openRoom))
	site.get("/rooms/:slug", h.do(h.showRoom))
	site.get("/rooms/:slug/page/:page", h.do(h.showPage))
	site.get("/rooms/:slug/log", h.do(h.showLog))
	site.get("/rooms/:slug/:number", h.do(h.showMessage))
	site.get("/rooms/:slug/:number/actions", h.do(h.showActions))
	site.get("/rooms/:slug/:number/edit", h.do(h.showEdit))
	site.POST("/rooms/:slug/:number/edit", attempt(h.editMessage, h.refuseEdit))
	site.get("/rooms/:slug/:number/delete", h.do(h.showDelete))
	site.POST("/rooms/:slug/:number/delete", h.do(h.deleteMessage))
	site.get("/rooms/:slug/:number/versions", h.do(h.showVersions))
	site.POST("/rooms/:slug/messages", attempt(h.postMessage, h.refuse))
	site.POST("/rooms/:slug/composer", h.do(h.showComposer))
	site.POST("/rooms/:slug/names", h.quietly(h.suggestNames))
	site.POST("/rooms/:slug/complete", attempt(h.offerNames, h.refuse))
	site.GET("/rooms/:slug/events", h.quietly(h.streamRoom))
	site.get("/rooms/:slug/changes", h.quietly(h.showChanges))
	site.GET("/rooms/:slug/live", h.do(h.streamPage))
	site.POST("/rooms/:slug/follow", h.do(h.followRoom))
	site.POST("/rooms/:slug/unfollow", h.do(h.unfollowRoom))
	site.POST("/rooms/:slug/:number/unread", h.do(h.markUnread))

	if h.Dev {
		site.get("/kit", h.do(h.showKit))
	}

	members := routeGroup{open.Group("/")}
	members.Use(h.checkOrigin(), h.identify, h.only(chat.KeepAccount))
	members.get("/settings", h.do(h.showProfile))
	members.POST("/settings", h.readUpload, h.do(h.changeProfile))
	members.Use(h.readForm)
	members.get("/mentions", h.do(h.showMentions))
	members.get("/me.css", h.do(h.showMyStyles))
	members.get("/unread", h.quietly(h.showUnread))
	members.POST("/mark-all-read", h.do(h.markAllRead))
	members.POST("/settings/confirm-email", h.do(h.sendConfirmation))
	members.get("/settings/password", h.do(h.showPassword))
	members.POST("/settings/password", h.do(h.changePassword))
	members.get("/settings/sessions", h.do(h.showDevices))
	members.POST("/settings/sessions/:id/end", h.do(h.endDevice))
	members.POST("/settings/sessions/end-others", h.do(h.endOtherDevices))
	members.get("/settings/letters", h.do(h.showNotices))
	members.POST("/settings/letters", h.do(h.changeNotices))
	members.get("/settings/feed", h.do(h.showOwnFeedAddress))
	members.POST("/settings/feed", h.do(h.renewOwnFeed))
	members.get("/settings/data", h.do(h.showData))
	members.POST("/settings/data", h.do(h.downloadData))
	members.get("/settings/delete", h.do(h.showDeletion))
	members.POST("/settings/delete", h.do(h.deleteAccount))
	members.POST("/users/:username/ignore", h.do(h.ignore))
	members.POST("/users/:username/listen", h.do(h.listen))
	members.get("/rooms/:slug/:number/report", h.do(h.showReport))
	members.POST("/rooms/:slug/:number/report", h.do(h.report))

	moderators := routeGroup{open.Group("/")}
	moderators.Use(h.checkOrigin(), h.identify, h.only(chat.Moderate), h.readForm)
	moderators.get("/admin", h.do(h.showOverview))
	moderators.get("/admin/members", h.do(h.showMembers))
	moderators.get("/admin/members/:id", h.do(h.showMember))
	moderators.get("/admin/rooms", h.do(h.showPanelRooms))
	moderators.get("/admin/messages", h.do(h.showPanelMessages))
	moderators.get("/admin/sanctions", h.do(h.showAllSanctions))
	moderators.get("/admin/audit", h.do(h.showAudit))
	moderators.get("/admin/reports", h.do(h.showReports))
	moderators.POST("/admin/reports/:id", h.do(h.settleReport))
	moderators.get("/rooms/:slug/settings", h.do(h.showRoomSettings))
	moderators.POST("/rooms/:slug/settings", h.do(h.changeRoom))
	moderators.get("/users/:username/sanctions", h.do(h.showSanctions))
	moderators.POST("/users/:username/sanctions", h.do(h.sanction))
	moderators.POST("/users/:username/sanctions/lift", h.do(h.liftSanction))
	moderators.POST("/users/:username/removals", h.do(h.removeLatest))
	moderators.POST("/users/:username/removals/:id/restore", h.do(h.restoreRemoved))

	admins := routeGroup{moderators.Group("/admin")}
	admins.Use(h.only(chat.Administer))
	admins.get("/settings", h.do(h.showSiteSettings))
	admins.Use(h.confirmed)
	admins.POST("/settings", h.do(h.changeSiteSettings))
	admins.POST("/members/:id/role", h.do(h.setRole))
	admins.POST("/members/:id/disable", h.do(h.disableMember))
	admins.POST("/members/:id/enable", h.do(h.enableMember))
	admins.POST("/members/:id/end-sessions", h.do(h.endMemberSessions))
	admins.POST("/members/:id/reset-password", h.do(h.sendResetLink))
	h.ways = newWays(router.Routes())
	return router
}

// routeGroup is gin's, with HEAD wherever there is GET.
type routeGroup struct{ *gin.RouterGroup }

func (g routeGroup) get(path string, handlers ...gin.HandlerFunc) {
	g.GET(path, handlers...)
	g.HEAD(path, handlers...)
}
