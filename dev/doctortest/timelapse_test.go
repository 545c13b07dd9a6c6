package doctortest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/doctor"
	"homeroom/internal/cli"
	"homeroom/internal/clock"
	"homeroom/internal/standin"
	"homeroom/subjects"
)

// TestCommandsKnowTheClockOfTimeLapse asks a campus that lives in another March, ten minutes a second, as `go run ./dev` does.
func TestCommandsKnowTheClockOfTimeLapse(t *testing.T) {
	ctx := harness.Deadline(t)
	s := start(t, ctx, standin.Account{})
	t.Setenv("SENDGRID_API_KEY", "")
	march := time.Date(2024, 3, 4, 10, 0, 0, 0, time.UTC)
	h := harness.OpenInstance(t, ctx, s, instance.Options{Academy: academy(t), Clock: clock.New(time.Now(), march, 600)})
	nats := cli.NATSFlags{URL: s.NATSURL}

	harness.Eventually(t, ctx, "a doctor that is content", func() error {
		code, found := examine(t, ctx, cli.DoctorCmd{NATSFlags: nats})
		if code != 0 || found["marks"].Status != doctor.OK {
			return fmt.Errorf("%+v", found)
		}
		found.wants(t, "instances", doctor.OK, "in time-lapse, where it is 2024-03-")
		found.wants(t, "sendgrid-key", doctor.NotChecked, "stand-in")
		found.wants(t, "sender", doctor.NotChecked, "stand-in")
		return nil
	})
	io := func() (cli.IO, *bytes.Buffer) {
		out := &bytes.Buffer{}
		return cli.IO{Out: out, Err: out, Now: time.Now}, out
	}
	o, report := io()
	if err := (&cli.ReportCmd{NATSFlags: nats, Since: "1d", Format: "table"}).Run(ctx, o); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(report.String(), "2024-03-0") {
		t.Errorf("the report is of another time:\n%s", report)
	}

	if _, err := h.JS.Publish(ctx, subjects.Publish("u_1", "lesson.completed"), []byte(`{"id":"e1","properties":{"lesson_id":"l1"}}`)); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, ctx, "an event of these seven days of the campus", func() error {
		o, status := io()
		if err := (&cli.EventsStatusCmd{NATSFlags: nats, Since: "7d", Format: "text"}).Run(ctx, o); err != nil {
			return err
		}
		if !strings.Contains(status.String(), "1 event read") {
			return errors.New(status.String())
		}
		return nil
	})

	dir := t.TempDir()
	for name, text := range folder {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	o, outlook := io()
	publish := cli.RulesPublishCmd{Dir: dir, PublishFlags: cli.PublishFlags{NATSFlags: nats, DryRun: true, InFlight: "finish", Format: "text"}}
	if err := publish.Run(ctx, o); err != nil {
		t.Fatal(err)
	}
	if text := outlook.String(); !strings.Contains(text, "nothing differs") || strings.Contains(text, "new rule") {
		t.Errorf("a folder that is in force differs from itself:\n%s", text)
	}
}
