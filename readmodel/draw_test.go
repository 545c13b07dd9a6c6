package readmodel

import (
	"time"

	"pgregory.net/rapid"

	"homeroom/engine"
	"homeroom/report"
)

var (
	kinds = []engine.Kind{
		engine.KindStarted, engine.KindSent, engine.KindUncertain, engine.KindFailed, engine.KindSkipped, engine.KindDeferred,
		engine.KindExited, engine.KindWithheld, engine.KindConverted, engine.KindAssigned,
		engine.KindSuppressed,
		engine.KindSet,
	}
	learners = []string{
		"ada", "bob", "cyd", "dan", "ä|=/ \x00", "eve", "fay", "gus", "hal", "ida", "joe", "kim", "leo", "mia", "ned", "oda", "pia", "quin", "roy", "sue", "tom", "",
	}
)

// drawLook draws a report over a part of what is stored, at some time, under some rules.
func drawLook(rt *rapid.T) look {
	return look{
		since:   march.Add(time.Duration(rapid.IntRange(0, 120).Draw(rt, "since")) * time.Minute),
		sharing: rapid.SampledFrom([]string{"share", "share", "again"}).Draw(rt, "sharing"),
		now:     march.Add(time.Duration(rapid.IntRange(0, 100_000).Draw(rt, "now")) * time.Minute),
	}
}

func drawDecision(rt *rapid.T) engine.Decision {
	d := engine.Decision{
		ID:      rapid.StringMatching(`[a-f]{1,2}`).Draw(rt, "id"), // the same one now and then: it came twice
		At:      march.Add(time.Duration(rapid.IntRange(-100, 100_000).Draw(rt, "at")) * time.Minute),
		Learner: rapid.SampledFrom(learners).Draw(rt, "learner"),
		Rule:    rapid.SampledFrom([]string{"quiz", "share"}).Draw(rt, "rule"),
		Kind:    rapid.SampledFrom(kinds).Draw(rt, "kind"),
		Reason:  rapid.SampledFrom([]engine.Reason{"", engine.ReasonControl, engine.ReasonHoldout, engine.ReasonIgnored}).Draw(rt, "reason"),
		Message: rapid.SampledFrom([]string{"share", "again"}).Draw(rt, "message"),
		Scope:   rapid.SampledFrom([]string{"", "certificate_id=c1&course_id=go", "%zz=1"}).Draw(rt, "scope"),
		Channel: rapid.SampledFrom([]string{"", "email", "in_app"}).Draw(rt, "channel"), // empty: an older record
		Detail:  rapid.SampledFrom([]string{"", "certificate.earned"}).Draw(rt, "detail"),
		Count:   rapid.SampledFrom([]int{0, 0, 40}).Draw(rt, "count"),
	}
	// A run or a message whose id two learners have is two.
	d.Run = rapid.SampledFrom([]string{d.Learner, d.Learner, "shared"}).Draw(rt, "whose run") + rapid.SampledFrom([]string{"1", "2"}).Draw(rt, "run")
	if rapid.IntRange(0, 9).Draw(rt, "no run") == 0 {
		d.Run = ""
	}
	switch d.Kind {
	case engine.KindSent, engine.KindUncertain, engine.KindFailed:
		d.Send = d.Run + d.Message
	case engine.KindStarted, engine.KindSkipped, engine.KindDeferred, engine.KindExited, engine.KindWithheld, engine.KindConverted, engine.KindSuppressed, engine.KindSet:
	case engine.KindAssigned:
		d.Arm = rapid.SampledFrom([]string{"split=a", "split=none", "other=a", "split=unheard"}).Draw(rt, "arm")
	}
	if rapid.IntRange(0, 4).Draw(rt, "several runs") == 0 {
		d.Runs = &[]engine.DecidedRun{
			{ID: d.ID + "1", Rule: d.Rule, Scope: d.Scope, Message: d.Message, Run: d.Run},
			{ID: d.ID + "2", Rule: "share", Scope: d.Scope, Message: "share", Run: d.Learner + "2"},
		}
	}
	if rapid.Bool().Draw(rt, "exposed") {
		d.Exposure = &engine.Exposure{
			Group:   rapid.SampledFrom([]engine.ExperimentGroup{engine.GroupTreated, engine.GroupHoldout, engine.GroupControl}).Draw(rt, "group"),
			Holdout: rapid.SampledFrom([]float64{0, 10, 33.3}).Draw(rt, "holdout"),
			Control: rapid.SampledFrom([]float64{0, 0.7}).Draw(rt, "control"),
			Within:  rapid.SampledFrom([]int64{0, 86400}).Draw(rt, "within"),
			Arms: rapid.SampledFrom([][]engine.ArmShare{
				{{Name: "a", Percent: 70.1, Sends: true}, {Name: "none", Percent: 29.9}},
				{{Name: "none", Percent: 30, Sends: true}, {Name: "a", Percent: 70}},
			}).Draw(rt, "arms"),
		}
	}
	return d
}

func drawEvent(rt *rapid.T) engine.Event {
	ev := engine.Event{
		ID:      rapid.StringMatching(`[a-f]{1,2}`).Draw(rt, "id"),
		Name:    rapid.SampledFrom(report.EventNames()).Draw(rt, "name"),
		Learner: rapid.SampledFrom(learners).Draw(rt, "learner"),
		Time:    march.Add(time.Duration(rapid.IntRange(-100, 100_000).Draw(rt, "at")) * time.Minute),
		Properties: map[string]any{
			"machine":        rapid.SampledFrom([]any{true, false, "yes", nil}).Draw(rt, "machine"),
			"certificate_id": rapid.SampledFrom([]any{"c1", "c2", 7.0, ""}).Draw(rt, "certificate"),
			"course_id":      rapid.SampledFrom([]any{"go", nil}).Draw(rt, "course"),
			"referrer_id":    rapid.SampledFrom([]any{"bob", ""}).Draw(rt, "referrer"),
			"referred_id":    rapid.SampledFrom([]any{"eve", "fay"}).Draw(rt, "referred"),
			"email":          "ada@example.org",
		},
	}
	if rapid.Bool().Draw(rt, "of a send") {
		ev.Properties["send_id"] = rapid.SampledFrom([]string{ev.Learner, ev.Learner, "shared", "ada"}).Draw(rt, "whose send") + rapid.SampledFrom([]string{"1share", "2again", "9"}).Draw(rt, "send")
	}
	return ev
}
