package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/views"
)

// listed is how many entries a page of a list holds.
const listed = 50

// showReport shows the form to report a message, or what the viewer has reported.
func (h *Handlers) showReport(c *gin.Context) error {
	message, err := h.message(c)
	if err != nil {
		return err
	}
	form := views.ReportProps{Message: message, Zone: h.zone(c)}
	report, err := h.Store.ReportBy(c.Request.Context(), message.ID, viewer(c).ID)
	switch {
	case err == nil:
		form.Report = report
	case chat.KindOf(err) != chat.NotFound:
		return err
	}
	return h.showReportForm(c, http.StatusOK, form)
}

func (h *Handlers) showReportForm(c *gin.Context, status int, form views.ReportProps) error {
	return h.show(c, status, views.Page{Title: "Report a message"}, views.ReportForm(form))
}

// report puts a message into the moderators' queue.
func (h *Handlers) report(c *gin.Context) error {
	message, err := h.message(c)
	if err != nil {
		return err
	}
	form := views.ReportProps{Message: message, Zone: h.zone(c), Reason: field(c, "reason")}
	ctx, reporter := c.Request.Context(), viewer(c).ID
	err = h.Store.InTx(ctx, func(s *store.Store) error {
		if noted, err := s.Report(ctx, message.ID, reporter, form.Reason); err != nil || !noted {
			return err
		}
		event := audit(c, chat.MessageReported, reporter, message.AuthorID)
		event.Detail = message.Path()
		return s.Record(ctx, event)
	})
	if problem, ok := formProblem(err); ok {
		form.Error = problem.Message
		return h.showReportForm(c, h.problemStatus(c, problem), form)
	}
	if err != nil {
		return err
	}
	return seeOther(c, message.Path()+"/report")
}

// showReports shows the reports that wait, or those that are settled.
func (h *Handlers) showReports(c *gin.Context) error {
	after, settled := chat.ParsePlace(c.Query("after")), c.Query("settled") != ""
	load := h.Store.Reports
	if settled {
		load = h.Store.SettledReports
	}
	reports, err := load(c.Request.Context(), after, listed+1)
	if err != nil {
		return err
	}
	list := views.ReportsProps{Panel: h.panel(c, "/admin/reports"), Settled: settled, Zone: h.zone(c)}
	list.Reports, list.More = cutList(reports)
	return h.show(c, http.StatusOK, views.Page{Title: "Reports"}, views.Reports(list))
}

// cutList gives what one page of a list shows of what was loaded for it, which
// is one more at the most, and reports whether there is that one more.
func cutList[T any](loaded []T) (shown []T, more bool) {
	return loaded[:min(len(loaded), listed)], len(loaded) > listed
}

// settleReport notes what became of a report, and of all others about the same
// message.
func (h *Handlers) settleReport(c *gin.Context) error {
	id, ok := ordinal(c.Param("id"))
	if !ok {
		return h.notFound(c)
	}
	outcome := chat.Outcome(c.PostForm("outcome"))
	if outcome != chat.Resolved && outcome != chat.Dismissed {
		return errDamagedForm
	}
	ctx, moderator := c.Request.Context(), viewer(c).ID
	err := h.Store.InTx(ctx, func(s *store.Store) error {
		report, settled, err := s.Settle(ctx, id, moderator, outcome)
		if err != nil || !settled { // another moderator may have been faster
			return err
		}
		event := audit(c, chat.ReportSettled, moderator, report.AuthorID)
		event.Detail = string(report.Outcome) + " " + report.Path()
		return s.Record(ctx, event)
	})
	if err != nil {
		return err
	}
	return seeOther(c, "/admin/reports")
}
