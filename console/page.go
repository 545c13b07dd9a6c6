package console

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"homeroom/admin"
)

// page is what a route answers: a template with its data, or another page to go to.
type page struct {
	name    string // of the template
	title   string
	section string // of the navigation
	command string // how to ask the same on the command line; empty: there is no such command
	data    any    // what the template prints, and what JSON holds
	status  int    // 0: 200
	editor  bool   // it has the editor, whose style sheet needs a nonce
	json    bool   // the answer is the data, also for who does not ask for JSON
	// redirect is the path of the page to go to instead.
	redirect string
	// elsewhere is the address of another site to go to instead.
	elsewhere string
	// raw is written as it is, with rawType, instead of a template.
	raw     []byte
	rawType string
	policy  string // the Content-Security-Policy of raw
}

// frame is what the layout prints around a page.
type frame struct {
	Title   string
	Section string
	Command string
	Person  Person
	CanStop bool
	Switch  admin.KillSwitch
	// SwitchProblem says why the kill switch cannot be read.
	SwitchProblem string
	Path          string // of the page, for forms that come back to it
	Notice        string // what was done a moment ago
	Inbox         string
	Data          any
	SignedIn      bool   // there is a session to end
	Other         string // the name that the person can take instead; empty: none
	Nonce         string // of the editor's style sheet; empty: the page has no editor
	// LearnersNow is the learners' time, if it differs from the machine's, as in time-lapse; otherwise zero.
	LearnersNow time.Time
}

// problem is what a page about an error prints.
type problem struct {
	Status  int    `json:"status"`
	Message string `json:"detail"`
	Back    string `json:"-"`
}

// goTo answers with another page, and says there what was done.
func (c *Console) goTo(req *request, path, notice string) (*page, error) {
	if notice != "" {
		http.SetCookie(req.w, &http.Cookie{
			Name:     noticeCookie,
			Value:    encodeNotice(notice),
			Path:     c.prefix + "/",
			MaxAge:   30,
			HttpOnly: true,
			SameSite: http.SameSiteStrictMode,
			Secure:   c.isSecure(req),
		})
	}
	return &page{redirect: path, data: map[string]string{"done": notice, "page": c.linkTo(path)}}, nil
}

// isSecure reports whether the browser reached the console by HTTPS.
func (c *Console) isSecure(req *request) bool {
	return req.TLS != nil || strings.HasPrefix(c.o.URL, "https://")
}

// writePage writes a page as its request asks for.
func (c *Console) writePage(req *request, status int, p *page) {
	if p.status != 0 {
		status = p.status
	}
	switch {
	case p.elsewhere != "":
		http.Redirect(req.w, req.Request, p.elsewhere, http.StatusSeeOther)
	case p.json, wantsJSON(req.Request):
		writeJSON(req.w, status, p.data)
	case p.redirect != "":
		http.Redirect(req.w, req.Request, c.linkTo(p.redirect), http.StatusSeeOther)
	case p.raw != nil:
		req.w.Header().Set("Content-Type", p.rawType)
		if p.policy != "" {
			req.w.Header().Set("Content-Security-Policy", p.policy)
		}
		_, _ = req.w.Write(p.raw)
	default:
		c.writeHTML(req, status, p)
	}
}

func writeJSON(w http.ResponseWriter, status int, data any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	if err := e.Encode(data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// partHeader asks for the part of a page that its script puts beside the editor.
const partHeader = "Homeroom-Part"

// writeHTML fills the layout and the page into memory first, so that a template that fails leaves no half page.
func (c *Console) writeHTML(req *request, status int, p *page) {
	f := frame{
		Title:    p.title,
		Section:  p.section,
		Command:  p.command,
		Person:   req.person,
		CanStop:  req.person.May(RoleApprover),
		Path:     req.URL.RequestURI(),
		Notice:   c.takeNotice(req),
		Inbox:    c.o.Inbox,
		Data:     p.data,
		SignedIn: hasSession(req.Request),
		Other:    c.otherName(req.Request),

		LearnersNow: c.learnersNow(),
	}
	if req.person.Name != "" {
		var err error
		if f.Switch, err = c.o.Installation.KillSwitch(req.Context()); err != nil {
			f.SwitchProblem = err.Error()
		}
	}
	if p.editor {
		f.Nonce = rand.Text()
		req.w.Header().Set("Content-Security-Policy", editorPolicy(f.Nonce))
	}
	var b bytes.Buffer
	entry := "layout.html"
	if req.Header.Get(partHeader) != "" && c.pages[p.name].Lookup("part") != nil {
		entry = "part"
	}
	if err := c.pages[p.name].ExecuteTemplate(&b, entry, f); err != nil {
		c.o.Log.Error("a page of the console could not be written", "page", p.name, "error", err)
		http.Error(req.w, "This page could not be written: "+err.Error(), http.StatusInternalServerError)
		return
	}
	req.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	req.w.WriteHeader(status)
	_, _ = req.w.Write(b.Bytes())
}

// clockTolerance is how far two readings of one clock may be apart.
const clockTolerance = time.Minute

// learnersNow returns the learners' time if it is not the machine's, and otherwise the zero time.
func (c *Console) learnersNow() time.Time {
	learners := c.o.Installation.Now()
	if c.o.Installation.MachineNow().Sub(learners).Abs() < clockTolerance {
		return time.Time{}
	}
	return learners
}

// writeProblem writes an error as a page, or as JSON with status and detail.
func (c *Console) writeProblem(req *request, status int, err error) {
	if status == http.StatusServiceUnavailable {
		c.o.Log.Warn("the console could not answer", "path", req.URL.Path, "error", err)
	}
	shown := problem{Status: status, Message: describeError(err), Back: "/"}
	if wantsJSON(req.Request) {
		writeJSON(req.w, status, shown)
		return
	}
	c.writeHTML(req, status, &page{name: "problem", title: problemTitle(status), data: shown})
}

// describeError returns the words of an error for a person.
func describeError(err error) string {
	if errors.Is(err, errForbidden) {
		return strings.TrimSuffix(err.Error(), ": "+errForbidden.Error())
	}
	return err.Error()
}

func problemTitle(status int) string {
	switch status {
	case http.StatusNotFound:
		return "Not found"
	case http.StatusForbidden:
		return "You may not do this"
	case http.StatusConflict:
		return "Somebody was faster"
	case http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		return "This cannot be done"
	case http.StatusInternalServerError:
		return "This failed"
	}
	return "Something cannot be reached"
}
