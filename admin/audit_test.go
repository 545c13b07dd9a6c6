package admin_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/admin"
	"homeroom/deadletters"
	"homeroom/internal/natstest"
	"homeroom/rules"
	"homeroom/store"
	"homeroom/subjects"
)

// openAudited connects to an installation with its secret, as maya on the command line. Nobody answers as Temporal.
func openAudited(t *testing.T) (*admin.Installation, jetstream.JetStream) {
	t.Helper()
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	server, js, _ := natstest.Open(t)
	if _, err := store.EnsureSecrets(t.Context(), js, nil); err != nil {
		t.Fatal(err)
	}
	i, err := admin.Connect(t.Context(), admin.ConnectOptions{
		Name:        "test",
		NATS:        admin.NATSOptions{URL: server.URL()},
		NeedsSecret: true,
		Actor:       admin.Actor{Name: "maya", Way: admin.WayCLI},
		Now:         time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	return i, js
}

// readAudit returns what is recorded, oldest first.
func readAudit(t *testing.T, i *admin.Installation, o admin.AuditOptions) []admin.AuditRecord {
	t.Helper()
	log, err := i.AuditLog(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(log.Records)
	return log.Records
}

// TestWhoDidWhatIsRecorded: each act leaves one record with who, from where and what; one that fails is marked. No record holds an id
// of a learner, an address or a text that somebody typed.
func TestWhoDidWhatIsRecorded(t *testing.T) {
	i, js := openAudited(t)
	ctx := t.Context()
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := i.Pause(ctx, admin.PauseOptions{Author: "maya", Note: "ada@example.org complained"})
	do(err)
	_, err = i.As(admin.Actor{Name: "tom", Way: admin.WayConsole}).Resume(ctx, "tom", "")
	do(err)
	_, err = i.Resume(ctx, "maya", "") // it is not paused: nothing is done
	do(err)
	_, err = i.AddressStatus(ctx, "Ada@Example.org")
	do(err)
	do(i.LiftSuppression(ctx, "ada@example.org"))
	_, err = i.ListSuppressions(ctx)
	do(err)
	_, err = i.ExportSuppressions(ctx)
	do(err)
	_, err = i.ImportSuppressions(ctx, admin.SuppressionImportOptions{In: strings.NewReader("[]"), List: "bounces", DryRun: true})
	do(err)
	_, err = i.ReplayDeadLetters(ctx, deadletters.ReplayOptions{DryRun: true})
	do(err)
	_, err = i.ReplayDeadLetters(ctx, deadletters.ReplayOptions{})
	do(err)
	if _, err := i.DeadLetter(ctx, 12); err == nil {
		t.Error("there is a dead letter")
	}
	if _, err := i.LearnerStory(ctx, admin.StoryOptions{Learner: "u_42"}); err == nil {
		t.Error("there is a story of a learner who did nothing")
	}
	if _, err := i.LearnerStory(ctx, admin.StoryOptions{}); err == nil {
		t.Error("there is a story of nobody")
	}
	if _, err := i.ExportLearner(ctx, "u_42", nil); err == nil {
		t.Error("a learner is exported without Temporal")
	}
	if err := i.DiscardDraft(ctx, admin.Draft{Draft: store.Draft{ID: "maya", Revision: 7}}); err == nil {
		t.Error("a draft is discarded that is not there")
	}
	var got []string
	for _, r := range readAudit(t, i, admin.AuditOptions{}) {
		text := r.Who + " " + string(r.Way) + " " + string(r.Action)
		if r.Failed {
			text += " failed"
		}
		got = append(got, text)
	}
	want := []string{
		"maya cli pause", "tom console resume", "maya cli look_at_address", "maya cli lift_suppression", "maya cli list_suppressions", "maya cli export_suppressions",
		"maya cli replay_dead_letters", "maya cli look_at_dead_letter", "maya cli look_at_learner", "maya cli discard failed",
	}
	if !slices.Equal(got, want) {
		t.Errorf("recorded is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	reader := store.StreamReader{JS: js}
	err = reader.Read(ctx, subjects.AuditStream, nil, func(m store.Message) error {
		for _, secret := range []string{"u_42", "@", "example", "complained"} {
			if strings.Contains(strings.ToLower(m.Subject+string(m.Data)), secret) {
				t.Errorf("%s holds %q: %s", m.Subject, secret, m.Data)
			}
		}
		return nil
	})
	do(err)
	for name, asked := range map[string]struct {
		options admin.AuditOptions
		want    int
	}{
		"about a learner":    {admin.AuditOptions{Learner: "u_42"}, 1},
		"another learner":    {admin.AuditOptions{Learner: "u_43"}, 0},
		"about an address":   {admin.AuditOptions{Address: " ADA@example.org"}, 2},
		"by somebody":        {admin.AuditOptions{Who: "tom"}, 1},
		"of a kind":          {admin.AuditOptions{Action: "pause"}, 1},
		"from tomorrow on":   {admin.AuditOptions{Since: time.Now().Add(24 * time.Hour)}, 0},
		"the newest of them": {admin.AuditOptions{Limit: 3}, 3},
	} {
		if got := readAudit(t, i, asked.options); len(got) != asked.want {
			t.Errorf("%s: %d records, want %d: %+v", name, len(got), asked.want, got)
		}
	}
}

// TestNothingIsDoneThatCannotBeRecorded: without the stream, or by nobody; but for the pause, which stops sending first.
func TestNothingIsDoneThatCannotBeRecorded(t *testing.T) {
	i, js := openAudited(t)
	ctx := t.Context()
	suppressed := func() bool {
		t.Helper()
		status, err := i.AddressStatus(ctx, "ada@example.org")
		if err != nil {
			t.Fatal(err)
		}
		return status.Suppressed
	}
	secrets, err := store.EnsureSecrets(ctx, js, nil)
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(ctx, js, store.OpenOptions{Secret: secrets[0]})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Control.Close)
	if err := st.Suppressions.Add(ctx, "ada@example.org", store.ReasonBounced, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if !suppressed() {
		t.Fatal("the address is not suppressed")
	}
	if err := i.As(admin.Actor{Way: admin.WayConsole}).LiftSuppression(ctx, "ada@example.org"); err == nil || !strings.Contains(err.Error(), "who asks") {
		t.Errorf("nobody lifts: %v", err)
	}
	if !suppressed() {
		t.Error("nobody lifted it")
	}
	if err := js.DeleteStream(ctx, subjects.AuditStream); err != nil {
		t.Fatal(err)
	}
	if err := i.LiftSuppression(ctx, "ada@example.org"); err == nil || !strings.Contains(err.Error(), "homeroom setup") {
		t.Errorf("without the stream: %v", err)
	}
	if s, _, err := st.Suppressions.Get(ctx, "ada@example.org"); err != nil || s.Reason == "" {
		t.Errorf("it was lifted without a record: %+v, %v", s, err)
	}
	change, err := i.Pause(ctx, admin.PauseOptions{Author: "maya"})
	if err == nil || !change.Changed {
		t.Errorf("the pause: %+v, %v", change, err)
	}
	if now, err := i.KillSwitch(ctx); err != nil || !now.Paused {
		t.Errorf("sending goes on: %+v, %v", now, err)
	}
}

// TestNoAuditRecordIsTakenBack: the stream takes no purge and no deletion, and is as old as it says.
func TestNoAuditRecordIsTakenBack(t *testing.T) {
	i, js := openAudited(t)
	ctx := t.Context()
	if _, err := i.Pause(ctx, admin.PauseOptions{Author: "maya"}); err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(ctx, subjects.AuditStream)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Purge(ctx); err == nil {
		t.Error("it was purged")
	}
	if err := stream.DeleteMsg(ctx, 1); err == nil {
		t.Error("a record was deleted")
	}
	if age := stream.CachedInfo().Config.MaxAge; age != store.AuditAge {
		t.Errorf("records are kept for %s", age)
	}
	if got := readAudit(t, i, admin.AuditOptions{}); len(got) != 1 {
		t.Errorf("%d records are left", len(got))
	}
	if _, err := js.Publish(ctx, subjects.Audit("pause"), []byte("{")); err != nil {
		t.Fatal(err)
	}
	if log, err := i.AuditLog(ctx, admin.AuditOptions{}); err != nil || log.Unreadable != 1 || log.Total != 1 {
		t.Errorf("a damaged record: %+v, %v", log, err)
	}
}

// TestAPublicationPastApprovalsIsNamed: a folder from the command line, where the settings in force ask for approvals; neither a draft, which
// was approved, nor a revision that was in force before.
func TestAPublicationPastApprovalsIsNamed(t *testing.T) {
	i, js := openAudited(t)
	ctx := t.Context()
	st, err := store.Open(ctx, js, store.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Control.Close)
	number := 0
	putInForce := func(settings string) {
		t.Helper()
		academy, problems := rules.FromBundle(map[string][]byte{
			"settings.yaml":     []byte(settings),
			"rules/hello.yaml":  []byte("rule: hello\nwhen: {event: course.completed}\nper: course_id\ndo: [{send: hello}]\n"),
			"messages/hello.md": []byte("---\nsubject: Hello\n---\nHello.\n"),
		})
		if academy == nil {
			t.Fatal(problems)
		}
		number++
		hash := academy.Ruleset.Hash
		current, err := st.Rulesets.Current(ctx)
		if err == nil {
			err = st.Rulesets.Put(ctx, store.Bundle{Hash: hash, Files: academy.Files})
		}
		if err == nil {
			_, err = st.Rulesets.SetCurrent(ctx, store.Pointer{Number: number, Hash: hash, Revision: current.Revision})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	expect := func(name string, opts admin.PublishOptions, note string, marks ...string) {
		t.Helper()
		got, err := i.MarkUnapproved(ctx, opts)
		if err != nil || got.Note != note || !slices.Equal(got.With, marks) {
			t.Errorf("%s: %q, %q, %v", name, got.Note, got.With, err)
		}
	}
	folder := admin.PublishOptions{Note: "shorter"}
	expect("nothing in force", folder, "shorter")
	putInForce("timezone: UTC\n")
	expect("the settings do not say", folder, "shorter")
	putInForce("timezone: UTC\napprovals: 0\n")
	expect("none are asked for", folder, "shorter")
	putInForce("timezone: UTC\napprovals: 1\n")
	expect("one is asked for", folder, "shorter (published without approval)", admin.WithoutApproval)
	expect("a draft", admin.PublishOptions{Note: "shorter", Draft: "maya"}, "shorter")
	expect("an earlier revision", admin.PublishOptions{Note: "back", RollBack: true}, "back")
	for otherwise, want := range map[int]int{0: 1, 3: 1} {
		if n, err := i.NeededApprovals(ctx, otherwise); err != nil || n != want {
			t.Errorf("%d are needed, %v", n, err)
		}
	}
}
