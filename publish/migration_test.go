package publish

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/converter"

	"homeroom/engine"
	"homeroom/internal/natstest"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/workflows"
)

// queriedStates answers queries with the states of learners' workflows.
type queriedStates map[string]engine.State // by workflow id

func (q queriedStates) QueryWorkflow(_ context.Context, id, _, query string, _ ...any) (converter.EncodedValue, error) {
	st, known := q[id]
	if !known || query != workflows.QueryState {
		return nil, errors.New("nobody answers")
	}
	return encodedState{st}, nil
}

type encodedState struct{ st engine.State }

func (encodedState) HasValue() bool { return true }

func (e encodedState) Get(into any) error {
	data, err := json.Marshal(e.st)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// compileRules compiles a folder of one message and these rules.
func compileRules(t *testing.T, files map[string]string) *rules.Academy {
	t.Helper()
	folder := map[string][]byte{"messages/m.md": []byte("---\nsubject: s\n---\nx\n")}
	for name, text := range files {
		folder["rules/"+name+".yaml"] = []byte(text)
	}
	academy, problems := rules.FromBundle(folder)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return academy
}

// TestCountMigrations: per rule, which runs move to the step with the same id and which end, and at which step.
func TestCountMigrations(t *testing.T) {
	const head = "when: {event: certificate.earned}\nper: certificate_id\ndo:\n"
	before := compileRules(t, map[string]string{
		"cert":  "rule: cert\n" + head + "  - wait: 20s\n  - send: m\n",
		"named": "rule: named\n" + head + "  - {id: pause, wait: 20s}\n  - {id: last, wait: 1h}\n  - send: m\n",
		"gone":  "rule: gone\n" + head + "  - wait: 20s\n  - send: m\n",
	})
	after := compileRules(t, map[string]string{
		"cert":  "rule: cert\n" + head + "  - if: has(trigger.course_id)\n    then:\n      - wait: 5s\n  - wait: 20s\n  - send: m\n",
		"named": "rule: named\n" + head + "  - send: m\n  - {id: pause, wait: 1h}\n  - send: m\n",
	})
	_, _, st := natstest.Open(t)
	if err := st.Rulesets.Put(t.Context(), store.Bundle{Hash: before.Ruleset.Hash, Files: before.Files}); err != nil {
		t.Fatal(err)
	}
	run := func(id, rule string, pc int) engine.Run {
		return engine.Run{ID: id, Rule: rule, Revision: before.Ruleset.Hash, PC: pc, Waiting: true}
	}
	onNext := run("4", "cert", 0)
	onNext.Revision = after.Ruleset.Hash
	ended := run("5", "named", 1)
	ended.Ended = true
	states := queriedStates{
		workflows.WorkflowID("ada"): {Runs: []engine.Run{run("1", "cert", 0), run("2", "named", 0), run("3", "named", 1)}},
		workflows.WorkflowID("bob"): {Runs: []engine.Run{run("1", "gone", 0), onNext, ended, run("6", "named", 0)}},
	}
	clock := func() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }
	p := New(Options{Store: st, Temporal: &temporalStub{learners: []string{"ada", "bob", "away"}}, Now: clock, Real: clock})
	plan := &Plan{Academy: after, RunPolicy: engine.RunPolicyMigrate, Touched: []string{"cert", "gone", "named"}}
	got, err := p.CountMigrations(t.Context(), plan, states)
	if err != nil {
		t.Fatal(err)
	}
	want := Migrations{
		Asked:      2,
		Unanswered: 1,
		Rules: []RuleMigration{
			{Rule: "cert", Ends: 1, Numbered: true, Gone: []GoneStep{{Step: "1", Outcome: engine.MigrationNoWait, Now: engine.OpBranch, Runs: 1}}},
			{Rule: "gone", Ends: 1, Numbered: true, Gone: []GoneStep{{Step: "1", Outcome: engine.MigrationRuleGone, Runs: 1}}},
			{Rule: "named", Moves: 2, Ends: 1, Gone: []GoneStep{{Step: "last", Outcome: engine.MigrationStepGone, Runs: 1}}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, err := p.CountMigrations(t.Context(), plan, queriedStates{}); err != nil || got.Asked != 0 || got.Unanswered != 3 {
		t.Errorf("where nobody answers: %+v, %v", got, err)
	}
}
