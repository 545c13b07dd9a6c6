package securitytest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/natstest"
	"homeroom/store"
	"homeroom/subjects"
)

const anEvent = `{"id":"e1","properties":{"lesson_id":"l1"}}`

func TestThePlatformPublishesEvents(t *testing.T) {
	f := natstest.OpenAccounts(t, configDir, "")
	operator := f.Setup()
	nc, js := f.Connect("platform")
	ctx := deadlineOf(t)

	ack, err := js.Publish(ctx, "learning.u_42.lesson.completed", []byte(anEvent), jetstream.WithMsgID("u_42:e1"))
	if err != nil || ack.Stream != subjects.Stream || ack.Sequence != 1 {
		t.Fatalf("a JetStream publication is answered with %+v, %v", ack, err)
	}
	again, err := js.Publish(ctx, "learning.u_42.lesson.completed", []byte(anEvent), jetstream.WithMsgID("u_42:e1"))
	if err != nil || !again.Duplicate {
		t.Errorf("the same message id again is answered with %+v, %v; want a duplicate", again, err)
	}
	if err := nc.Publish("learning.u_42.lesson.completed", []byte(anEvent)); err != nil {
		t.Fatal(err)
	}
	awaitCondition(t, "the core publication", func() bool { return countMessages(t, operator)[subjects.Stream] == 2 })
	if refused := f.Refused(); len(refused) > 0 {
		t.Errorf("the server refused %q", refused)
	}
}

func TestThePlatformDoesNothingElse(t *testing.T) {
	f := natstest.OpenAccounts(t, configDir, "")
	operator := f.Setup()
	before := describeStreams(t, operator)
	tests := []struct {
		name, publish, subscribe string
	}{
		{name: "write a decision", publish: "homeroom.decisions.u_42.retry.sent"},
		{name: "write a dead letter", publish: "dead.u_42.lesson.completed"},
		{name: "show a nudge", publish: "nudges.u_42.retry"},
		{name: "change a profile", publish: "$KV.homeroom_profiles.u_42"},
		{name: "flip the kill switch", publish: "$KV.homeroom_control.pause"},
		{name: "put rules in force", publish: "$KV.homeroom_rulesets.current"},
		{name: "lift a suppression", publish: "$KV.homeroom_suppressions.x"},
		{name: "look at the stream", publish: "$JS.API.STREAM.INFO.LEARNING"},
		{name: "empty the stream", publish: "$JS.API.STREAM.PURGE.LEARNING"},
		{name: "delete the stream", publish: "$JS.API.STREAM.DELETE.LEARNING"},
		{name: "delete an event", publish: "$JS.API.STREAM.MSG.DELETE.LEARNING"},
		{name: "read an event", publish: "$JS.API.STREAM.MSG.GET.LEARNING"},
		{name: "read the last event of a learner", publish: "$JS.API.DIRECT.GET.LEARNING.learning.3.u_42.lesson.completed"},
		{name: "make a consumer", publish: "$JS.API.CONSUMER.CREATE.LEARNING.spy"},
		{name: "make a stream of its own", publish: "$JS.API.STREAM.CREATE.SPY"},
		{name: "restore a stream", publish: "$JS.API.STREAM.RESTORE.LEARNING"},
		{name: "acknowledge for the triggers", publish: "$JS.ACK.LEARNING.homeroom-triggers-3.1.1.1.1.0"},
		{name: "fetch for the triggers", publish: "$JS.API.CONSUMER.MSG.NEXT.LEARNING.homeroom-triggers-3"},
		{name: "fetch nudges", publish: "$JS.API.CONSUMER.MSG.NEXT.NUDGES.platform"},
		{name: "ask the servers", publish: "$SYS.REQ.SERVER.PING"},
		{name: "hear other publishers", subscribe: "learning.>"},
		{name: "hear decisions", subscribe: "homeroom.decisions.>"},
		{name: "hear changes of profiles", subscribe: "$KV.>"},
		{name: "hear everything", subscribe: ">"},
		{name: "serve events", subscribe: "learning.*.lesson.completed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			nc, _ := f.Connect("platform")
			if tt.publish != "" {
				requestRefused(t, nc, tt.publish, "{}")
				return
			}
			_, err := nc.SubscribeSync(tt.subscribe)
			if err == nil {
				err = nc.FlushWithContext(deadlineOf(t))
			}
			if last := nc.LastError(); err != nil || !errors.Is(last, nats.ErrPermissionViolation) {
				t.Errorf("the server says %v (%v), want a permissions violation", last, err)
			}
		})
	}
	if after := describeStreams(t, operator); after != before {
		t.Errorf("something changed:\nbefore %s\nafter  %s", before, after)
	}
}

// TestAPlatformEmits: whoever may only publish is told that the catalog was not read and why, in one sentence, and its event is stored.
func TestAPlatformEmits(t *testing.T) {
	f := natstest.OpenAccounts(t, configDir, "")
	operator := f.Setup()
	out, code := runCommand(t, "emit", "lesson.completed", "--learner", "u_42", "lesson_id=l", "course_id=c", "--nats", f.URL("platform"))
	if code != 0 || !strings.Contains(out, "the catalog in force was not read (this NATS user may not read it)") || strings.Contains(strings.ToLower(out), "violation") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if stored := countMessages(t, operator)[subjects.Stream]; stored != 1 {
		t.Errorf("the stream holds %d events, want 1", stored)
	}
}

// TestAnswersGoToThePublisherOnly is why there are two accounts: JetStream answers with the rights of the stream's own account,
// on whatever subject the publisher names.
func TestAnswersGoToThePublisherOnly(t *testing.T) {
	f := natstest.OpenAccounts(t, configDir, "")
	operator := f.Setup()
	before := describeStreams(t, operator)
	nc, js := f.Connect("platform")
	sent := uint64(0)
	for _, reply := range []string{
		"homeroom.decisions.u_42.retry.sent", "dead.u_42.x", "nudges.u_42.retry", "$KV.homeroom_control.pause", "$KV.homeroom_profiles.u_42",
		"$JS.API.STREAM.PURGE.LEARNING", "$JS.API.STREAM.DELETE.LEARNING", "$JS.API.STREAM.PURGE.KV_homeroom_suppressions",
	} {
		if err := nc.PublishRequest("learning.u_42.lesson.completed", reply, []byte(anEvent)); err != nil {
			t.Fatal(err)
		}
		sent++
	}
	// An answered publication after them: the answers before it are out.
	if _, err := js.Publish(deadlineOf(t), "learning.u_42.lesson.completed", []byte(anEvent)); err != nil {
		t.Fatal(err)
	}
	state := countMessages(t, operator)
	if state[subjects.Stream] != sent+1 {
		t.Errorf("the stream holds %d events, want %d: nothing may be lost", state[subjects.Stream], sent+1)
	}
	if after := describeStreams(t, operator); after != before {
		t.Errorf("an answer was written to a stream:\nbefore %s\nafter  %s", before, after)
	}
}

// TestOneAccountWouldNotDo shows that TestAnswersGoToThePublisherOnly can fail: with the same permissions within Homeroom's
// own account, an answer becomes a forged decision.
func TestOneAccountWouldNotDo(t *testing.T) {
	dir := t.TempDir()
	conf := dir + "/nats.conf"
	writeFile(t, conf, `listen: 127.0.0.1:-1
jetstream {store_dir: "`+dir+`"}
accounts {ONE {jetstream: enabled, users: [
  {user: operator, password: o}
  {user: platform, password: p, permissions: {publish: ["learning.>"], subscribe: ["_INBOX.>"]}}
]}}`)
	srv := natstest.StartFile(t, conf, &natstest.RefusalLog{})
	connect := func(user, password string) (*nats.Conn, jetstream.JetStream) {
		nc, err := nats.Connect(srv.ClientURL(), nats.UserInfo(user, password))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		js, err := jetstream.New(nc)
		if err != nil {
			t.Fatal(err)
		}
		return nc, js
	}
	_, operator := connect("operator", "o")
	if err := store.Setup(deadlineOf(t), operator, store.Options{}); err != nil {
		t.Fatal(err)
	}
	nc, _ := connect("platform", "p")
	if err := nc.PublishRequest("learning.u_42.lesson.completed", "homeroom.decisions.u_42.retry.sent", []byte(anEvent)); err != nil {
		t.Fatal(err)
	}
	awaitCondition(t, "the forged decision", func() bool { return countMessages(t, operator)[subjects.DecisionStream] == 1 })
}

// TestThePlatformHasNoHeadersThatSteer: no header of a publisher empties the stream or writes to another one.
func TestThePlatformHasNoHeadersThatSteer(t *testing.T) {
	f := natstest.OpenAccounts(t, configDir, "")
	operator := f.Setup()
	_, js := f.Connect("platform")
	ctx := deadlineOf(t)
	if _, err := js.Publish(ctx, "learning.u_42.lesson.completed", []byte(anEvent)); err != nil {
		t.Fatal(err)
	}
	for header, value := range map[string]string{
		"Nats-Rollup": "all", "Nats-TTL": "1s", "Nats-Schedule": "@every 1s", "Nats-Incr": "1", "Nats-Batch-Id": "b",
	} {
		msg := nats.NewMsg("learning.u_42.lesson.completed")
		msg.Header.Set(header, value)
		msg.Header.Set("Nats-Schedule-Target", "homeroom.decisions.u_42.retry.sent")
		if ack, err := js.PublishMsg(ctx, msg); err == nil {
			t.Errorf("%s: the stream took it (%+v)", header, ack)
		}
	}
	state := countMessages(t, operator)
	if state[subjects.Stream] != 1 || state[subjects.DecisionStream] != 0 {
		t.Errorf("the streams hold %v", state)
	}
}

func TestThePagesFetchNudges(t *testing.T) {
	f := natstest.OpenAccounts(t, configDir, "")
	operator := f.Setup()
	ctx := deadlineOf(t)
	if _, err := operator.CreateConsumer(ctx, subjects.NudgeStream, jetstream.ConsumerConfig{
		Durable:   "platform",
		AckPolicy: jetstream.AckExplicitPolicy,
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := operator.Publish(ctx, subjects.Nudge("u_42", "retry"), []byte(`{"id":"s1"}`)); err != nil {
		t.Fatal(err)
	}
	nc, _ := f.Connect("platform-pages")
	js, err := jetstream.NewWithDomain(nc, "homeroom")
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := js.Consumer(ctx, subjects.NudgeStream, "platform")
	if err != nil {
		t.Fatal(err)
	}
	msg, err := consumer.Next(jetstream.FetchMaxWait(patience))
	if err != nil {
		t.Fatal(err)
	}
	if msg.Subject() != "nudges.u_42.retry" || string(msg.Data()) != `{"id":"s1"}` {
		t.Errorf("got %s %s", msg.Subject(), msg.Data())
	}
	if err := msg.Ack(); err != nil {
		t.Fatal(err)
	}
	awaitCondition(t, "the acknowledgement", func() bool {
		c, err := operator.Consumer(ctx, subjects.NudgeStream, "platform")
		return err == nil && c.CachedInfo().NumAckPending == 0 && c.CachedInfo().AckFloor.Stream == 1
	})
	for _, subject := range []string{"learning.u_42.lesson.completed", "$JS.homeroom.API.STREAM.PURGE.NUDGES", "$JS.homeroom.API.CONSUMER.MSG.NEXT.LEARNING.homeroom-triggers-3"} {
		nc, _ := f.Connect("platform-pages")
		if err := errors.Join(nc.Publish(subject, []byte("{}")), nc.Flush()); err != nil {
			t.Fatal(err)
		}
		if err := nc.LastError(); !errors.Is(err, nats.ErrPermissionViolation) {
			t.Errorf("the pages may publish %s (%v)", subject, err)
		}
	}
}

// countMessages returns how many messages each stream holds.
func countMessages(t *testing.T, js jetstream.JetStream) map[string]uint64 {
	t.Helper()
	state := map[string]uint64{}
	list := js.ListStreams(context.Background())
	for info := range list.Info() {
		state[info.Config.Name] = info.State.Msgs
	}
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return state
}

// describeStreams returns the configuration, the contents and the number of consumers of every stream, the events left out.
func describeStreams(t *testing.T, js jetstream.JetStream) string {
	t.Helper()
	var lines []string
	list := js.ListStreams(context.Background())
	for info := range list.Info() {
		if info.Config.Name == subjects.Stream {
			info.State = jetstream.StreamState{Consumers: info.State.Consumers}
		}
		data, err := json.Marshal([]any{info.Config, info.State.Msgs, info.State.LastSeq, info.State.Consumers})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(data))
	}
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
