package securitytest

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/store"
	"homeroom/subjects"
)

// TestABackupComesBack does what docs/operations.md says of backups, as the user `operator` and by the same requests as
// `nats account backup` and `nats account restore`: every stream and bucket, on another server.
func TestABackupComesBack(t *testing.T) {
	before := openFort(t, "")
	operator := before.furnish()
	publish(t, operator, "u_42", "lesson.completed", map[string]any{"id": "e1", "properties": map[string]any{"lesson_id": "l1", "course_id": "c1"}})
	handed := listen(t, before)
	until(t, "the event to be handed over", func() bool { return handed.has("u_42") })
	nc, _ := before.connect("operator")
	var saved []archive
	list := operator.StreamNames(deadline(t))
	for name := range list.Name() {
		saved = append(saved, backUp(t, nc, name))
	}
	if err := list.Err(); err != nil || len(saved) < 10 {
		t.Fatalf("%d streams, %v", len(saved), err)
	}

	after := openFort(t, "")
	nc, js := after.connect("operator")
	for _, a := range saved {
		restore(t, nc, a)
	}
	if err := store.Setup(deadline(t), js, store.Options{}); err != nil {
		t.Errorf("what came back will not do: %v", err)
	}
	st, err := store.Open(deadline(t), js, store.OpenOptions{Secret: []byte("a secret of the test")})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Control.Close()
	consumer, err := js.Consumer(deadline(t), subjects.Stream, "homeroom-triggers-"+portion("u_42"))
	if err != nil || consumer.CachedInfo().AckFloor.Stream != 1 {
		t.Errorf("the triggers do not go on where they were: %+v, %v", consumer, err)
	}
	again := listen(t, after)
	publish(t, js, "u_42", "lesson.completed", map[string]any{"id": "e2", "properties": map[string]any{"lesson_id": "l2", "course_id": "c1"}})
	until(t, "the next event", func() bool { return again.count("u_42") == 1 })

	// The restored stream is a new one to learners, by its date of birth: they don't take its next events for repeats, although
	// some have the sequences of events that came after the backup.
	stream, err := js.Stream(deadline(t), subjects.Stream)
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

func backUp(t *testing.T, nc *nats.Conn, name string) archive {
	t.Helper()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(deadline(t), name)
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
	ask(t, nc, "$JS.API.STREAM.SNAPSHOT."+name, server.JSApiStreamSnapshotRequest{DeliverSubject: inbox}, &answer)
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

func restore(t *testing.T, nc *nats.Conn, a archive) {
	t.Helper()
	var answer server.JSApiStreamRestoreResponse
	ask(t, nc, "$JS.API.STREAM.RESTORE."+a.name, server.JSApiStreamRestoreRequest{Config: a.config, State: a.state}, &answer)
	if answer.Error != nil {
		t.Fatalf("restoring %s: %s", a.name, answer.Error.Description)
	}
	for _, chunk := range append(a.chunks, nil) {
		if _, err := nc.Request(answer.DeliverSubject, chunk, patience); err != nil {
			t.Fatalf("restoring %s: %v", a.name, err)
		}
	}
}

func ask(t *testing.T, nc *nats.Conn, subject string, request, answer any) {
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

// portion is the number of a learner's partition.
func portion(learner string) string {
	return strconv.Itoa(store.PartitionOf(learner))
}
