package edge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"homeroom/internal/links"
)

// maxPublishTime is how long a redirect waits until the stream has its event.
const maxPublishTime = time.Second

// serveShareLink leads a share link on to its target.
func (e *Edge) serveShareLink(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	now := e.o.Now()
	keptAs, place, err := e.o.Links.ReadShare(token, now)
	expired := errors.Is(err, links.ErrExpired) // what was posted years ago still leads there
	if err != nil && !expired {
		e.serveNotice(w, r, "", http.StatusNotFound)
		return
	}
	kept, err := e.o.Shares.Shared(r.Context(), keptAs)
	if err != nil {
		e.serveFailure(w, r, "share", err)
		return
	}
	event := "share.link_clicked"
	platform := place
	heldFor := kept.Send // in the mail; what was posted stands alone
	if place == links.PlaceCertificate {
		event = "share.link_visited"
		platform = ""
		heldFor = ""
	}
	e.redirectTo(w, r, kept.Targets[place], pageEvent{
		kind:    "share",
		count:   !expired,
		learner: kept.Learner,
		event:   event,
		heldFor: heldFor,
		place:   place,
		by:      eventIDPerMinute(token, now),
		at:      now,
		properties: withoutEmpty(map[string]any{
			"share_platform": platform, "certificate_id": kept.Certificate, "course_id": kept.Course,
			"send_id": kept.Send, "message": kept.Message, "rule": kept.Rule,
		}),
	})
}

// serveReferralLink leads a referral link on to its target.
func (e *Edge) serveReferralLink(w http.ResponseWriter, r *http.Request) {
	code := strings.ToUpper(r.PathValue("code")) // people type them
	if !isCode(code) {
		e.serveNotice(w, r, "", http.StatusNotFound)
		return
	}
	kept, err := e.o.Shares.Referral(r.Context(), code)
	if err != nil {
		e.serveFailure(w, r, "referral", err)
		return
	}
	now := e.o.Now()
	e.redirectTo(w, r, kept.Target, pageEvent{
		kind:       "referral",
		count:      true,
		learner:    kept.Learner,
		event:      "referral.link_visited",
		by:         eventIDPerMinute(code, now),
		at:         now,
		properties: map[string]any{"referral_code": code},
	})
}

// isCode reports whether a text has the form of a referral code, so that nothing else is looked up: 8 to 32 letters and digits of base32. links.Links.Referral makes
// codes of 13; the range leaves room for others.
func isCode(code string) bool {
	return len(code) >= 8 && len(code) <= 32 && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// pageEvent is something that a person did on a page or by a link, and that is published as an event.
type pageEvent struct {
	kind    string // for the log
	count   bool
	learner string
	event   string
	heldFor string // the send whose share links machines may open all at once; empty: it is published at once
	place   string // with heldFor: where the link leads
	by      string // what makes it this event and no other: the link, and when, if it can happen again
	at      time.Time

	properties map[string]any
}

// eventIDPerMinute makes all visits of a minute one: people click twice.
func eventIDPerMinute(link string, at time.Time) string {
	return link + " " + at.UTC().Truncate(time.Minute).Format(time.RFC3339)
}

// redirectTo counts a visit if a person makes it, and redirects to a declared target. Nothing that goes wrong with counting
// keeps anybody from getting there.
func (e *Edge) redirectTo(w http.ResponseWriter, r *http.Request, target string, ev pageEvent) {
	if !isAbsolute(target) || !e.o.Targets(target) {
		e.o.Log.Warn("a link leads to what is not declared; add its address to links in settings.yaml", "path", ev.kind)
		e.serveNotice(w, r, "", http.StatusNotFound)
		return
	}
	switch {
	case !ev.count || !isPerson(r):
	case ev.heldFor != "":
		e.held.add(ev.heldFor, ev.place, ev)
	default:
		e.publishPageEvent(r.Context(), ev)
	}
	http.Redirect(w, r, target, http.StatusFound)
}

// isAbsolute accepts addresses that browsers and this program read alike: http or https, a host, no user, and nothing
// that browsers correct in silence, such as backslashes.
func isAbsolute(target string) bool {
	if strings.ContainsFunc(target, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return false
	}
	u, err := url.Parse(target)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil && u.Opaque == ""
}

// publishPageEvent publishes an event, within maxPublishTime. It goes on when the client has closed the connection.
func (e *Edge) publishPageEvent(ctx context.Context, ev pageEvent) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxPublishTime)
	defer cancel()
	id := sha256.Sum256([]byte(ev.event + "\x00" + ev.by))
	if err := e.o.Events.Publish(ctx, ev.learner, ev.event, "edge-"+hex.EncodeToString(id[:16]), ev.at, ev.properties); err != nil {
		e.o.Log.Error("an event could not be published; what happened is missing from the learner's story and from reports", "path", ev.kind, "event", ev.event, "error", err)
	}
}

// withoutEmpty leaves out the properties that are empty.
func withoutEmpty(properties map[string]any) map[string]any {
	for name, value := range properties {
		if value == "" {
			delete(properties, name)
		}
	}
	return properties
}

// serveFailure answers a request for which the store returned an error: 404 if there is no such record, else 503.
func (e *Edge) serveFailure(w http.ResponseWriter, r *http.Request, kind string, err error) {
	if e.isUnknown(err) {
		e.serveNotice(w, r, "", http.StatusNotFound)
		return
	}
	e.o.Log.Error("the store did not answer; check NATS", "path", kind, "error", err)
	w.Header().Set("Retry-After", "30")
	e.serveNotice(w, r, "", http.StatusServiceUnavailable)
}
