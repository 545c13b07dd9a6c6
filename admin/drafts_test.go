package admin_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/internal/natstest"
	"homeroom/store"
)

// TestEveryPersonHasADraftOfTheirOwn: no two names have one draft, whatever they are written in.
func TestEveryPersonHasADraftOfTheirOwn(t *testing.T) {
	names := []string{
		"maya", "Maya", "maya k", "maya-k", "maya.k", "Мая", "李", "李雷", "-", "é", "e",
		strings.Repeat("a", 60), strings.Repeat("a", 61), "anna@academy.example", "anna-academy-example",
	}
	owners := map[string]string{}
	for _, name := range names {
		id := admin.DraftID(name)
		if !store.ValidDraftID(id) {
			t.Errorf("%s: %q is not a name of a draft", name, id)
		}
		if other, taken := owners[id]; taken {
			t.Errorf("%s and %s have one draft, %s", name, other, id)
		}
		owners[id] = name
	}
	if id := admin.DraftID("maya"); id != "maya" {
		t.Errorf("maya's draft is %s", id)
	}
}

// TestAProposalOfOnesOwn: the draft of who saved or rebased it is not approved by them, and a draft that is gone is said to be.
func TestAProposalOfOnesOwn(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1") // nobody listens there
	server, _, _ := natstest.Open(t)
	i, err := admin.Connect(t.Context(), admin.ConnectOptions{Name: "test", NATS: admin.NATSOptions{URL: server.URL()}, Actor: admin.Actor{Name: "maya", Way: admin.WayCLI}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	draft, err := i.DraftOf(t.Context(), "maya")
	if err != nil {
		t.Fatal(err)
	}
	edit := admin.FileEdit{Path: "settings.yaml", Content: []byte("timezone: UTC\r\n")}
	for _, e := range []admin.FileEdit{
		{Path: "rules/hello.yaml", Content: []byte("rule: hello\nwhen: {event: course.completed}\nper: course_id\ndo: [{send: hello}]\n")},
		{Path: "messages/hello.md", Content: []byte("---\nsubject: Hello\n---\nHello.\n")},
		edit,
	} {
		if draft, err = i.SaveDraft(t.Context(), draft, e, "maya"); err != nil {
			t.Fatal(err)
		}
	}
	if got := string(draft.Files["settings.yaml"]); got != "timezone: UTC\n" {
		t.Errorf("the file is %q", got)
	}
	if draft, _, err = i.RebaseDraft(t.Context(), draft, "tom"); err != nil {
		t.Fatal(err)
	}
	if draft, err = i.ProposeDraft(t.Context(), draft, admin.Proposing{By: "maya", Reason: "for the tests"}); err != nil {
		t.Fatal(err)
	}
	var input *admin.InputError
	if _, err := i.ApproveDraft(t.Context(), draft, draft.Hash, "tom"); !errors.As(err, &input) {
		t.Errorf("tom, who rebased it, approved it: %v", err)
	}
	if _, err := i.ApproveDraft(t.Context(), draft, draft.Hash, "noor"); err != nil {
		t.Errorf("noor: %v", err)
	}
	draft, err = i.Draft(t.Context(), "maya")
	if err != nil || len(draft.Approvers) != 1 {
		t.Fatalf("approved by %v, %v", draft.Approvers, err)
	}
	if err := i.DiscardDraft(t.Context(), draft); err != nil {
		t.Fatal(err)
	}
	var conflict *admin.DraftConflictError
	if _, err := i.SaveDraft(t.Context(), draft, edit, "maya"); !errors.As(err, &conflict) || !strings.Contains(err.Error(), "published or discarded") {
		t.Errorf("a draft that is gone: %v", err)
	}
}
