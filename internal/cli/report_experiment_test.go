package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
)

// trial is an experiment on many learners: a holdout of 20 %, then a split of which one arm sends nothing, and a second message in the app.
// Every figure follows from the learner's number.
type trial struct {
	academy   *academy
	decisions []engine.Decision
	delivered []string // sends
}

func (x *trial) add(learner int, kind engine.Kind, at time.Time, change func(d *engine.Decision)) {
	d := engine.Decision{
		Learner: fmt.Sprintf("x_%04d", learner),
		Rule:    "quiz-retry",
		Run:     fmt.Sprintf("run_%04d", learner),
		Kind:    kind,
		At:      at,
	}
	if change != nil {
		change(&d)
	}
	x.decisions = append(x.decisions, d)
}

// expose adds a message to the learner, or its being withheld.
func (x *trial) expose(n int, at time.Time, held bool, arm, message, channel string) {
	exposure := &engine.Exposure{
		Group:   engine.GroupTreated,
		Holdout: 20,
		Within:  7 * 24 * 3600,
	}
	kind := engine.KindSent
	switch {
	case held:
		kind = engine.KindWithheld
		exposure.Group = engine.GroupHoldout
	case n%25 == 7:
		kind = engine.KindFailed
	}
	x.add(n, kind, at, func(d *engine.Decision) {
		d.Arm = arm
		d.Message = message
		d.Channel = channel
		d.Exposure = exposure
		switch kind {
		case engine.KindWithheld:
			d.Reason = engine.ReasonHoldout
		case engine.KindFailed:
			d.Reason = engine.ReasonProvider
			d.Send = d.Run + message
		default:
			d.Send = d.Run + message
			if channel == engine.ChannelEmail {
				x.delivered = append(x.delivered, d.Send)
			}
		}
	})
}

func (x *trial) play(learners int) {
	arms := []engine.ArmShare{{Name: "none", Percent: 20}, {Name: "short", Percent: 40, Sends: true}, {Name: "warm", Percent: 40, Sends: true}}
	for n := range learners {
		at := monday.Add(time.Duration(n) * 12 * time.Minute)
		held := n%5 == 0
		arm := []string{"none", "short", "short", "warm", "warm"}[n/5%5]
		x.add(n, engine.KindAssigned, at, func(d *engine.Decision) {
			d.Arm = "tone=" + arm
			d.Exposure = &engine.Exposure{
				Group:   engine.GroupTreated,
				Holdout: 20,
				Within:  7 * 24 * 3600,
				Arms:    arms,
			}
			if held {
				d.Exposure.Group = engine.GroupHoldout
			}
		})
		chance := 25
		if arm != "none" {
			x.expose(n, at.Add(2*time.Hour), held, "tone="+arm, "quiz-retry-"+arm, engine.ChannelEmail)
			if !held {
				chance = map[string]int{"short": 28, "warm": 55}[arm]
			}
		}
		switch {
		case n*37%100 < chance:
			x.add(n, engine.KindConverted, at.Add(3*time.Hour), nil)
		case arm != "none":
			x.expose(n, at.Add(24*time.Hour), held, "tone="+arm, "quiz-hint", engine.ChannelInApp)
		}
	}
	x.academy.decided(x.decisions...)
	for i, send := range x.delivered {
		learner, _, _ := strings.Cut(strings.TrimPrefix(send, "run_"), "q")
		x.academy.happened("x_"+learner, "email.delivered", monday.Add(30*24*time.Hour), props{"send_id": send})
		if i%60 == 0 {
			n := 0
			_, _ = fmt.Sscan(learner, &n)
			x.academy.happened("x_"+learner, "email.unsubscribed", monday.Add(time.Duration(n)*12*time.Minute+5*time.Hour), props{"send_id": send})
		}
	}
}

// Arms, messages, channels and guardrails of one rule; in the overview the rule and its arms. Nothing is wider than a terminal of 100 columns.
func TestTheReportOfAnExperiment(t *testing.T) {
	a := open(t)
	(&trial{academy: a}).play(1500)
	a.prints("report-experiment.txt", "report", "--since", "all", "--rule", "quiz-retry")
	a.prints("report-experiment-fixed.txt", "report", "--since", "all", "--fixed")
	goldens, err := filepath.Glob("testdata/report*.txt")
	if err != nil || len(goldens) < 4 {
		t.Fatalf("%d goldens, %v", len(goldens), err)
	}
	for _, golden := range goldens {
		text, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if width := len([]rune(strings.TrimRight(line, "\n"))); width > 100 {
				t.Errorf("%s: %d columns: %s", golden, width, line)
			}
		}
	}
}
