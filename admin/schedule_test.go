package admin_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"homeroom/admin"
	"homeroom/internal/natstest"
	"homeroom/publish"
	"homeroom/store"
)

// idleTemporal is a Temporal without workflows, or one that is away.
type idleTemporal struct {
	client.Client
	away atomic.Bool
}

func (s *idleTemporal) ListWorkflow(context.Context, *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	if s.away.Load() {
		return nil, errors.New("Temporal is away")
	}
	return &workflowservice.ListWorkflowExecutionsResponse{}, nil
}

// scheduleTest is an installation whose clock the test turns, with a first publication in force.
type scheduleTest struct {
	t        *testing.T
	i        *admin.Installation
	temporal idleTemporal
	server   string
	js       jetstream.JetStream
	now      atomic.Pointer[time.Time]
	reports  []admin.ScheduleReport
}

// settingsIn returns settings.yaml with a time zone.
func settingsIn(zone string) string {
	return "timezone: " + zone + "\nsender: {from: hello@academy.example, name: Academy, postal_address: \"1 Harbour Lane\"}\n"
}

var scheduleBegins = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func openScheduleTest(t *testing.T) *scheduleTest {
	t.Helper()
	server, js, _ := natstest.Open(t)
	s := &scheduleTest{t: t, server: server.URL(), js: js}
	s.setTime(scheduleBegins)
	s.connect()
	s.edit("maya", "rules/hello.yaml", "rule: hello\nwhen: {event: course.completed}\nper: course_id\ndo: [{send: hello}]\n")
	s.edit("maya", "messages/hello.md", "---\nsubject: Hello\n---\nHello.\n")
	first := s.edit("maya", "settings.yaml", settingsIn("UTC"))
	_, err := s.as("maya").PublishDraft(t.Context(), first, admin.DraftPublication{Seen: first.Hash, By: "maya", RunPolicy: "finish"})
	s.must(err)
	return s
}

// connect connects anew, as a process does that starts.
func (s *scheduleTest) connect() {
	s.t.Helper()
	i, err := admin.Connect(s.t.Context(), admin.ConnectOptions{
		Name:     "test",
		NATS:     admin.NATSOptions{URL: s.server},
		Temporal: &s.temporal,
		Now:      func() time.Time { return *s.now.Load() },
	})
	s.must(err)
	s.t.Cleanup(i.Close)
	s.i = i
}

func (s *scheduleTest) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scheduleTest) setTime(at time.Time) { s.now.Store(&at) }

func (s *scheduleTest) as(name string) *admin.Installation {
	return s.i.As(admin.Actor{Name: name, Way: admin.WayConsole})
}

func (s *scheduleTest) edit(author, file, content string) admin.Draft {
	s.t.Helper()
	draft, err := s.i.DraftOf(s.t.Context(), author)
	s.must(err)
	draft, err = s.as(author).SaveDraft(s.t.Context(), draft, admin.FileEdit{Path: file, Content: []byte(content)}, author)
	s.must(err)
	return draft
}

// proposed returns a draft of maya's that is proposed and that tom approved.
func (s *scheduleTest) proposed(content string) admin.Draft {
	s.t.Helper()
	draft := s.edit("maya", "settings.yaml", content)
	draft, err := s.as("maya").ProposeDraft(s.t.Context(), draft, admin.Proposing{By: "maya", Reason: "for December"})
	s.must(err)
	draft, err = s.as("tom").ApproveDraft(s.t.Context(), draft, draft.Hash, "tom")
	s.must(err)
	return draft
}

// schedule has tom schedule a draft for the next morning at nine in Berlin.
func (s *scheduleTest) schedule(draft admin.Draft) (admin.Draft, error) {
	return s.as("tom").ScheduleDraft(s.t.Context(), draft, admin.Scheduling{
		At:               "2026-12-01T09:00",
		Zone:             "Europe/Berlin",
		DraftPublication: admin.DraftPublication{Seen: draft.Hash, By: "tom", Note: "December", RunPolicy: "finish", Approvals: 1},
	})
}

var scheduledFor = time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)

// look has a console look at the drafts, and returns what it did.
func (s *scheduleTest) look() string {
	s.t.Helper()
	s.reports = nil
	s.must(s.i.PublishDue(s.t.Context(), admin.ScheduleKeeping{Approvals: 1, Report: func(r admin.ScheduleReport) { s.reports = append(s.reports, r) }}))
	var said []string
	for _, r := range s.reports {
		text := r.Draft + " " + string(r.Stage)
		if r.Err != nil {
			text += " failed"
		}
		said = append(said, text)
	}
	return strings.Join(said, ", ")
}

func (s *scheduleTest) inForce() int {
	s.t.Helper()
	history, err := s.i.PublicationHistory(s.t.Context())
	s.must(err)
	return history.Publications[0].Number
}

// audit returns what is recorded with an action, oldest first: who, which way, with what.
func (s *scheduleTest) audit(action string) []string {
	s.t.Helper()
	var said []string
	for _, r := range readAudit(s.t, s.i, admin.AuditOptions{Action: action}) {
		said = append(said, fmt.Sprintf("%s %s %v %v", r.Who, r.Way, r.With, r.Failed))
	}
	return said
}

// TestADraftIsPublishedAtItsTime: not before, also by a process that started since, once, in the name of who scheduled it.
func TestADraftIsPublishedAtItsTime(t *testing.T) {
	s := openScheduleTest(t)
	draft, err := s.schedule(s.proposed(settingsIn("Europe/Berlin")))
	s.must(err)
	if !draft.Schedule.At.Equal(scheduledFor) {
		t.Fatalf("it is scheduled for %s", draft.Schedule.At)
	}
	overview, err := s.i.Overview(t.Context())
	s.must(err)
	if got := overview.Drafts[0].Scheduled(); got != "scheduled by tom for Tue 1 Dec 2026 09:00 Europe/Berlin" {
		t.Errorf("the overview says %q", got)
	}
	s.setTime(scheduledFor.Add(-time.Second))
	if did := s.look(); did != "" || s.inForce() != 1 {
		t.Fatalf("a second before: %s, no. %d", did, s.inForce())
	}
	s.connect()
	s.setTime(scheduledFor.Add(time.Second))
	if did := s.look(); did != "maya in_force" || s.inForce() != 2 {
		t.Fatalf("at its time: %s, no. %d", did, s.inForce())
	}
	if did := s.look(); did != "" || s.inForce() != 2 {
		t.Errorf("once more: %s", did)
	}
	var input *admin.InputError
	if _, err := s.i.Draft(t.Context(), "maya"); !errors.As(err, &input) {
		t.Errorf("the draft is still there: %v", err)
	}
	history, err := s.i.PublicationHistory(t.Context())
	s.must(err)
	if p := history.Publications[0]; p.Author != "tom" || p.Note != "December" {
		t.Errorf("the history says %+v", p)
	}
	if got := s.audit("schedule"); !slices.Equal(got, []string{"tom console [] false"}) {
		t.Errorf("recorded of scheduling: %v", got)
	}
	if got := s.audit("publish"); !slices.Equal(got, []string{"maya console [] false", "tom schedule [scheduled] false"}) {
		t.Errorf("recorded of publishing: %v", got)
	}
}

// TestWhatCancelsASchedule: an edit, a rebase, a withdrawn proposal, another publication, and a console that comes too late. The draft says why.
func TestWhatCancelsASchedule(t *testing.T) {
	for name, test := range map[string]struct {
		happens func(s *scheduleTest, d admin.Draft)
		why     string
		audit   []string
	}{
		"an edit": {
			func(s *scheduleTest, _ admin.Draft) { s.edit("maya", "settings.yaml", settingsIn("Europe/Rome")) },
			"maya changed the draft", []string{"maya console [edited] false"},
		},
		"another publication": {
			func(s *scheduleTest, _ admin.Draft) {
				other := s.edit("noor", "settings.yaml", settingsIn("Asia/Tokyo"))
				_, err := s.as("noor").PublishDraft(s.t.Context(), other, admin.DraftPublication{Seen: other.Hash, By: "noor", RunPolicy: "finish"})
				s.must(err)
			},
			"noor published no. 2 meanwhile", []string{"tom schedule [base_moved] false"},
		},
		"a withdrawn proposal": {
			func(s *scheduleTest, d admin.Draft) {
				_, err := s.as("maya").WithdrawDraft(s.t.Context(), d)
				s.must(err)
			},
			"maya withdrew the proposal", nil,
		},
		"nobody is there for hours": {
			func(s *scheduleTest, _ admin.Draft) { s.setTime(scheduledFor.Add(3 * time.Hour)) },
			"no console was there", []string{"tom schedule [too_late] false"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openScheduleTest(t)
			draft, err := s.schedule(s.proposed(settingsIn("Europe/Berlin")))
			s.must(err)
			s.setTime(scheduledFor.Add(-time.Hour))
			test.happens(s, draft)
			before := s.inForce()
			s.look()
			if now := *s.now.Load(); now.Before(scheduledFor) {
				s.setTime(scheduledFor.Add(time.Minute))
			}
			if did := s.look(); did != "" || s.inForce() != before {
				t.Fatalf("it did %s; no. %d", did, s.inForce())
			}
			draft, err = s.i.Draft(t.Context(), "maya")
			s.must(err)
			if draft.Schedule.Waits() || !strings.Contains(admin.DescribeSchedule(draft.Schedule), test.why) {
				t.Errorf("the draft says %q", admin.DescribeSchedule(draft.Schedule))
			}
			if got := s.audit("unschedule"); !slices.Equal(got, test.audit) {
				t.Errorf("recorded: %v, want %v", got, test.audit)
			}
		})
	}
}

// TestAScheduleWhileTemporalIsAway: the attempt is noted and repeated.
func TestAScheduleWhileTemporalIsAway(t *testing.T) {
	s := openScheduleTest(t)
	s.edit("maya", "rules/quiet.yaml", "rule: quiet\nwhen: {inactive: 3d, in: course}\ndo: [{send: hello}]\n") // everybody is looked at for it, in Temporal
	_, err := s.schedule(s.proposed(settingsIn("UTC")))
	s.must(err)
	s.temporal.away.Store(true)
	s.setTime(scheduledFor)
	if did := s.look(); did != "maya due failed" || s.inForce() != 1 {
		t.Fatalf("Temporal is away: %s, no. %d", did, s.inForce())
	}
	if did := s.look(); did != "" {
		t.Errorf("it is not left in peace: %s", did)
	}
	draft, err := s.i.Draft(t.Context(), "maya")
	s.must(err)
	if said := admin.DescribeSchedule(draft.Schedule); !strings.Contains(said, "Temporal is away") {
		t.Errorf("the draft says %q", said)
	}
	s.setTime(scheduledFor.Add(publish.ClaimTime + time.Second))
	if did := s.look(); did != "maya due failed" {
		t.Errorf("it is not tried again: %s", did)
	}
	s.setTime(scheduledFor.Add(2 * time.Hour))
	s.look()
	draft, err = s.i.Draft(t.Context(), "maya")
	s.must(err)
	if said := admin.DescribeSchedule(draft.Schedule); draft.Schedule.Waits() || !strings.Contains(said, "Temporal is away") {
		t.Errorf("too late, the draft says %q", said)
	}
}

// TestAScheduleIsFinished: a process that is gone put it in force and came no further.
func TestAScheduleIsFinished(t *testing.T) {
	s := openScheduleTest(t)
	draft, err := s.schedule(s.proposed(settingsIn("Europe/Berlin")))
	s.must(err)
	drafts, err := store.OpenDrafts(t.Context(), s.js)
	s.must(err)
	claimed := draft.Draft
	claimed.Schedule.Claimed = scheduledFor
	_, err = drafts.Put(t.Context(), claimed)
	s.must(err)
	same := s.edit("noor", "settings.yaml", settingsIn("Europe/Berlin"))
	_, err = s.as("noor").PublishDraft(t.Context(), same, admin.DraftPublication{Seen: same.Hash, By: "noor", RunPolicy: "finish"})
	s.must(err)
	s.setTime(scheduledFor.Add(time.Minute))
	if did := s.look(); did != "" {
		t.Errorf("while the other may be at it: %s", did)
	}
	s.setTime(scheduledFor.Add(publish.ClaimTime))
	if did := s.look(); did != "maya in_force" || s.inForce() != 2 {
		t.Errorf("it did %s; no. %d", did, s.inForce())
	}
	if got := s.audit("sweep"); !slices.Equal(got, []string{"tom schedule [] false"}) {
		t.Errorf("recorded: %v", got)
	}
	if did := s.look(); did != "" {
		t.Errorf("once more: %s", did)
	}
}

// TestOnlyWhatMayBePublishedIsScheduled: no approval, an unknown zone, a time that is over, an edit since.
func TestOnlyWhatMayBePublishedIsScheduled(t *testing.T) {
	s := openScheduleTest(t)
	draft := s.edit("maya", "settings.yaml", settingsIn("Europe/Berlin"))
	var input *admin.InputError
	if _, err := s.schedule(draft); !errors.As(err, &input) || !strings.Contains(err.Error(), "approve") {
		t.Errorf("without an approval: %v", err)
	}
	draft = s.proposed(settingsIn("Europe/Berlin"))
	for name, change := range map[string]func(*admin.Scheduling){
		"over":        func(o *admin.Scheduling) { o.At = "2026-11-30 11:59" },
		"no zone":     func(o *admin.Scheduling) { o.Zone = "" },
		"other files": func(o *admin.Scheduling) { o.Seen = "other" },
	} {
		o := admin.Scheduling{At: "2026-12-01 09:00", Zone: "UTC", DraftPublication: admin.DraftPublication{Seen: draft.Hash, By: "tom", RunPolicy: "finish", Approvals: 1}}
		change(&o)
		if _, err := s.as("tom").ScheduleDraft(t.Context(), draft, o); !errors.As(err, &input) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := s.audit("schedule"); got != nil {
		t.Errorf("recorded: %v", got)
	}
	draft, err := s.schedule(draft)
	s.must(err)
	draft, err = s.as("tom").UnscheduleDraft(t.Context(), draft)
	s.must(err)
	if got := s.audit(string(store.ActionUnschedule)); draft.Schedule != nil || !slices.Equal(got, []string{"tom console [] false"}) {
		t.Errorf("cancelled: %+v, recorded %v", draft.Schedule, got)
	}
	s.setTime(scheduledFor.Add(time.Second))
	if did := s.look(); did != "" || s.inForce() != 1 {
		t.Errorf("it did %s", did)
	}
	if _, err := s.as("tom").UnscheduleDraft(t.Context(), draft); !errors.As(err, &input) {
		t.Errorf("cancelled twice: %v", err)
	}
}

// TestNothingIsChangedWhileADraftIsPutInForce: whoever edits, withdraws, unschedules, discards or comments then is refused, and nothing of it is written.
func TestNothingIsChangedWhileADraftIsPutInForce(t *testing.T) {
	s := openScheduleTest(t)
	draft, err := s.schedule(s.proposed(settingsIn("Europe/Berlin")))
	s.must(err)
	drafts, err := store.OpenDrafts(t.Context(), s.js)
	s.must(err)
	claimed := draft.Draft
	claimed.Schedule.Claimed = scheduledFor
	revision, err := drafts.Put(t.Context(), claimed)
	s.must(err)
	s.setTime(scheduledFor.Add(time.Second))
	draft, err = s.i.Draft(t.Context(), "maya")
	s.must(err)
	for name, change := range map[string]func() error{
		"an edit": func() error {
			_, err := s.as("maya").SaveDraft(t.Context(), draft, admin.FileEdit{Path: "settings.yaml", Content: []byte(settingsIn("Europe/Rome"))}, "maya")
			return err
		},
		"withdrawing":   func() error { _, err := s.as("maya").WithdrawDraft(t.Context(), draft); return err },
		"unscheduling":  func() error { _, err := s.as("tom").UnscheduleDraft(t.Context(), draft); return err },
		"scheduling":    func() error { _, err := s.schedule(draft); return err },
		"discarding":    func() error { return s.as("maya").DiscardDraft(t.Context(), draft) },
		"another's yes": func() error { _, err := s.as("noor").ApproveDraft(t.Context(), draft, draft.Hash, "noor"); return err },
	} {
		var input *admin.InputError
		if err := change(); !errors.As(err, &input) || !strings.Contains(err.Error(), "just now") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if now, err := s.i.Draft(t.Context(), "maya"); err != nil || now.Revision != revision {
		t.Errorf("the draft was written: %v", err)
	}
	s.setTime(scheduledFor.Add(publish.ClaimTime))
	if _, err := s.as("tom").UnscheduleDraft(t.Context(), draft); err != nil {
		t.Errorf("the process is gone: %v", err)
	}
}
