package engine_test

import (
	"bufio"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/engine"
)

var rewrite = flag.Bool("rewrite", false, "write the golden output of the scenarios anew; then read the diff")

// TestScenarios plays each testdata/*.txt: lines above "----" are the story, lines below are every decision it leads
// to. Story lines:
//
//	# a remark
//	rules NAME…            the rules in force (scenario_rules_test.go)
//	learner KEY=VALUE…     timezone, reachable, suppressed, consent
//	TIME EVENT KEY=VALUE…  an event; id=…, time=… (happened then, arrives at TIME)
//	outcome MESSAGE STATUS [reason] [TIME]   how deliveries of a message end from here on; default accepted;
//	                       the second time of an uncertain one is MESSAGE/again; with uncertain, TIME is when it is settled
//	handed-over TIME       the stream is known up to here only; "all": as usual
//	TIME step              a step without an event, at exactly this time
//	publish TIME MODE NAME…  other rules come into force, in this mode; revisions are told apart by settings-r2
//	until TIME             run the clock to here
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			story, want, _ := strings.Cut(string(raw), "----\n")
			got := play(t, story)
			if *rewrite {
				if err := os.WriteFile(file, []byte(story+"----\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("decisions (-want +got):\n%s", diff)
			}
		})
	}
}

func play(t *testing.T, story string) string {
	t.Helper()
	h := newHost(t)
	scan := bufio.NewScanner(strings.NewReader(story))
	for n := 1; scan.Scan(); n++ {
		fields := strings.Fields(scan.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		switch fields[0] {
		case "rules":
			h.use(fields[1:]...)
		case "learner":
			h.learner(fields[1:])
		case "outcome":
			h.answer(fields[1:])
		case "handed-over":
			h.env.Watermark = time.Time{}
			if fields[1] != "all" {
				h.env.Watermark = h.at(fields[1])
			}
		case "publish":
			h.publish(h.at(fields[1]), engine.RunPolicy(fields[2]), fields[3:])
		case "until":
			h.runTo(h.at(fields[1]))
		default:
			if fields[1] == "step" {
				h.step(nil, h.at(fields[0]))
				continue
			}
			h.event(fmt.Sprintf("e%d", n), fields)
		}
	}
	return h.out.String()
}

// host is the smallest host of the core: a virtual clock, every outcome at once.
type host struct {
	t       *testing.T
	env     engine.Env
	state   engine.State
	wake    time.Time
	answers map[string]engine.Outcome
	out     strings.Builder
	// decisions are all decisions so far.
	decisions []engine.Decision
}

func newHost(t *testing.T) *host {
	h := &host{t: t, answers: map[string]engine.Outcome{}}
	h.env = engine.Env{Standing: &engine.Standing{}, Grace: time.Minute, Profile: engine.Profile{Reach: engine.ReachedBy(engine.ChannelEmail)}}
	h.use()
	return h
}

func (h *host) use(names ...string) { h.env.Current = ruleset(h.t, names...) }

// publish puts other rules in force and tells the learner.
func (h *host) publish(at time.Time, mode engine.RunPolicy, names []string) {
	h.runTo(at)
	old := h.env.Current
	h.use(names...)
	h.env.Revision = func(hash string) *engine.Ruleset {
		if hash == old.Hash {
			return old
		}
		return nil
	}
	h.step([]engine.Input{{Publication: &engine.Publication{Hash: h.env.Current.Hash, RunPolicy: mode}}}, at)
}

func (h *host) at(s string) time.Time {
	h.t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		h.t.Fatal(err)
	}
	return at
}

func (h *host) learner(pairs []string) {
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		yes := value == "true"
		switch key {
		case "timezone":
			h.env.Profile.Timezone = value
		case "reachable":
			h.env.Profile.Reach = map[string]engine.Reach{engine.ChannelEmail: {Known: yes}}
		case "suppressed":
			h.env.Profile.Reach = map[string]engine.Reach{engine.ChannelEmail: {Known: true, Suppressed: yes}}
		case "consent":
			h.env.Profile.Consent = &yes
		case "unsubscribed":
			h.env.Profile.Unsubscribed = []string{value}
		default:
			h.t.Fatalf("learner: unknown %q", key)
		}
	}
}

func (h *host) answer(fields []string) {
	o := engine.Outcome{Status: engine.OutcomeStatus(fields[1])}
	if len(fields) > 2 {
		o.Reason = engine.Reason(fields[2])
	}
	if len(fields) > 3 {
		if o.Status == engine.OutcomeUncertain {
			o.SettleAt = h.at(fields[3])
		} else {
			o.RetryAt = h.at(fields[3])
		}
	}
	h.answers[fields[0]] = o
}

func (h *host) event(id string, fields []string) {
	arrival := h.at(fields[0])
	ev := &engine.Event{ID: id, Name: fields[1], Learner: "u1", Time: arrival, Properties: map[string]any{}}
	for _, pair := range fields[2:] {
		key, value, _ := strings.Cut(pair, "=")
		switch key {
		case "id":
			ev.ID = value
		case "time":
			ev.Time = h.at(value)
		default:
			ev.Properties[key] = parseValue(value)
		}
	}
	h.handOver(ev, arrival)
}

func parseValue(s string) any {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return n
	}
	if b, err := strconv.ParseBool(s); err == nil {
		return b
	}
	return s
}

// handOver does what triggers do: standing first, then, if anybody wants it, the learner.
func (h *host) handOver(ev *engine.Event, arrival time.Time) {
	h.runTo(arrival.Add(-1))
	change := h.env.Standing.Apply(ev, h.env.Current, arrival)
	if ev.Name == engine.EventProfileUpdated {
		h.mergeTraits(ev, &change)
	}
	if h.env.Current.WantsOf(h.env.Standing, ev, &change) {
		h.step([]engine.Input{{Event: ev}}, arrival)
	}
}

// mergeTraits takes in what profile.updated says, as hosts do before they step.
func (h *host) mergeTraits(ev *engine.Event, change *engine.Change) {
	traits := maps.Clone(h.env.Profile.Traits)
	if traits == nil {
		traits = map[string]any{}
	}
	maps.Copy(traits, ev.Properties)
	h.env.Profile.Traits = traits
	if zone, ok := ev.Text("timezone"); ok {
		h.env.Profile.Timezone = zone
	}
	h.env.Standing.ApplyTraits(ev.Properties, h.env.Current, change)
	ev.Properties = nil
}

func (h *host) runTo(t time.Time) {
	h.t.Helper()
	for n := 0; !h.wake.IsZero() && !h.wake.After(t); n++ {
		if n > 10_000 {
			h.t.Fatalf("the learner wakes without end at %s", h.wake)
		}
		h.step(nil, h.wake)
	}
}

func (h *host) step(inputs []engine.Input, now time.Time) {
	for {
		r := engine.Step(h.env, h.state, inputs, now)
		h.state = r.State
		h.wake = r.WakeAt
		h.decisions = append(h.decisions, r.Decisions...)
		for _, d := range r.Decisions {
			h.out.WriteString(line(d))
		}
		inputs = nil
		for _, e := range r.Effects {
			name := e.Send.Message
			if e.Send.Settles {
				name += "/again"
			}
			o, ok := h.answers[name]
			switch {
			case e.Kind == engine.EffectCancel:
				o = engine.Outcome{Status: engine.OutcomeCancelled}
			case !ok:
				o = engine.Outcome{Status: engine.OutcomeAccepted}
			case o.Status == "hold": // no outcome comes; the delivery stays out
				continue
			}
			o.SendID = e.Send.ID
			inputs = append(inputs, engine.Input{Outcome: &o})
		}
		if len(inputs) == 0 {
			return
		}
	}
}

func line(d engine.Decision) string {
	s := fmt.Sprintf("%s %s", d.At.UTC().Format("2006-01-02T15:04:05Z"), d.Kind)
	if d.Reason != "" {
		s += ":" + string(d.Reason)
	}
	s += " " + d.Rule
	if d.Scope != "" {
		s += " [" + d.Scope + "]"
	}
	if d.Message != "" {
		s += " " + d.Message
	}
	if !d.Until.IsZero() {
		s += " until " + d.Until.UTC().Format("2006-01-02T15:04:05Z")
	}
	if d.Arm != "" {
		s += " <" + d.Arm + ">"
	}
	if d.Detail != "" {
		s += " (" + d.Detail + ")"
	}
	if d.Runs != nil {
		for _, r := range (*d.Runs)[1:] {
			s += " and " + r.Rule + " [" + r.Scope + "] " + r.Message
		}
	}
	return s + "\n"
}
