package bench

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/admin"
	"homeroom/app"
	"homeroom/catalog"
	"homeroom/dev/campus"
	"homeroom/dev/instance"
	"homeroom/dev/stack"
	"homeroom/engine"
	"homeroom/simulate"
	"homeroom/triggers"
)

// The learners with a part of their own: one with a workflow, and one with very many events.
const (
	liveLearner = "u_live"
	longLearner = "u_long"
	longEvents  = 100_000
)

// deadLetters is how many events were refused.
const deadLetters = 20_000

// mistakenRule is the rule that does not compile in the draft of tom.
const mistakenRule = "welcome?draft=tom"

// fillCampus writes what a term of a campus leaves behind, as if it had ended now: its events, what was decided about them by the simulator, profiles, and events that
// were refused. It says how much in words.
func (o *Options) fillCampus(ctx context.Context, s *stack.Stack) (load string, err error) {
	if err := o.startLiveLearner(ctx, s); err != nil {
		return "", err
	}
	options := realTime(o.Academy, o.Log)
	options.Roles = []app.Role{app.RoleWorker} // nobody hands the events over
	h, err := instance.Open(ctx, s, options)
	if err != nil {
		return "", err
	}
	defer h.Close()
	term := campus.Term(campus.Options{Learners: o.Learners, Days: o.Days, Seed: o.Seed, Start: time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -o.Days)})
	for len(term) > 0 && term[len(term)-1].Event.Time.After(time.Now()) {
		term = term[:len(term)-1]
	}
	decisions, err := o.decideTerm(ctx, term)
	if err != nil {
		return "", err
	}
	if err := o.publishAll(ctx, h, "events", term); err != nil {
		return "", err
	}
	if err := o.publishAll(ctx, h, "events of one learner", longStudy()); err != nil {
		return "", err
	}
	report := o.progressOf("profiles")
	for n := range o.Learners {
		learner := fmt.Sprintf("u_%03d", n+1)
		if _, err := h.App.Store().Profiles.Merge(ctx, learner, map[string]any{"email": learner + "@campus.example", "timezone": "Europe/Berlin"}, time.Now()); err != nil {
			return "", err
		}
		report(n, o.Learners)
	}
	report = o.progressOf("decisions")
	const portion = 1000
	for n := 0; n < len(decisions); n += portion {
		if err := h.App.Store().Decisions.Publish(ctx, decisions[n:min(n+portion, len(decisions))]); err != nil {
			return "", err
		}
		report(n, len(decisions))
	}
	if err := o.refuseEvents(ctx, h); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s learners, %s events, %s decisions, %s dead letters", withCommas(float64(o.Learners)), withCommas(float64(len(term)+longEvents)),
		withCommas(float64(len(decisions))), withCommas(deadLetters)), nil
}

// startLiveLearner has Homeroom handle a few events of a learner, who has a workflow then.
func (o *Options) startLiveLearner(ctx context.Context, s *stack.Stack) error {
	options := realTime(o.Academy, o.Log)
	options.Production = false // which publishes later that a run began
	h, err := instance.Open(ctx, s, options)
	if err != nil {
		return err
	}
	defer h.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := make(chan struct{}, 1)
	err = instance.FollowDecisions(ctx, h.JS, func(d engine.Decision) {
		if d.Kind == engine.KindStarted && d.Rule == "quiz-retry" {
			select {
			case began <- struct{}{}:
			default:
			}
		}
	})
	if err != nil {
		return err
	}
	m, err := failedAssessment(o.Academy.Catalog, liveLearner, "auto", time.Now())
	if err != nil {
		return err
	}
	if err := (instance.Publisher{JS: h.JS, Catalog: o.Academy.Catalog}).Publish(ctx, m); err != nil {
		return err
	}
	select {
	case <-began:
		return nil
	case <-time.After(startTime):
		return fmt.Errorf("nothing was decided about %s", liveLearner)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// decideTerm returns what the simulator decides about the events.
func (o *Options) decideTerm(ctx context.Context, term []catalog.Decoded) ([]engine.Decision, error) {
	var recording bytes.Buffer
	for _, d := range term {
		if err := writeEvent(&recording, o.Academy.Catalog, d); err != nil {
			return nil, err
		}
	}
	result, err := simulate.Run(ctx, &recording, simulate.Options{Ruleset: o.Academy.Ruleset, Decoder: o.Academy.Catalog, Until: time.Now()})
	if err != nil {
		return nil, err
	}
	return result.Decisions, nil
}

// longStudy are the events of a learner who has been studying for very long: lessons, one a minute.
func longStudy() []catalog.Decoded {
	var events []catalog.Decoded
	began := time.Now().Add(-longEvents * time.Minute)
	for n := range longEvents {
		event := engine.Event{
			ID:         fmt.Sprintf("long-%d", n),
			Name:       "lesson.completed",
			Learner:    longLearner,
			Time:       began.Add(time.Duration(n) * time.Minute),
			Properties: map[string]any{"course_id": "crs_go", "lesson_id": fmt.Sprintf("lesson-%d", n)},
		}
		events = append(events, catalog.Decoded{Event: event})
	}
	return events
}

// publishAll publishes events as fast as the stream takes them.
func (o *Options) publishAll(ctx context.Context, h *instance.Instance, what string, events []catalog.Decoded) error {
	publisher := instance.Publisher{JS: h.JS, Catalog: o.Academy.Catalog}
	messages := make([]instance.Message, 0, len(events))
	for _, d := range events {
		m, err := publisher.Message(d)
		if err != nil {
			return err
		}
		messages = append(messages, m)
	}
	report := o.progressOf(what)
	return publisher.Play(ctx, h.Clock, messages, func(n int) { report(n, len(messages)) })
}

// refuseEvents writes dead letters, of three reasons.
func (o *Options) refuseEvents(ctx context.Context, h *instance.Instance) error {
	var last jetstream.PubAckFuture
	for n := range deadLetters {
		m := nats.NewMsg(fmt.Sprintf("dead.u_%d.lesson.complete", n%o.Learners))
		m.Data = []byte(`{"id":"x"}`)
		m.Header.Set(triggers.HeaderReason, []string{"unknown_event", "invalid_json", "unknown_field"}[n%3])
		m.Header.Set(triggers.HeaderMessage, "it is not known here")
		var err error
		if last, err = h.JS.PublishMsgAsync(m); err != nil {
			return err
		}
	}
	select {
	case <-last.Ok():
		return nil
	case err := <-last.Err():
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// writeDraft makes a draft of maya's that is fit to be proposed, and one of tom's with a mistake.
func writeDraft(ctx context.Context, c *instance.Console) error {
	for _, edit := range []struct{ author, path, old, new string }{
		{"maya", "rules/quiz-retry.yaml", "event.passed == false", "event.passed == false && event.score_pct <= 45"},
		{"tom", "rules/welcome.yaml", "send: welcome", "send: welcom"},
	} {
		draft, err := c.Installation.DraftOf(ctx, edit.author)
		if err != nil {
			return err
		}
		text := strings.Replace(string(draft.Files[edit.path]), edit.old, edit.new, 1)
		as := c.Installation.As(admin.Actor{Name: edit.author, Way: admin.WayConsole})
		if _, err := as.SaveDraft(ctx, draft, admin.FileEdit{Path: edit.path, Content: []byte(text)}, edit.author); err != nil {
			return err
		}
	}
	return nil
}
