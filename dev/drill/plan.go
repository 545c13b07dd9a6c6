package drill

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/profile"
)

// ending is the outcome that one rule must give an event.
type ending string

const (
	endingMail ending = "mail" // one mail
	endingSkip ending = "skip" // no mail, and a decision that says why
	endingFail ending = "fail" // no mail, and a decision that says what failed
	endingNone ending = "none" // no mail, and a decision that says why or what failed
)

// event is an event that the drill publishes, with its wanted outcome.
type event struct {
	learner      string
	under        string // the id that it is published under; empty: the learner's
	name         string
	id           string
	quiz         string // assessment_id: with learner and rule it names the send
	body         []byte
	wantByRule   map[string]ending // wanted outcome by rule; empty if no rule needs the event
	failingRules []string          // rules whose condition fails on the event; their decision has no scope
	wantDead     bool              // whether it must become a dead letter
	seq          uint64            // sequence in the stream; 0 before it is published
	at           time.Time         // when the stream confirmed it, in real time
}

// isNeeded reports whether the event must have an outcome.
func (e *event) isNeeded() bool { return len(e.wantByRule)+len(e.failingRules) > 0 || e.wantDead }

// plan is everything that was published.
type plan struct {
	mu       sync.Mutex
	events   []*event // that the stream has
	unneeded int      // number of further events that no rule needs; they are not kept because they are many
}

func (p *plan) addEvent(e *event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, e)
}

func (p *plan) listEvents() ([]*event, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*event(nil), p.events...), p.unneeded
}

// eventWriter writes events as a learning platform does.
type eventWriter struct {
	catalog *catalog.Catalog
	now     func() time.Time
}

// person is a learner of a drill. Ids are letters and digits only, so that the address identifies the learner.
type person struct {
	id             string
	withoutAddress bool
	timezone       string   // may be empty
	apps           []string // tokens of the channel push; may be empty
}

const domain = "@learners.example"

func (p person) profileTraits() map[string]any {
	traits := map[string]any{"first_name": "Ada"}
	if !p.withoutAddress {
		traits["email"] = p.id + domain
	}
	if p.timezone != "" {
		traits["timezone"] = p.timezone
	}
	if len(p.apps) > 0 {
		traits[profile.TraitPushTokens] = p.apps
	}
	return traits
}

// learnerOf returns the learner whom an address belongs to.
func learnerOf(address string) string { return strings.TrimSuffix(address, domain) }

// failedQuiz makes an event of a failed quiz. want is the wanted outcome by rule.
func (w eventWriter) failedQuiz(p person, quiz string, want map[string]ending) (*event, error) {
	properties := map[string]any{"assessment_id": quiz, "score_pct": 40.0, "passed": false, "grader_type": "auto"}
	e, err := w.encodeEvent(p, "assessment.graded", "graded-"+quiz, properties, w.now())
	if err == nil {
		e.quiz = quiz
		e.wantByRule = want
	}
	return e, err
}

// completedLesson makes an event that no rule needs.
func (w eventWriter) completedLesson(p person, n int, at time.Time) (*event, error) {
	return w.encodeEvent(p, "lesson.completed", fmt.Sprintf("lesson-%d", n), map[string]any{
		"lesson_id": fmt.Sprintf("l%d", n), "course_id": "c1", "duration_seconds": 300.0,
	}, at)
}

// unreadableEvent makes an event whose body is no JSON.
func (w eventWriter) unreadableEvent(p person, n int) *event {
	id := fmt.Sprintf("%s-garbage-%d", p.id, n)
	return &event{learner: p.id, name: "assessment.graded", id: id, body: []byte(`{"id":"` + id + `","properties":{`), wantDead: true}
}

// retriedQuiz makes the event of rule retry's `until`: the learner leaves the rule.
func (w eventWriter) retriedQuiz(p person, quiz string) (*event, error) {
	return w.encodeEvent(p, "assessment.retried", "retried-"+quiz, map[string]any{
		"assessment_id": quiz, "attempt_number": 2.0, "previous_score_pct": 40.0,
	}, w.now())
}

func (w eventWriter) encodeEvent(p person, name, id string, properties map[string]any, at time.Time) (*event, error) {
	id = p.id + "-" + id
	body, err := w.catalog.Encode(catalog.Decoded{
		Event:  engine.Event{ID: id, Name: name, Learner: p.id, Time: at, Properties: properties},
		Traits: p.profileTraits(),
	})
	if err != nil {
		return nil, err
	}
	return &event{learner: p.id, name: name, id: id, body: body}, nil
}

// campusEvents makes n events: most are failed quizzes, a fifth are needed by no rule, a twentieth of the learners have no
// address, and a fiftieth of the events cannot be read.
func (w eventWriter) campusEvents(n, learners int, rules ...string) ([]*event, error) {
	events := make([]*event, 0, n)
	for i := range n {
		k := i % learners
		p := person{id: fmt.Sprintf("u%05d", k), withoutAddress: k%20 == 7}
		var e *event
		var err error
		switch {
		case i%50 == 13:
			e = w.unreadableEvent(p, i)
		case i%5 == 4:
			e, err = w.completedLesson(p, i, w.now())
		default:
			e, err = w.failedQuiz(p, fmt.Sprintf("q%d", i/learners), wantedByRules(p, rules...))
		}
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

// wantedByRules returns the wanted outcome by rule: a mail, or a skip if the learner has no address.
func wantedByRules(p person, rules ...string) map[string]ending {
	want := map[string]ending{}
	for _, rule := range rules {
		want[rule] = endingMail
		if p.withoutAddress {
			want[rule] = endingSkip
		}
	}
	return want
}
