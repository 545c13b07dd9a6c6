package securitytest

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/natstest"
	"homeroom/store"
	"homeroom/subjects"
)

// TestABackupComesBack follows what docs/operations.md says of backups, as the user `operator` and by the same requests as
// `nats account backup` and `nats account restore`: every stream and bucket, on another server.
func TestABackupComesBack(t *testing.T) {
	before := natstest.OpenAccounts(t, configDir, "")
	operator := before.Setup()
	publishBody(t, operator, "u_42", "lesson.completed", map[string]any{"id": "e1", "properties": map[string]any{"lesson_id": "l1", "course_id": "c1"}})
	handed := runTriggers(t, before)
	awaitCondition(t, "the event to be handed over", func() bool { return handed.has("u_42") })
	nc, _ := before.Connect("operator")
	var saved []archive
	list := operator.StreamNames(deadlineOf(t))
	for name := range list.Name() {
		saved = append(saved, backUp(t, nc, name))
	}
	if err := list.Err(); err != nil || len(saved) < 10 {
		t.Fatalf("%d streams, %v", len(saved), err)
	}

	after := natstest.OpenAccounts(t, configDir, "")
	nc, js := after.Connect("operator")
	for _, a := range saved {
		restoreStream(t, nc, a)
	}
	if err := store.Setup(deadlineOf(t), js, store.Options{}); err != nil {
		t.Errorf("the restored streams are refused: %v", err)
	}
	st, err := store.Open(deadlineOf(t), js, store.OpenOptions{Secret: []byte("a secret of the test")})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Control.Close()
	consumer, err := js.Consumer(deadlineOf(t), subjects.Stream, "homeroom-triggers-"+partitionNumber("u_42"))
	if err != nil || consumer.CachedInfo().AckFloor.Stream != 1 {
		t.Errorf("the triggers do not continue at the restored position: %+v, %v", consumer, err)
	}
	again := runTriggers(t, after)
	publishBody(t, js, "u_42", "lesson.completed", map[string]any{"id": "e2", "properties": map[string]any{"lesson_id": "l2", "course_id": "c1"}})
	awaitCondition(t, "the next event", func() bool { return again.count("u_42") == 1 })

	// Learners recognize the restored stream as a new one by its creation time. They do not take its next events for repeats,
	// although some have the sequence numbers of events that came after the backup.
	stream, err := js.Stream(deadlineOf(t), subjects.Stream)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range saved {
		if got := stream.CachedInfo().Created; a.name == subjects.Stream && !got.After(a.made) {
			t.Errorf("the restored stream was made at %s, the one in the backup at %s", got, a.made)
		}
	}
}

// archive is one stream in a backup.
type archive struct {
	name   string
	config server.StreamConfig
	state  server.StreamState
	chunks [][]byte
	made   time.Time
}

// backUp requests a snapshot of a stream and collects its chunks.
func backUp(t *testing.T, nc *nats.Conn, name string) archive {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(deadlineOf(t), name)
	if err != nil {
		t.Fatal(err)
	}
	a := archive{name: name, made: stream.CachedInfo().Created}
	inbox := nc.NewInbox()
	sub, err := nc.SubscribeSync(inbox)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	var answer server.JSApiStreamSnapshotResponse
	requestJSON(t, nc, "$JS.API.STREAM.SNAPSHOT."+name, server.JSApiStreamSnapshotRequest{DeliverSubject: inbox}, &answer)
	if answer.Error != nil {
		t.Fatalf("backing %s up: %s", name, answer.Error.Description)
	}
	a.config = *answer.Config
	a.state = *answer.State
	for {
		msg, err := sub.NextMsg(patience)
		if err != nil {
			t.Fatal(err)
		}
		if len(msg.Data) == 0 {
			return a
		}
		a.chunks = append(a.chunks, msg.Data)
		if msg.Reply == "" { // the last chunk
			continue
		}
		if err := msg.Respond(nil); err != nil {
			t.Fatal(err)
		}
	}
}

// restoreStream makes a stream from a backup.
func restoreStream(t *testing.T, nc *nats.Conn, a archive) {
	t.Helper()
	var answer server.JSApiStreamRestoreResponse
	requestJSON(t, nc, "$JS.API.STREAM.RESTORE."+a.name, server.JSApiStreamRestoreRequest{Config: a.config, State: a.state}, &answer)
	if answer.Error != nil {
		t.Fatalf("restoring %s: %s", a.name, answer.Error.Description)
	}
	for _, chunk := range append(a.chunks, nil) {
		if _, err := nc.Request(answer.DeliverSubject, chunk, patience); err != nil {
			t.Fatalf("restoring %s: %v", a.name, err)
		}
	}
}

// requestJSON sends a request as JSON and decodes the answer.
func requestJSON(t *testing.T, nc *nats.Conn, subject string, request, answer any) {
	t.Helper()
	data, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := nc.Request(subject, data, patience)
	if err == nil {
		err = json.Unmarshal(msg.Data, answer)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// partitionNumber returns the number of a learner's partition, as consumers are named.
func partitionNumber(learner string) string {
	return strconv.Itoa(store.PartitionOf(learner))
}
