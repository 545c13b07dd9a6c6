package admin_test

import (
	"strings"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/internal/natstest"
)

// TestWhatPeopleDoIsDatedByTheMachine: where learners live on another clock, drafts, proposals, comments, a pause, requests and the audit are dated by the machine's.
func TestWhatPeopleDoIsDatedByTheMachine(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1") // nobody listens there
	server, _, _ := natstest.Open(t)
	began := time.Now().Add(-time.Second)
	i, err := admin.Connect(t.Context(), admin.ConnectOptions{
		Name:  "test",
		NATS:  admin.NATSOptions{URL: server.URL()},
		Actor: admin.Actor{Name: "maya", Way: admin.WayConsole},
		Now:   func() time.Time { return time.Now().AddDate(0, 0, -70) },
		Real:  time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	dated := map[string]time.Time{}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	draft, err := i.DraftOf(t.Context(), "maya")
	do(err)
	for _, edit := range []admin.FileEdit{
		{Path: "rules/hello.yaml", Content: []byte("rule: hello\nwhen: {event: course.completed}\nper: course_id\ndo: [{send: hello}]\n")},
		{Path: "messages/hello.md", Content: []byte("---\nsubject: Hello\n---\nHello.\n")},
	} {
		draft, err = i.SaveDraft(t.Context(), draft, edit, "maya")
		do(err)
	}
	dated["a draft"] = draft.SavedAt
	draft, err = i.ProposeDraft(t.Context(), draft, admin.Proposing{By: "maya", Reason: "for the tests"})
	do(err)
	dated["a proposal"] = draft.Proposal.At
	draft, err = i.CommentOnDraft(t.Context(), draft, "tom", "why?")
	do(err)
	dated["a comment"] = draft.Proposal.Comments[0].At
	_, err = i.Pause(t.Context(), admin.PauseOptions{Author: "maya", Note: "for the tests"})
	do(err)
	paused, err := i.KillSwitch(t.Context())
	do(err)
	dated["a pause"] = paused.At
	do(i.AskForLearner(t.Context(), admin.RequestExport, "u_1", "u_1"))
	requests, err := i.LearnerRequests(t.Context())
	do(err)
	dated["a request"] = requests[0].At
	log, err := i.AuditLog(t.Context(), admin.AuditOptions{Since: began})
	do(err)
	if len(log.Records) != 3 {
		t.Errorf("%d acts since the test began, want 3", len(log.Records))
	}
	for _, r := range log.Records {
		dated["the audit's "+string(r.Action)] = r.At
	}
	for what, at := range dated {
		if at.Before(began) || at.After(time.Now()) {
			t.Errorf("%s is of %s, want about %s", what, at, began)
		}
	}
	if _, err := i.ScheduleDraft(t.Context(), draft, admin.Scheduling{At: began.UTC().AddDate(0, 0, -60).Format("2006-01-02 15:04"), Zone: "UTC"}); err == nil || !strings.Contains(err.Error(), "that time is over") {
		t.Errorf("a draft is scheduled for a time that is over: %v", err)
	}
}
