package cli_test

import (
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/internal/clitest"
)

// TestScheduleADraft: a draft of the console is scheduled, listed and cancelled by commands.
func TestScheduleADraft(t *testing.T) {
	w := clitest.Open(t, "../../examples/academy")
	clitest.WantParts(t, w.MustRun(0, "rules", "schedule"), "There are no drafts.")
	i, err := admin.Connect(t.Context(), admin.ConnectOptions{
		Name:  "test",
		NATS:  admin.NATSOptions{URL: w.Server.URL()},
		Actor: admin.Actor{Name: "maya", Way: admin.WayConsole},
		Now:   time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	draft, err := i.DraftOf(t.Context(), "maya")
	if err == nil {
		_, err = i.SaveDraft(t.Context(), draft, admin.FileEdit{Path: "settings.yaml", Content: append([]byte("# mine\n"), draft.Files["settings.yaml"]...)}, "maya")
	}
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().AddDate(0, 0, 2).UTC().Format("2006-01-02") + " 12:00" // at night the clocks may pass over it
	clitest.WantParts(t, w.MustRun(2, "rules", "schedule", "maya"), "--at")
	clitest.WantParts(t, w.MustRun(2, "rules", "schedule", "--cancel"), "which draft")
	clitest.WantParts(t, w.MustRun(2, "rules", "schedule", "tom", "--at", at), "tom")
	clitest.WantParts(t, w.MustRun(2, "rules", "schedule", "maya", "--at", at), "approve")
	clitest.WantParts(t, w.MustRun(2, "rules", "schedule", "maya", "--at", "noon", "--approvals", "0"), "2026-12-01 09:00")
	clitest.WantParts(t, w.MustRun(0, "rules", "schedule", "maya", "--at", at, "--zone", "Europe/Berlin", "--without-approval"), "The draft of maya is scheduled by", "Europe/Berlin")
	clitest.WantParts(t, w.MustRun(0, "rules", "schedule"), "maya", "scheduled by")
	clitest.WantParts(t, w.MustRun(0, "audit", "--action", "schedule"), "without approval")
	clitest.WantParts(t, w.MustRun(0, "rules", "schedule", "maya", "--cancel"), "not put in force by itself")
	clitest.WantParts(t, w.MustRun(2, "rules", "schedule", "maya", "--cancel"), "not scheduled")
}
