package console_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/console"
	"homeroom/engine"
)

// TestTheLiftAndItsGrowthLoop: the page says what was shared and who came by it, and the figures come as CSV.
func TestTheLiftAndItsGrowthLoop(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	s.decide(engine.Decision{ID: "1", Kind: engine.KindStarted, Run: "r1"})
	s.decide(engine.Decision{ID: "2", Kind: engine.KindSent, Run: "r1", Step: "2", Send: "s1", Message: "quiz-retry"})
	for n, certificate := range []string{"c1", "c2"} {
		if err := s.store.Events.Publish(t.Context(), "u_1", "certificate.shared", certificate, time.Now().AddDate(0, 0, n-2), map[string]any{"certificate_id": certificate}); err != nil {
			t.Fatal(err)
		}
	}
	b := s.browser("")
	b.get("/lift.csv") // waits longer until all is counted
	page := b.get("/lift")
	for _, want := range []string{"certificates shared</td><td class=\"n\">2", "quiz-retry", "/homeroom/lift.csv", "Counted "} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(b.get("/lift.csv"))).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][0] != "quiz-retry" || rows[2][0] != "total" {
		t.Errorf("%v, %v", rows, err)
	}
}

// TestTheLiftOverTime: the curve of a rule says what its table says, a week without a verdict has no whisker, and a rule whose channel reports nothing has no zeros
// for what nobody knows.
func TestTheLiftOverTime(t *testing.T) {
	s := openSite(t, console.ThisMachine{Name: "maya"}, 0)
	first := time.Now().AddDate(0, 0, -20).Truncate(time.Hour)
	exposure := engine.Exposure{Group: engine.GroupTreated, Holdout: 50, Within: 86400}
	var all []engine.Decision
	for n := range 400 {
		learner := fmt.Sprintf("w%d", n)
		at := first.Add(time.Duration(n) * time.Hour)
		d := engine.Decision{ID: learner, Learner: learner, Rule: "quiz-retry", Run: learner, Message: "quiz-retry", At: at, Channel: engine.ChannelWebhook, Kind: engine.KindSent, Send: learner}
		x := exposure
		d.Exposure = &x
		if n%2 == 0 {
			d.Kind = engine.KindWithheld
			d.Reason = engine.ReasonHoldout
			d.Send = ""
			x.Group = engine.GroupHoldout
		} else {
			all = append(all, engine.Decision{ID: learner + "c", Learner: learner, Rule: "quiz-retry", Run: learner, At: at.Add(time.Minute), Kind: engine.KindConverted})
		}
		all = append(all, d)
	}
	if err := s.store.Decisions.Publish(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	b := s.browser("")
	table := b.get("/lift-weeks.csv")
	rows, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil || len(rows) != 4 || rows[1][11] != "too_early" || rows[1][8] != "" || rows[3][11] != "helps" || rows[3][8] != "1.0000" {
		t.Fatalf("%v\n%s", err, table)
	}
	page := b.get("/lift?over=quiz-retry")
	for want, times := range map[string]int{
		`class="early"`: 1, `<svg class="curve"`: 1, `<td>no verdict</td>`: 1, `<td class="n">200</td><td class="n">–</td><td class="n">–</td>`: 1, "200 of 200": 2, "href=\"/homeroom/lift-weeks.csv\"": 1,
	} {
		if got := strings.Count(page, want); got != times {
			t.Errorf("%d times %q, want %d in\n%s", got, want, times, page)
		}
	}
	var shown, printed struct {
		Growth json.RawMessage
		Rules  []struct{ Experiment struct{ Weeks []admin.Week } }
	}
	answer, err := s.admin.Report(t.Context(), admin.ReportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	for from, into := range map[string]any{b.get("/lift", "Accept", "application/json"): &shown, string(text): &printed} {
		if err := json.Unmarshal([]byte(from), into); err != nil {
			t.Fatal(err)
		}
	}
	if len(shown.Rules) != 1 || len(shown.Rules[0].Experiment.Weeks) != 3 {
		t.Errorf("shown %+v", shown)
	}
	shown.Rules[0].Experiment.Weeks[2].Until = printed.Rules[0].Experiment.Weeks[2].Until // both are now
	if !reflect.DeepEqual(shown, printed) {
		t.Errorf("the page says %+v, the command %+v", shown, printed)
	}
}
