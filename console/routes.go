package console

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"homeroom/admin"
)

// route is one address of the console.
type route struct {
	method  string
	pattern string
	role    Role // who may use it; empty: everybody, also people who have not signed in
	serve   func(*request) (*page, error)
}

// listRoutes lists every address but the static files, with the role that it needs.
func (c *Console) listRoutes() []route {
	return []route{
		{"GET", "/{$}", RoleViewer, c.showOverview},
		{"POST", "/pause", RoleApprover, c.pauseSending},
		{"POST", "/resume", RoleApprover, c.resumeSending},
		{"GET", "/rules", RoleViewer, c.showRules},
		{"GET", "/rules/{rule}", RoleViewer, c.showRule},
		{"GET", "/rules/{rule}/try", RolePeople, c.showTryout},
		{"POST", "/rules/{rule}/try", rolesOfTesting, c.saveTryout},
		{"GET", "/messages", RoleViewer, c.showMessages},
		{"GET", "/messages/{message}", RoleViewer, c.showMessage},
		{"GET", "/messages/{message}/frame", RoleViewer, c.frameMessage},
		{"POST", "/messages/{message}/test", RoleEditor, c.sendTestMail},
		{"GET", "/files", RoleViewer, c.showFile},
		{"POST", "/files", RoleEditor, c.saveFile},
		{"POST", "/check", RoleEditor, c.checkFile},
		{"POST", "/check/problems", RoleEditor, c.checkProblems},
		{"POST", "/complete", RoleEditor, c.completeFile},
		{"POST", "/hover", RoleEditor, c.hoverFile},
		{"GET", "/drafts", RoleViewer, c.showDrafts},
		{"GET", "/drafts/{draft}", RoleViewer, c.showDraft},
		{"POST", "/drafts/{draft}/propose", RoleEditor, c.proposeDraft},
		{"POST", "/drafts/{draft}/withdraw", RoleEditor, c.withdrawDraft},
		{"POST", "/drafts/{draft}/discard", RoleEditor, c.discardDraft},
		{"POST", "/drafts/{draft}/rebase", RoleEditor, c.rebaseDraft},
		{"POST", "/drafts/{draft}/comment", RoleViewer, c.commentOnDraft},
		{"POST", "/drafts/{draft}/approve", RoleApprover, c.approveDraft},
		{"GET", "/drafts/{draft}/backtest", RoleViewer, c.showBacktest},
		{"POST", "/drafts/{draft}/backtest", RoleEditor, c.startBacktest},
		{"POST", "/drafts/{draft}/backtest/cancel", RoleEditor, c.cancelBacktest},
		{"GET", "/drafts/{draft}/publish", RoleApprover, c.preparePublication},
		{"POST", "/drafts/{draft}/publish", RoleApprover, c.publishDraft},
		{"POST", "/drafts/{draft}/schedule", RoleApprover, c.scheduleDraft},
		{"POST", "/drafts/{draft}/unschedule", RoleApprover, c.unscheduleDraft},
		{"GET", "/revisions", RoleViewer, c.showRevisions},
		{"GET", "/revisions/{revision}", RoleViewer, c.showRevision},
		{"POST", "/revisions/{revision}/rollback", RoleApprover, c.rollBack},
		{"GET", "/broadcasts", RoleViewer, c.showBroadcasts},
		{"POST", "/broadcasts/count", RoleApprover, c.countBroadcast},
		{"GET", "/broadcasts/{broadcast}", RoleViewer, c.showBroadcast},
		{"POST", "/broadcasts/{broadcast}/start", RoleApprover, c.startBroadcast},
		{"POST", "/broadcasts/{broadcast}/pause", RoleApprover, c.pauseBroadcast},
		{"POST", "/broadcasts/{broadcast}/resume", RoleApprover, c.resumeBroadcast},
		{"POST", "/broadcasts/{broadcast}/cancel", RoleApprover, c.cancelBroadcast},
		{"GET", "/lift", RoleViewer, c.showLift},
		{"GET", "/lift.csv", RoleViewer, c.exportLift},
		{"GET", "/lift-weeks.csv", RoleViewer, c.exportWeeks},
		{"GET", "/growth.csv", RoleViewer, c.exportGrowth},
		{"GET", "/rules.csv", RoleViewer, c.exportRules},
		{"GET", "/steps.csv", RoleViewer, c.exportSteps},
		{"GET", "/at-risk", RolePeople, c.showAtRisk},
		{"GET", "/at-risk.csv", RolePeople, c.exportAtRisk},
		{"GET", "/learners", RolePeople, c.findLearner},
		{"POST", "/learners/find", RolePeople, c.findByAddress},
		{"GET", "/learners/{learner}", RolePeople, c.showLearner},
		{"GET", "/learners/{learner}/data", RolePeople, c.showLearnerData},
		{"POST", "/learners/{learner}/ask", RolePeople, c.askForLearner},
		{"POST", "/learners/{learner}/take-back", RolePeople, c.takeBackRequest},
		{"GET", "/events", RoleViewer, c.showEvents},
		{"GET", "/deadletters", RoleViewer, c.showDeadLetters},
		{"POST", "/deadletters/replay", RolePeople, c.replayDeadLetters},
		{"GET", "/people", RoleViewer, c.showPeople},
		{"GET", "/audit", rolesOfOversight, c.showAudit},
		{"GET", "/sign-in", "", c.showSignIn},
		{"POST", "/sign-in", "", c.signIn},
		{"GET", "/sign-in/provider", "", c.beginLogin},
		{"GET", "/sign-in/callback", "", c.finishLogin},
		{"POST", "/act-as", RoleViewer, c.actAs},
		{"POST", "/sign-out", RoleViewer, c.signOut},
		{"GET", "/", RoleViewer, c.showNothing},
	}
}

// request is one request and who makes it.
type request struct {
	*http.Request
	w      http.ResponseWriter
	person Person
}

// PathValue returns a part of the path as [joinPath] was given it.
func (r *request) PathValue(name string) string { return bareDots(r.Request.PathValue(name)) }

// as returns the installation as the person uses it who makes a request: what they do is recorded in their name.
func (c *Console) as(req *request) *admin.Installation {
	return c.o.Installation.As(admin.Actor{Name: req.person.Name, Way: admin.WayConsole})
}

// errForbidden says that somebody is known but may not do this.
var errForbidden = errors.New("forbidden")

// serveAllowed serves a route to who may use it.
func (c *Console) serveAllowed(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		req := &request{Request: hr, w: w}
		person, known := c.o.People.Identify(hr, c.o.Installation.MachineNow())
		req.person = person
		switch {
		case r.role == "":
		case !known && wantsJSON(hr):
			c.writeProblem(req, http.StatusUnauthorized, errors.New("sign in, or send Authorization: Bearer TOKEN"))
			return
		case !known:
			http.Redirect(w, hr, c.linkTo("/sign-in?to="+url.QueryEscape(hr.URL.RequestURI())), http.StatusSeeOther)
			return
		case !person.May(r.role):
			c.writeProblem(req, http.StatusForbidden, fmt.Errorf("%s may not do this: it needs the role %s: %w", person.Name, r.role, errForbidden))
			return
		}
		p, err := r.serve(req)
		if err != nil {
			c.writeProblem(req, statusOf(err), err)
			return
		}
		c.writePage(req, http.StatusOK, p)
	})
}

// statusOf returns the HTTP status that tells an error.
func statusOf(err error) int {
	var input *admin.InputError
	var conflict *admin.DraftConflictError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &conflict), errors.Is(err, admin.ErrPublishedMeanwhile):
		return http.StatusConflict
	case errors.Is(err, admin.ErrNotFound), errors.Is(err, errNoPage):
		return http.StatusNotFound
	case errors.Is(err, errForbidden):
		return http.StatusForbidden
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.As(err, &input):
		return http.StatusUnprocessableEntity
	}
	return http.StatusServiceUnavailable
}

// errBeingCounted says that figures are not there yet.
var errBeingCounted = errors.New("this is being counted for the first time; ask again in a moment")

var errNoPage = errors.New("there is no such page")

func (c *Console) showNothing(*request) (*page, error) { return nil, errNoPage }

// linkTo returns the address of a page of the console.
func (c *Console) linkTo(path string) string { return c.prefix + path }

// wantsJSON reports whether a request prefers JSON to HTML.
func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}
