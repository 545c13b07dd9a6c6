package doctortest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/delivery"
	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/dev/servers"
	"homeroom/doctor"
	"homeroom/internal/cli"
	"homeroom/internal/natstest"
	"homeroom/internal/standin"
	"homeroom/store"
	"homeroom/subjects"
)

// TestRunningHomeroom: everything is up. Then one thing after the other is taken away.
func TestRunningHomeroom(t *testing.T) {
	ctx := harness.Deadline(t)
	s := start(t, ctx, standin.Account{Scopes: []string{"mail.send", "whitelabel.read", "verified_senders.read", "suppression.read"}, Domains: []string{"academy.example"}})
	h := harness.OpenInstance(t, ctx, s, instance.Options{Academy: academy(t), Production: true})
	ask := cli.DoctorCmd{NATSFlags: cli.NATSFlags{URL: s.NATSURL}, SendGridFlags: cli.SendGridFlags{SendGridAccountFlags: cli.SendGridAccountFlags{SendGridHost: s.InboxURL}}, PublicURL: h.EdgeURL}

	t.Run("healthy", func(t *testing.T) {
		harness.Eventually(t, ctx, "the partitions' marks", func() error {
			for p := range subjects.Partitions {
				if h.App.Store().Control.Watermark(p).IsZero() {
					return fmt.Errorf("partition %d has none", p)
				}
			}
			return nil
		})
		var found report
		var code int
		harness.Eventually(t, ctx, "a worker that polls", func() error {
			if code, found = examine(t, ctx, ask); found["workers"].Status != doctor.OK {
				return fmt.Errorf("%+v", found["workers"])
			}
			if found["provider-lists"].Status != doctor.OK {
				return fmt.Errorf("%+v", found["provider-lists"])
			}
			return nil
		})
		if code != 0 {
			t.Errorf("exit code %d, want 0", code)
		}
		for _, check := range all {
			switch check {
			case "durability":
				found.wants(t, check, doctor.Warning, "all streams and buckets", "sync_interval")
			case "namespace": // of the embedded server
				found.wants(t, check, doctor.Warning, "30d", "--retention 168h")
			default:
				found.wants(t, check, doctor.OK)
			}
		}
		found.wants(t, "rules", doctor.OK, "no. 1", "rules in force: 1")
		found.wants(t, "sender", doctor.OK, "hello@academy.example")
	})
	t.Run("as text", func(t *testing.T) {
		var out bytes.Buffer
		if err := ask.Run(ctx, cli.IO{Out: &out, Err: &out, Now: time.Now}); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		for _, want := range []string{"✓ nats ", "! durability ", "→ in production use three nodes", "0 wrong."} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in\n%s", want, text)
			}
		}
		if strings.Contains(text, "\x1b") {
			t.Error("it is colored, and nobody looks")
		}
	})
	t.Run("paused", func(t *testing.T) {
		control := h.App.Store().Control
		if err := control.Pause(ctx, "grace", "wrong price", time.Now()); err != nil {
			t.Fatal(err)
		}
		code, found := examine(t, ctx, ask)
		if code != 0 {
			t.Errorf("exit code %d: being paused is nothing wrong", code)
		}
		found.wants(t, "kill-switch", doctor.Warning, "grace", "wrong price", "homeroom resume")
		if err := control.Resume(ctx, "grace", "", time.Now()); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a refused account", func(t *testing.T) {
		control := h.App.Store().Control
		refusal := store.ProviderRefusal{Channel: "email", Since: time.Now(), Last: time.Now(), Detail: "SendGrid answered 401: Maximum credits exceeded"}
		if err := control.PublishInstance(ctx, store.Instance{Name: "worker-9", Outcome: store.SwapNone, Refusals: []store.ProviderRefusal{refusal}}); err != nil {
			t.Fatal(err)
		}
		code, found := examine(t, ctx, ask)
		if code != 1 {
			t.Errorf("exit code %d, want 1", code)
		}
		found.wants(t, "provider", doctor.Failed, "worker-9", "Maximum credits exceeded", "one message tries")
		if err := control.RemoveInstance(ctx, "worker-9"); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("suppression lists that the key may not read", func(t *testing.T) {
		control := h.App.Store().Control
		record, revision, err := control.Look(ctx)
		if err != nil {
			t.Fatal(err)
		}
		before := record.Lists["bounces"]
		record.Lists["bounces"] = delivery.ListCursor{Forbidden: true}
		if revision, err = control.PutLook(ctx, record, revision); err != nil {
			t.Fatal(err)
		}
		_, found := examine(t, ctx, ask)
		found.wants(t, "provider-lists", doctor.NotChecked, "may not read", "bounces", "suppressions import")
		record.Lists["bounces"] = before
		if _, err := control.PutLook(ctx, record, revision); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a wrong key", func(t *testing.T) {
		t.Setenv("SENDGRID_API_KEY", "SG.another")
		code, found := examine(t, ctx, ask)
		if code != 1 {
			t.Errorf("exit code %d, want 1", code)
		}
		found.wants(t, "sendgrid-key", doctor.Failed, "401", "api.eu.sendgrid.com")
		found.wants(t, "sender", doctor.NotChecked)
		if strings.Contains(found["sendgrid-key"].Says, "SG.another") {
			t.Error("the key is told")
		}
	})
	t.Run("no key", func(t *testing.T) {
		t.Setenv("SENDGRID_API_KEY", "")
		code, found := examine(t, ctx, ask)
		if code != 1 {
			t.Errorf("exit code %d, want 1", code)
		}
		found.wants(t, "sendgrid-key", doctor.Failed, "SENDGRID_API_KEY")
	})
	t.Run("a dead letter", func(t *testing.T) {
		if _, err := h.JS.Publish(ctx, subjects.Publish("u_1", "lesson.completed"), []byte("no event")); err != nil {
			t.Fatal(err)
		}
		harness.Eventually(t, ctx, "the dead letter", func() error {
			if _, found := examine(t, ctx, ask); found["dead-letters"].Status != doctor.Warning {
				return fmt.Errorf("%+v", found["dead-letters"])
			}
			return nil
		})
	})
	t.Run("a consumer that gives up", func(t *testing.T) {
		change(t, ctx, h.JS, "homeroom-triggers-3", func(c *jetstream.ConsumerConfig) { c.MaxDeliver = 5 })
		code, found := examine(t, ctx, ask)
		if code != 1 {
			t.Errorf("exit code %d, want 1", code)
		}
		found.wants(t, "consumers", doctor.Failed, "homeroom-triggers-3", "after 5 tries", "restart")
	})
	t.Run("a missing stream", func(t *testing.T) {
		if err := h.JS.DeleteStream(ctx, subjects.NudgeStream); err != nil {
			t.Fatal(err)
		}
		code, found := examine(t, ctx, ask)
		if code != 1 {
			t.Errorf("exit code %d, want 1", code)
		}
		found.wants(t, "streams", doctor.Failed, subjects.NudgeStream, "homeroom setup")
		found.wants(t, "rules", doctor.NotChecked)
	})
	t.Run("nobody behind the public URL", func(t *testing.T) {
		without := ask
		without.PublicURL = s.InboxURL + "/nothing"
		_, found := examine(t, ctx, without)
		found.wants(t, "public-url", doctor.Failed, "404")
	})
	t.Run("stopped", func(t *testing.T) {
		if err := store.Setup(ctx, h.JS, store.Options{}); err != nil {
			t.Fatal(err)
		}
		h.App.Stop()
		_, found := examine(t, ctx, ask)
		found.wants(t, "instances", doctor.Warning, "no instance")
		found.wants(t, "marks", doctor.NotChecked)
	})
}

func change(t *testing.T, ctx context.Context, js jetstream.JetStream, name string, how func(*jetstream.ConsumerConfig)) {
	t.Helper()
	consumer, err := js.Consumer(ctx, subjects.Stream, name)
	if err != nil {
		t.Fatal(err)
	}
	config := consumer.CachedInfo().Config
	how(&config)
	if _, err := js.UpdateConsumer(ctx, subjects.Stream, config); err != nil {
		t.Fatal(err)
	}
}

// TestNothingIsThere: neither server answers, and every check is told all the same.
func TestNothingIsThere(t *testing.T) {
	ctx := harness.Deadline(t)
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	t.Setenv("SENDGRID_API_KEY", apiKey)
	code, found := examine(t, ctx, cli.DoctorCmd{
		NATSFlags:     cli.NATSFlags{URL: "nats://127.0.0.1:1"},
		SendGridFlags: cli.SendGridFlags{SendGridAccountFlags: cli.SendGridAccountFlags{SendGridHost: "http://127.0.0.1:1"}},
	})
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	found.wants(t, "nats", doctor.Failed, "127.0.0.1:1", "--nats")
	found.wants(t, "temporal", doctor.Failed, "TEMPORAL_ADDRESS")
	found.wants(t, "sendgrid-key", doctor.Failed, "could not be reached")
	for _, check := range all {
		if f, told := found[check]; !told || f.Status == doctor.OK {
			t.Errorf("%s: %+v", check, f)
		}
	}
}

// TestSetup: a namespace and a NATS that have nothing are made fit, once; what was there stays as it was.
func TestSetup(t *testing.T) {
	ctx := harness.Deadline(t)
	temporal, err := servers.StartTemporal(ctx, servers.TemporalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	harness.StopAtEnd(t, temporal.Stop)
	t.Setenv("TEMPORAL_ADDRESS", temporal.Address())
	t.Setenv("TEMPORAL_NAMESPACE", temporal.Namespace())
	t.Setenv("SENDGRID_API_KEY", "")
	nc, js := natstest.NewServer(t).Connect()
	nats := cli.NATSFlags{URL: nc.ConnectedUrl()}

	_, found := examine(t, ctx, cli.DoctorCmd{NATSFlags: nats})
	found.wants(t, "streams", doctor.Failed, "missing: LEARNING", "homeroom_profiles", "homeroom setup")
	found.wants(t, "search-attributes", doctor.Failed, "missing: HomeroomCourses, HomeroomRules, HomeroomStage", "homeroom setup")
	found.wants(t, "workers", doctor.Warning, "homeroom serve")

	wanted := len(store.Options{}.Streams())
	if out := setup(t, ctx, nats); !strings.Contains(out, fmt.Sprintf("%d made, 0 existed.", wanted+3)) || !strings.Contains(out, "made     search attribute HomeroomStage") {
		t.Errorf("the first time it said\n%s", out)
	}
	if out := setup(t, ctx, nats); !strings.Contains(out, fmt.Sprintf("0 made, %d existed.", wanted+3)) || strings.Contains(out, "+ ") {
		t.Errorf("the second time it said\n%s", out)
	}
	_, found = examine(t, ctx, cli.DoctorCmd{NATSFlags: nats})
	found.wants(t, "streams", doctor.OK)
	found.wants(t, "search-attributes", doctor.OK)
	found.wants(t, "rules", doctor.Warning, "rules publish")
	found.wants(t, "consumers", doctor.Warning, "there are none yet")

	t.Run("another shape", func(t *testing.T) { anotherShape(t, ctx, nats, js) })
	t.Run("no such namespace", func(t *testing.T) {
		t.Setenv("TEMPORAL_NAMESPACE", "elsewhere")
		_, found := examine(t, ctx, cli.DoctorCmd{NATSFlags: nats})
		found.wants(t, "namespace", doctor.Failed, `"elsewhere"`, "namespace create")
	})
}

// anotherShape: somebody made the stream of events by hand.
func anotherShape(t *testing.T, ctx context.Context, flags cli.NATSFlags, js jetstream.JetStream) {
	if err := js.DeleteStream(ctx, subjects.Stream); err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: subjects.Stream, Subjects: []string{"learning.>"}}); err != nil {
		t.Fatal(err)
	}
	code, found := examine(t, ctx, cli.DoctorCmd{NATSFlags: flags})
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	found.wants(t, "streams", doctor.Failed, "LEARNING: subjects", "subject transform is none", "another NATS account")
	var out bytes.Buffer
	err := (&cli.SetupCmd{NATSFlags: flags, Format: "text"}).Run(ctx, cli.IO{Out: &out, Err: &out, Now: time.Now})
	if err == nil || !strings.Contains(err.Error(), "not as Homeroom needs it") {
		t.Errorf("setup says %v", err)
	}
}

func setup(t *testing.T, ctx context.Context, flags cli.NATSFlags) string {
	t.Helper()
	var out bytes.Buffer
	if err := (&cli.SetupCmd{NATSFlags: flags, Replicas: 1, Format: "text"}).Run(ctx, cli.IO{Out: &out, Err: &out, Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestNATSWithoutJetStream is told apart from a NATS that is away.
func TestNATSWithoutJetStream(t *testing.T) {
	ctx := harness.Deadline(t)
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	code, found := examine(t, ctx, cli.DoctorCmd{NATSFlags: cli.NATSFlags{URL: plain(t)}})
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	found.wants(t, "nats", doctor.OK)
	found.wants(t, "jetstream", doctor.Failed, "no JetStream", "-js")
}

// plain starts a NATS server without JetStream.
func plain(t *testing.T) string {
	t.Helper()
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(time.Minute) {
		t.Fatal("NATS did not come up")
	}
	return srv.ClientURL()
}
