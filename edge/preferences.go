package edge

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"homeroom/internal/links"
)

// showPreferences shows what the learner gets, as it is now.
func (e *Edge) showPreferences(w http.ResponseWriter, r *http.Request) {
	if ref, prefs, ok := e.openPreferences(w, r, e.o.Now()); ok {
		e.servePreferencesPage(w, r, ref, prefs, false)
	}
}

// savePreferences takes in what the learner chose, and shows how it is then.
func (e *Edge) savePreferences(w http.ResponseWriter, r *http.Request) {
	now := e.o.Now()
	ref, prefs, ok := e.openPreferences(w, r, now)
	if !ok {
		return
	}
	form, err := readForm(w, r)
	if err != nil {
		e.serveNotice(w, r, prefs.Locale, http.StatusRequestEntityTooLarge)
		return
	}
	choice := e.keepOptInTopicsOff(e.readChoice(form, prefs, ref), prefs)
	if !choice.isEmpty() {
		if err := e.o.People.Choose(r.Context(), ref.Learner, choice, now); err != nil {
			e.serveFailure(w, r, "preferences", err)
			return
		}
		e.publishChoice(r.Context(), ref, prefs, choice, r.PathValue("token"), now)
	}
	e.servePreferencesPage(w, r, ref, prefs.withChoice(choice), form.Get("do") != "")
}

func (e *Edge) openPreferences(w http.ResponseWriter, r *http.Request, now time.Time) (links.Ref, PreferencesPage, bool) {
	ref, err := e.o.Links.ReadPreferences(r.PathValue("token"), now)
	if err != nil {
		e.serveRefusal(w, r, err)
		return ref, PreferencesPage{}, false
	}
	prefs, err := e.o.People.Preferences(r.Context(), ref.Learner)
	if err != nil {
		e.serveFailure(w, r, "preferences", err)
		return ref, PreferencesPage{}, false
	}
	return ref, prefs, true
}

// readChoice is what a form of the page says. Only what the learner moved is a statement: a page that lay open for a week
// does not bring back what was left meanwhile.
func (e *Edge) readChoice(form url.Values, prefs PreferencesPage, ref links.Ref) Choice {
	yes := true
	no := false
	switch form.Get("do") {
	case doStop:
		return Choice{Everything: &no}
	case doResume:
		return Choice{Everything: &yes}
	case doLift:
		return Choice{Lift: prefs.Suppressed != ""}
	case doSave:
	default:
		return Choice{}
	}
	topics := map[string]bool{}
	// On a page without anything, whoever chooses topics wants these and no others.
	fromNothing := form.Get("was") == "stopped" && len(form["topic"]) > 0
	for _, t := range e.topicsShown(ref) {
		want := slices.Contains(form["topic"], t.Name)
		was := slices.Contains(form["shown"], t.Name)
		if want != was || fromNothing {
			topics[t.Name] = want
		}
	}
	switch {
	case len(topics) == 0:
		return Choice{}
	case fromNothing:
		return Choice{Everything: &yes, Topics: topics}
	}
	return Choice{Topics: topics}
}

// topicsShown are the topics that a link's page offers: those declared, and the link's own.
func (e *Edge) topicsShown(ref links.Ref) []Topic {
	topics := e.o.Topics()
	if ref.Topic == "" || slices.ContainsFunc(topics, func(t Topic) bool { return t.Name == ref.Topic }) {
		return topics
	}
	return append(slices.Clone(topics), e.topicNamed(ref.Topic))
}

// publishChoice publishes what the learner left that reached them before, and what they came back to.
func (e *Edge) publishChoice(ctx context.Context, ref links.Ref, before PreferencesPage, c Choice, token string, now time.Time) {
	by := token + now.UTC().Format(time.RFC3339) // each time is an event of its own: the page stays in use
	if c.Everything != nil && !*c.Everything {
		if before.Everything {
			e.publishUnsubscribed(ctx, ref, "", by, now)
		}
		return
	}
	if c.Lift || c.Everything != nil && !before.Everything {
		e.publishResubscribed(ctx, ref, "", token, now)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Topics)) {
		switch gets := before.getsTopic(e.topicNamed(name)); {
		case !c.Topics[name] && gets:
			e.publishUnsubscribed(ctx, ref, name, by, now)
		case c.Topics[name] && !gets:
			e.publishResubscribed(ctx, ref, name, token, now)
		}
	}
}

// withChoice is how it is after a choice.
func (p PreferencesPage) withChoice(c Choice) PreferencesPage {
	if c.Everything != nil {
		p.Everything = *c.Everything
		if *c.Everything && p.Suppressed == unsubscribed {
			p.Suppressed = ""
		}
	}
	if len(c.Topics) > 0 {
		p.Topics = maps.Clone(p.Topics)
		if p.Topics == nil {
			p.Topics = map[string]bool{}
		}
		maps.Copy(p.Topics, c.Topics)
	}
	if c.Lift && p.Suppressed != erased {
		p.Suppressed = ""
	}
	return p
}

// Why an address is not written to; see [PreferencesPage.Suppressed].
const (
	bounced      = "bounced"
	softBounced  = "soft_bounced"
	complained   = "complained"
	unsubscribed = "unsubscribed"
	erased       = "erased" // not the learner's to lift
)

func (e *Edge) servePreferencesPage(w http.ResponseWriter, r *http.Request, ref links.Ref, prefs PreferencesPage, saved bool) {
	v := e.newView(r, prefs.Locale)
	v.Title = v.Say(v.W.PreferencesTitle)
	v.Saved = saved
	v.Everything = prefs.Everything
	switch {
	case prefs.Suppressed == "" || prefs.Suppressed == unsubscribed && !prefs.Everything: // coming back lifts that
	case prefs.Suppressed == bounced, prefs.Suppressed == softBounced:
		v.SuppressedText = v.W.Bounced
	case prefs.Suppressed == complained:
		v.SuppressedText = v.W.Complained
	default:
		v.SuppressedText = v.W.Suppressed
	}
	for _, t := range e.topicsShown(ref) {
		v.Rows = append(v.Rows, row{Name: t.Name, Title: t.titleIn(v.W.Lang), About: cmp.Or(t.Abouts[v.W.Lang], t.Abouts[""]), On: prefs.getsTopic(t)})
	}
	e.renderPage(w, http.StatusOK, "preferences", v)
}
