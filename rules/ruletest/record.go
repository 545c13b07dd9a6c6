package ruletest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"homeroom/catalog"
	"homeroom/engine"
	"homeroom/internal/yamlfile"
	"homeroom/simulate"
)

// Recording is what happened to somebody, of which a test is made.
type Recording struct {
	Name    string            // of the test
	Rule    string            // that it is about
	Learner string            // whose id stands in no test
	Events  []catalog.Decoded // by time
	// Needs reports whether an event is refused without a property, or whether a rule can read it. Every other property and trait is left out: a
	// test lies in a folder that many read.
	Needs func(event, property string) bool
}

// maxRecorded is how many events a test that is written from a recording may have.
const maxRecorded = 200

// maxTried is of how many events each single one is tried to be left out.
const maxTried = 300

// ErrNothingToShow says that a rule decides nothing in a recording.
var ErrNothingToShow = errors.New("the rule decides nothing there")

// WriteTest returns a test, as a document of a YAML file, that shows what a rule decides about what happened to somebody. Of the events it keeps those
// without which the rule decides something else. The learner has another id, a made-up address, and only the traits that rules read. The test passes.
func WriteTest(rec Recording, f Folder) ([]byte, error) {
	t := rec.newTest()
	if len(t.Events) == 0 {
		return nil, ErrNothingToShow
	}
	want, err := t.runEvents(f)
	if err != nil {
		return nil, err
	}
	if len(want) == 0 {
		return nil, ErrNothingToShow
	}
	t.leaveOut(f, want)
	t.leaveOutValues(f, want)
	if len(t.Events) > maxRecorded {
		return nil, fmt.Errorf("%d events are needed to show it, and a test that is written for you may have %d", len(t.Events), maxRecorded)
	}
	text := t.writeYAML(want)
	return text, checkWritten(text, f)
}

// newTest returns the recording as a test that expects nothing yet.
func (rec *Recording) newTest() *Test {
	t := &Test{
		Name:    rec.Name,
		Rules:   []string{rec.Rule},
		Learner: &Learner{Traits: map[string]any{"email": "ada@example.org"}},
		places:  map[string]yamlfile.Position{},
		source:  yamlfile.NewSource("", nil),
	}
	for _, d := range rec.Events {
		t.Events = append(t.Events, Event{
			At:         d.Event.Time.UTC().Truncate(time.Second),
			Name:       d.Event.Name,
			Properties: rec.keepNeeded(d.Event.Name, d.Event.Properties),
			Traits:     rec.keepNeeded("", d.Traits),
		})
	}
	if len(t.Events) > 0 {
		t.Start = t.Events[0].At
		t.Until = t.lastInstant().Add(simulate.Horizon)
	}
	return t
}

// keepNeeded returns the values that are needed, without what tells who the learner is.
func (rec *Recording) keepNeeded(event string, values map[string]any) map[string]any {
	kept := map[string]any{}
	for name, v := range values {
		if !rec.Needs(event, name) {
			continue
		}
		kept[name] = rec.withoutPerson(v)
	}
	return kept
}

// withoutPerson returns a value without the learner's id and without addresses.
func (rec *Recording) withoutPerson(v any) any {
	switch v := v.(type) {
	case string:
		if rec.Learner != "" {
			v = strings.ReplaceAll(v, rec.Learner, defaultLearner)
		}
		if strings.Contains(v, "@") {
			v = "ada@example.org"
		}
		return v
	case []any:
		list := make([]any, len(v))
		for n := range v {
			list[n] = rec.withoutPerson(v[n])
		}
		return list
	case map[string]any:
		fields := make(map[string]any, len(v))
		for name := range v {
			fields[name] = rec.withoutPerson(v[name])
		}
		return fields
	}
	return v
}

// runEvents returns what is decided in a test about its runs.
func (t *Test) runEvents(f Folder) ([]engine.Decision, error) {
	ready, problems := t.Prepare(f)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	result := ready.Run(nil)
	return slices.DeleteFunc(result.Decisions, func(d engine.Decision) bool { return d.Run == "" }), result.Err
}

// leaveOut takes the events out without which the same is decided: first all of a name, then one by one.
func (t *Test) leaveOut(f Folder, want []engine.Decision) {
	tryWithout := func(gone func(n int) bool) {
		fewer := *t
		fewer.Events = nil
		for n := range t.Events {
			if !gone(n) {
				fewer.Events = append(fewer.Events, t.Events[n])
			}
		}
		if got, err := fewer.runEvents(f); err == nil && slices.EqualFunc(got, want, sameDecision) {
			t.Events = fewer.Events
		}
	}
	var names []string
	for n := range t.Events {
		names = append(names, t.Events[n].Name)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		tryWithout(func(n int) bool { return t.Events[n].Name == name })
	}
	if len(t.Events) <= maxTried {
		for last := len(t.Events) - 1; last >= 0; last-- {
			tryWithout(func(n int) bool { return n == last })
		}
	}
	if len(t.Events) == 0 {
		return
	}
	t.Start = t.Events[0].At
	shorter := *t
	shorter.Until = t.lastInstant().Add(simulate.Horizon)
	if got, err := shorter.runEvents(f); err == nil && slices.EqualFunc(got, want, sameDecision) {
		t.Until = shorter.Until
	}
}

// leaveOutValues takes the properties and traits out without which the same is decided and the test still passes: those of all events of a name at once.
func (t *Test) leaveOutValues(f Folder, want []engine.Decision) {
	type place struct{ event, property, trait string }
	var places []place
	for _, ev := range t.Events {
		for property := range ev.Properties {
			places = append(places, place{event: ev.Name, property: property})
		}
		for trait := range ev.Traits {
			places = append(places, place{trait: trait})
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.event, b.event), cmp.Compare(a.property, b.property), cmp.Compare(a.trait, b.trait))
	})
	for _, p := range slices.Compact(places) {
		without := *t
		without.Events = slices.Clone(t.Events)
		for n := range without.Events {
			ev := &without.Events[n]
			if ev.Name == p.event {
				ev.Properties = leaveOutName(ev.Properties, p.property)
			}
			ev.Traits = leaveOutName(ev.Traits, p.trait)
		}
		if got, err := without.runEvents(f); err == nil && slices.EqualFunc(got, want, sameDecision) && checkWritten(without.writeYAML(want), f) == nil {
			t.Events = without.Events
		}
	}
}

func leaveOutName(values map[string]any, name string) map[string]any {
	if _, has := values[name]; !has {
		return values
	}
	fewer := maps.Clone(values)
	delete(fewer, name)
	return fewer
}

// sameDecision reports whether two decisions say the same, whichever event was their occasion.
func sameDecision(a, b engine.Decision) bool {
	return a.Kind == b.Kind && a.Rule == b.Rule && a.Message == b.Message && a.Reason == b.Reason && sameSecond(a.At, b.At)
}

// writeYAML returns the test as a YAML document that expects what was decided.
func (t *Test) writeYAML(decided []engine.Decision) []byte {
	var b strings.Builder
	inJSON := func(v any) string {
		text, _ := json.Marshal(v) // texts, numbers and truth values, which JSON writes as YAML reads them
		return string(text)
	}
	fmt.Fprintf(&b, "test: %s\nrules: [%s]\nlearner: {traits: %s}\nstart: %s\n", inJSON(t.Name), strings.Join(t.Rules, ", "), inJSON(t.Learner.Traits), t.Start.Format(time.RFC3339))
	b.WriteString("events:\n")
	for _, ev := range t.Events {
		fmt.Fprintf(&b, "  - {at: %s, event: %s", offsetText(ev.At, t.Start), ev.Name)
		if len(ev.Properties) > 0 {
			b.WriteString(", properties: " + inJSON(ev.Properties))
		}
		if len(ev.Traits) > 0 {
			b.WriteString(", traits: " + inJSON(ev.Traits))
		}
		b.WriteString("}\n")
	}
	if !t.Until.Equal(t.lastInstant().Add(simulate.Horizon)) {
		fmt.Fprintf(&b, "until: %s\n", offsetText(t.Until, t.Start))
	}
	var expect strings.Builder
	for i := range decided {
		d := &decided[i]
		if d.Kind == engine.KindStarted || d.Kind == engine.KindAssigned || d.Kind == engine.KindUncertain {
			continue
		}
		what := d.Message
		if what == "" {
			what = d.Rule
		}
		if d.Set != nil {
			what = d.Set.Trait + ", value: " + inJSON(d.Set.Value)
		}
		fmt.Fprintf(&expect, "  - {at: %s, %s: %s", offsetText(d.At, t.Start), d.Kind, what)
		if d.Reason != "" {
			fmt.Fprintf(&expect, ", reason: %s", d.Reason)
		}
		expect.WriteString("}\n")
	}
	if expect.Len() == 0 {
		b.WriteString("expect: []\n")
	} else {
		b.WriteString("expect:\n" + expect.String())
	}
	return []byte(b.String())
}

// checkWritten returns an error unless a test that was written passes.
func checkWritten(text []byte, f Folder) error {
	tests, problems := Parse("the test", text)
	if err := problems.Err(); err != nil {
		return err
	}
	ready, problems := tests[0].Prepare(f)
	if err := problems.Err(); err != nil {
		return err
	}
	if result := ready.Run(nil); !result.Passed {
		var story strings.Builder
		_ = result.Write(&story, false) // it writes to memory
		return fmt.Errorf("what was written does not pass as a test: %s", story.String())
	}
	return nil
}
