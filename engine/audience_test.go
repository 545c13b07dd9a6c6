package engine_test

import (
	"errors"
	"testing"
	"time"

	"homeroom/engine"
)

// holds is a condition that always gives one answer.
type holds struct {
	yes bool
	err error
}

func (h holds) Eval(*engine.Vars) (any, error) { return h.yes, h.err }
func (h holds) Source() string                 { return "the condition" }

// published is a new lesson of a course.
func published(course string) engine.Event {
	return engine.Event{ID: "p1", Name: "content.published", Time: monday, Properties: map[string]any{"course_id": course}}
}

var monday = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// newLesson is a rule about new lessons with an audience.
func newLesson(a engine.Audience) *engine.Rule {
	return &engine.Rule{
		Name:    "new-lesson",
		When:    engine.Trigger{Match: engine.Match{Event: "content.published"}, Audience: &a},
		Program: []engine.Instr{send("1", "news")},
	}
}

// takes is a standing of somebody who takes a course, and has cancelled another.
func takes(t *testing.T) *engine.Standing {
	t.Helper()
	st := &engine.Standing{}
	rs := &engine.Ruleset{Settings: engine.Settings{Resolution: time.Minute}}
	for i, ev := range []engine.Event{
		{Name: "enrollment.created", Properties: map[string]any{"course_id": "go"}},
		{Name: "enrollment.created", Properties: map[string]any{"course_id": "sql"}},
		{Name: "enrollment.cancelled", Properties: map[string]any{"course_id": "sql"}},
		{Name: "course.updated", Properties: map[string]any{"course_id": "seen"}},
	} {
		ev.Time = monday.Add(time.Duration(i-10) * time.Hour)
		st.Apply(&ev, rs, ev.Time)
	}
	return st
}

func TestWhomAnEventConcerns(t *testing.T) {
	for _, c := range []struct {
		name     string
		audience engine.Audience
		course   string
		extra    engine.Expr
		want     engine.LeftOut
	}{
		{"in the course", engine.Audience{}, "go", nil, ""},
		{"in another course", engine.Audience{}, "chess", nil, engine.LeftOutCourse},
		{"cancelled", engine.Audience{}, "sql", nil, engine.LeftOutCourse},
		{"never entered", engine.Audience{}, "seen", nil, engine.LeftOutCourse},
		{"everybody", engine.Audience{Platform: true}, "chess", nil, ""},
		{"the condition does not hold", engine.Audience{Platform: true, If: holds{}}, "go", nil, engine.LeftOutCondition},
		{"the condition holds", engine.Audience{If: holds{yes: true}}, "go", nil, ""},
		{"the condition fails", engine.Audience{Platform: true, If: holds{err: errors.New("no such key")}}, "go", nil, engine.LeftOutError},
		{"one more condition", engine.Audience{Platform: true}, "go", holds{}, engine.LeftOutCondition},
	} {
		t.Run(c.name, func(t *testing.T) {
			rs := &engine.Ruleset{Hash: "h", Settings: engine.Settings{Patience: day}, Rules: []*engine.Rule{newLesson(c.audience)}}
			ev := published(c.course)
			st := takes(t)
			if got, detail := engine.NewAudienceScan(rs, &ev, c.extra).Ask("u", engine.Profile{}, st, monday); got != c.want {
				t.Errorf("left out: %q (%s), want %q", got, detail, c.want)
			}
			if c.extra != nil {
				return
			}
			mine := ev
			mine.Learner = "u"
			mine.Broadcast = true
			env := engine.Env{Current: rs, Standing: st, Grace: time.Minute, Profile: engine.Profile{Reach: engine.ReachedBy(engine.ChannelEmail)}}
			res := engine.Step(env, engine.State{Learner: "u"}, []engine.Input{{Event: &mine}}, monday)
			if started := len(res.Effects) > 0; started != (c.want == "") {
				t.Errorf("the step starts a run: %v; the scan says %q", started, c.want)
			}
			again := engine.Step(env, res.State, []engine.Input{{Event: &mine}}, monday.Add(time.Second))
			if len(again.Effects) > 0 || len(again.Decisions) > 0 {
				t.Errorf("handed over a second time it decides %+v", again.Decisions)
			}
			own := ev
			own.Learner = "u"
			if res := engine.Step(env, engine.State{Learner: "u"}, []engine.Input{{Event: &own}}, monday); len(res.Effects) > 0 {
				t.Error("an event that somebody published about the learner starts the rule")
			}
		})
	}
}

// An event that concerns many says nothing of the learner's own events: what waits for these goes on waiting.
func TestABroadcastMovesNoWatermark(t *testing.T) {
	wait := &engine.Rule{
		Name:    "wait",
		When:    engine.Trigger{Match: engine.Match{Event: "certificate.earned"}},
		Until:   []engine.Match{{Event: "certificate.shared"}},
		Program: []engine.Instr{{Op: engine.OpWait, ID: "1", Dur: time.Hour}, send("2", "share")},
	}
	rs := &engine.Ruleset{Hash: "h", Settings: engine.Settings{Patience: day}, Rules: []*engine.Rule{newLesson(engine.Audience{Platform: true}), wait}}
	env := engine.Env{Current: rs, Standing: takes(t), Grace: time.Minute, Watermark: monday, Profile: engine.Profile{Reach: engine.ReachedBy(engine.ChannelEmail)}}
	earned := engine.Event{ID: "c1", Name: "certificate.earned", Learner: "u", Time: monday, StoredAt: monday}
	res := engine.Step(env, engine.State{Learner: "u"}, []engine.Input{{Event: &earned}}, monday)
	later := published("go")
	later.Broadcast = true
	later.Time = monday.Add(2 * time.Hour)
	later.StoredAt = later.Time
	res = engine.Step(env, res.State, []engine.Input{{Event: &later}}, later.Time)
	for _, e := range res.Effects {
		if e.Send.Message == "share" {
			t.Error("a message went out although its until may still lie in the stream")
		}
	}
}

// TestABroadcastAtATimeOfDay: runs begin at the time of day that the broadcast names, where the learner is.
func TestABroadcastAtATimeOfDay(t *testing.T) {
	rule := newLesson(engine.Audience{Platform: true})
	rule.When.Match.Event = engine.EventBroadcast
	rule.When.Broadcast = true
	rs := &engine.Ruleset{Hash: "h", Settings: engine.Settings{Patience: day}, Rules: []*engine.Rule{rule}}
	for _, c := range []struct {
		zone, at string
		named    string
		want     time.Time // zero: it does not begin
	}{
		{"Asia/Tokyo", "09:00", "new-lesson", time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)},
		{"", "11:30", "new-lesson", monday.Add(90 * time.Minute)},
		{"", "", "new-lesson", monday},
		{"", "25:00", "new-lesson", monday},
		{"", "", "another", time.Time{}},
	} {
		ev := engine.Event{
			ID:         "b1",
			Name:       engine.EventBroadcast,
			Learner:    "u",
			Time:       monday,
			Broadcast:  true,
			Properties: map[string]any{engine.KeyBroadcastRule: c.named, engine.KeyBroadcastAt: c.at},
		}
		env := engine.Env{Current: rs, Standing: takes(t), Grace: time.Minute, Profile: engine.Profile{Timezone: c.zone, Reach: engine.ReachedBy(engine.ChannelEmail)}}
		res := engine.Step(env, engine.State{Learner: "u"}, []engine.Input{{Event: &ev}}, monday)
		begins := res.WakeAt
		if len(res.Effects) > 0 {
			begins = monday
		}
		if !begins.Equal(c.want) {
			t.Errorf("%+v: begins at %s", c, begins)
		}
	}
}

func TestFirstSends(t *testing.T) {
	rule := newLesson(engine.Audience{Platform: true})
	rule.Program[0].Send.Topic = "offers"
	rs := &engine.Ruleset{Hash: "h", Settings: engine.Settings{Topics: map[string]bool{"offers": false}}, Rules: []*engine.Rule{rule}}
	ev := published("go")
	sends := engine.NewAudienceScan(rs, &ev, nil).FirstSends()
	if len(sends) != 1 || !sends[0].OptIn || sends[0].Topic != "offers" {
		t.Errorf("%+v", sends)
	}
}
