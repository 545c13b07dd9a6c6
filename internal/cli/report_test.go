package cli_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/internal/cli"
	"homeroom/store"
	"homeroom/subjects"
)

func TestTheReport(t *testing.T) {
	a := open(t)
	a.theLoop("u_42")
	a.aTrial()
	a.prints("report.txt", "report", "--since", "all")
	a.prints("report-rule.txt", "report", "--since", "all", "--rule", "halfway")
	a.prints("report.csv", "report", "--since", "all", "--format", "csv")
	_, out, _ := a.homeroom("report", "--since", "all", "--format", "csv")
	if rows, err := csv.NewReader(strings.NewReader(out)).ReadAll(); err != nil || len(rows) != 4 {
		t.Errorf("%d rows of CSV, %v; want a head, two rules and a total", len(rows), err)
	}
	_, out, _ = a.homeroom("report", "--format", "json")
	var answer struct {
		Since time.Time
		Rules []struct {
			Rule       string
			Sent       int
			Experiment *struct {
				Judgement struct {
					Difference *struct{ Estimate, Low, High float64 }
				}
			}
		}
		Total struct{ Sent int }
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Rules) != 2 || answer.Rules[1].Rule != "halfway" || answer.Rules[1].Sent != 117 || answer.Total.Sent != 118 || answer.Since.IsZero() {
		t.Errorf("got %+v", answer)
	}
	if e := answer.Rules[1].Experiment; e == nil || e.Judgement.Difference == nil || math.Abs(e.Judgement.Difference.Estimate-0.3128) > 0.0001 {
		t.Errorf("the experiment of halfway is %+v", e)
	}
	if code, _, complaints := a.homeroom("report", "--rule", "half"); code != 1 || !strings.Contains(complaints, "certificate-share, halfway") {
		t.Errorf("an unknown rule: exit code %d, %s", code, complaints)
	}
}

// TestTheReportFromAReadModel: it prints the same, also when a learner was erased and when something came since. The file holds no learner's
// id.
func TestTheReportFromAReadModel(t *testing.T) {
	a := open(t)
	a.theLoop("u_42")
	a.aTrial()
	file := filepath.Join(t.TempDir(), "report.db")
	a.prints("report.txt", "report", "--since", "all", "--read-model", file)
	a.prints("report.txt", "report", "--since", "all", "--read-model", file)
	a.prints("report-rule.txt", "report", "--since", "all", "--rule", "halfway", "--read-model", file)

	learners := store.NewLearnerData(a.js)
	for _, learner := range []string{"u_42", "t_007"} {
		places, err := learners.Locate(t.Context(), learner, store.SearchKeys{})
		if err != nil {
			t.Fatal(err)
		}
		for _, place := range places {
			if err := learners.Remove(t.Context(), place); err != nil {
				t.Fatal(err)
			}
		}
	}
	a.theLoop("u_77")
	for _, since := range []string{"all", "30d"} {
		code, want, complaints := a.homeroom("report", "--since", since, "--format", "csv")
		if code != 0 {
			t.Fatal(complaints)
		}
		code, got, complaints := a.homeroom("report", "--since", since, "--format", "csv", "--read-model", file)
		if code != 0 || got != want {
			t.Errorf("--since %s: exit code %d\n%s\ngot\n%s\nwant\n%s", since, code, complaints, got, want)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte("t_007")) || bytes.Contains(data, []byte("t_008")) {
		t.Error("the file holds the id of a learner")
	}
}

// TestAMessageThatAsksForReferrals: that it does is known from its text, as it was published.
func TestAMessageThatAsksForReferrals(t *testing.T) {
	a := open(t)
	ctx := t.Context()
	files := map[string][]byte{
		"messages/bring-a-friend.de.md": []byte("---\nsubject: Hallo\n---\n{% button \"Einladen\" referral.url %}\n"),
		"messages/welcome.md":           []byte("---\nsubject: Hello\n---\nPlease share your thoughts.\n"),
	}
	if err := a.store.Rulesets.Put(ctx, store.Bundle{Hash: "abcdef01", Files: files, At: monday}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.store.Rulesets.SetCurrent(ctx, store.Pointer{Number: 1, Hash: "abcdef01", At: monday}); err != nil {
		t.Fatal(err)
	}
	a.decided(
		engine.Decision{Learner: "u_1", Rule: "refer", Run: "r1", Kind: engine.KindSent, At: monday, Message: "bring-a-friend", Send: "s1"},
		engine.Decision{Learner: "u_1", Rule: "greet", Run: "r2", Kind: engine.KindSent, At: monday.Add(time.Hour), Message: "welcome", Send: "s2"},
	)
	a.happened("u_2", "referral.converted", monday.Add(2*time.Hour), props{"referrer_id": "u_1", "referred_id": "u_2"})
	code, out, complaints := a.homeroom("report", "--format", "csv")
	var refer, greet string
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "refer,") {
			refer = strings.TrimSpace(line)
		}
		if strings.HasPrefix(line, "greet,") {
			greet = strings.TrimSpace(line)
		}
	}
	if code != 0 || !strings.HasSuffix(refer, ",1") || !strings.HasSuffix(greet, ",0") {
		t.Errorf("exit code %d: the referral went to the wrong message\n%s%s", code, out, complaints)
	}
}

// TestSince: what was stored before counts for nothing, and what is stored while a report is read does not keep it from
// its end.
func TestSince(t *testing.T) {
	a := open(t)
	sent := func(i int) engine.Decision {
		learner := fmt.Sprint("u_", i)
		return engine.Decision{Learner: learner, Rule: "welcome", Run: learner, Kind: engine.KindSent, Message: "welcome", Send: learner, At: monday}
	}
	a.decided(sent(1))
	stream, err := a.js.Stream(t.Context(), subjects.DecisionStream)
	if err != nil {
		t.Fatal(err)
	}
	since := stream.CachedInfo().State.LastTime.Add(1)
	a.decided(sent(2), sent(3))

	count := func(since string) int {
		t.Helper()
		code, out, complaints := a.homeroom("report", "--since", since, "--format", "json")
		var answer struct{ Total struct{ Sent int } }
		if err := json.Unmarshal([]byte(out), &answer); code != 0 || err != nil {
			t.Fatalf("exit code %d, %v\n%s%s", code, err, out, complaints)
		}
		return answer.Total.Sent
	}
	for _, c := range []struct {
		since string
		want  int
	}{{"all", 3}, {"1h", 3}, {since.UTC().Format(time.RFC3339Nano), 2}, {time.Now().Add(time.Hour).Format(time.RFC3339), 0}} {
		if got := count(c.since); got != c.want {
			t.Errorf("--since %s: %d sent, want %d", c.since, got, c.want)
		}
	}

	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 4; ; i++ {
			select {
			case <-stop:
				return
			default:
				d := sent(i)
				d.ID = d.Learner
				if err := a.store.Decisions.Publish(t.Context(), []engine.Decision{d}); err != nil {
					return
				}
			}
		}
	}()
	for range 5 {
		if got := count("all"); got < 3 {
			t.Errorf("%d sent while more are published, want at least 3", got)
		}
	}
	close(stop)
	<-done
}

// TestProgress is drawn where a person looks, and nowhere else.
func TestProgress(t *testing.T) {
	a := open(t)
	a.aTrial()
	var out, drawn bytes.Buffer
	now := monday
	tick := func() time.Time { now = now.Add(time.Second); return now }
	if code := cli.Main(t.Context(), []string{"report", "--since", "all"}, cli.IO{Out: &out, Err: &drawn, Now: tick, Terminal: true}); code != 0 {
		t.Fatalf("exit code %d\n%s", code, &drawn)
	}
	if !strings.Contains(drawn.String(), "100%") {
		t.Errorf("no progress was drawn: %q", drawn.String())
	}
	if _, _, complaints := a.homeroom("report"); complaints != "" {
		t.Errorf("drawn where nobody looks: %q", complaints)
	}
}
