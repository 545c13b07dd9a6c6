package e2e

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.temporal.io/sdk/client"

	"homeroom/subjects"
	"homeroom/workflows"
)

// recordedVersion is the folder of the installation that the first version wrote; its README.md says how it was recorded.
const recordedVersion = "testdata/first-version"

// recordedInstallation is what an earlier version left behind, apart from the messages of its streams and buckets.
type recordedInstallation struct {
	Now       time.Time                `json:"now"`  // on its clock, when it was stopped
	Made      int64                    `json:"made"` // when the stream of events was made, in seconds; states name it
	Streams   []jetstream.StreamConfig `json:"streams"`
	Consumers []recordedConsumer       `json:"consumers"`
	Runs      []recordedRun            `json:"runs"`
	Mails     []recordedMail           `json:"mails"`
}

// recordedConsumer is a durable consumer; it had acknowledged every message.
type recordedConsumer struct {
	Stream string                   `json:"stream"`
	Config jetstream.ConsumerConfig `json:"config"`
}

// recordedRun is the input that a learner's workflow gave to its newest run.
type recordedRun struct {
	Learner string          `json:"learner"`
	Input   json.RawMessage `json:"input"`
}

// recordedMail is a mail that was sent. The links are paths below the public address.
type recordedMail struct {
	Learner     string `json:"learner"`
	Send        string `json:"send"`
	Unsubscribe string `json:"unsubscribe"`
	Preferences string `json:"preferences"`
}

// recordedMessage is a message of a stream. A bucket is the stream KV_….
type recordedMessage struct {
	Stream  string      `json:"stream"`
	Seq     uint64      `json:"seq"`
	Subject string      `json:"subject"`
	Header  nats.Header `json:"header"`
	Data    string      `json:"data"`
	Base64  string      `json:"base64"` // instead of Data, for what is no text
}

// readRecorded reads an installation and its messages, each stream's in order.
func readRecorded(t *testing.T, folder string) (recordedInstallation, []recordedMessage) {
	t.Helper()
	var old recordedInstallation
	body, err := os.ReadFile(filepath.Join(folder, "installation.json"))
	if err == nil {
		err = json.Unmarshal(body, &old)
	}
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(folder, "messages.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var messages []recordedMessage
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var m recordedMessage
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		messages = append(messages, m)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return old, messages
}

// restoreStreams makes the streams, buckets and consumers as the earlier version had made them, with its messages under their
// sequences: states and pointers name them. States name the stream of events by when it was made, so that is replaced in the messages
// and in old.Runs.
func restoreStreams(t *testing.T, ctx context.Context, js jetstream.JetStream, old recordedInstallation, messages []recordedMessage) {
	t.Helper()
	for _, config := range old.Streams {
		if _, err := js.CreateStream(ctx, config); err != nil {
			t.Fatalf("%s: %v", config.Name, err)
		}
	}
	renameStream := streamRenamer(t, ctx, js, old.Made)
	for i, run := range old.Runs {
		old.Runs[i].Input = json.RawMessage(renameStream.Replace(string(run.Input)))
	}
	last := map[string]uint64{}
	for _, m := range messages {
		m.Data = renameStream.Replace(m.Data)
		for last[m.Stream]+1 < m.Seq {
			last[m.Stream] = publishTo(t, ctx, js, recordedMessage{Stream: m.Stream, Subject: fillerSubject(t, m.Stream)})
		}
		if last[m.Stream] = publishTo(t, ctx, js, m); last[m.Stream] != m.Seq {
			t.Fatalf("message %d of %s was stored as %d", m.Seq, m.Stream, last[m.Stream])
		}
	}
	for _, config := range old.Streams {
		if !strings.HasPrefix(config.Name, "KV_") {
			continue
		}
		stream, err := js.Stream(ctx, config.Name)
		if err == nil {
			err = stream.Purge(ctx, jetstream.WithPurgeSubject(fillerSubject(t, config.Name)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range old.Consumers {
		acknowledgeAll(t, ctx, js, c)
	}
}

// streamRenamer replaces the recorded stream of events by the present one, in states.
func streamRenamer(t *testing.T, ctx context.Context, js jetstream.JetStream, made int64) *strings.Replacer {
	t.Helper()
	events, err := js.Stream(ctx, subjects.Stream)
	if err != nil {
		t.Fatal(err)
	}
	present := events.CachedInfo().Created.Unix()
	return strings.NewReplacer(
		fmt.Sprintf(`"stream":%d`, made), fmt.Sprintf(`"stream":%d`, present),
		fmt.Sprintf(`"stream": %d`, made), fmt.Sprintf(`"stream": %d`, present), // as installation.json is indented
	)
}

// publishTo stores a message and returns its sequence. The conditions under which the message was stored are left out: what
// they name is overwritten.
func publishTo(t *testing.T, ctx context.Context, js jetstream.JetStream, m recordedMessage) uint64 {
	t.Helper()
	msg := &nats.Msg{Subject: m.Subject, Data: []byte(m.Data), Header: nats.Header{}}
	if m.Base64 != "" {
		data, err := base64.StdEncoding.DecodeString(m.Base64)
		if err != nil {
			t.Fatal(err)
		}
		msg.Data = data
	}
	for name, values := range m.Header {
		if !strings.HasPrefix(name, "Nats-Expected-") {
			msg.Header[name] = values
		}
	}
	ack, err := js.PublishMsg(ctx, msg)
	if err != nil {
		t.Fatalf("%s: %v", m.Subject, err)
	}
	if ack.Stream != m.Stream || ack.Duplicate {
		t.Fatalf("%s was stored in %s (duplicate: %v), want %s", m.Subject, ack.Stream, ack.Duplicate, m.Stream)
	}
	return ack.Sequence
}

// fillerSubject is where messages stand in for those of a bucket that were overwritten.
func fillerSubject(t *testing.T, stream string) string {
	t.Helper()
	bucket, isBucket := strings.CutPrefix(stream, "KV_")
	if !isBucket {
		t.Fatalf("messages of %s are missing in the recording", stream)
	}
	return "$KV." + bucket + ".filler"
}

// acknowledgeAll makes a consumer and brings it to where the earlier version had left it.
func acknowledgeAll(t *testing.T, ctx context.Context, js jetstream.JetStream, c recordedConsumer) {
	t.Helper()
	consumer, err := js.CreateConsumer(ctx, c.Stream, c.Config)
	if err != nil {
		t.Fatalf("%s: %v", c.Config.Durable, err)
	}
	for left := consumer.CachedInfo().NumPending; left > 0; left-- {
		m, err := consumer.Next(jetstream.FetchPriorityGroup(c.Config.PriorityGroups[0]))
		if err == nil {
			err = m.DoubleAck(ctx)
		}
		if err != nil {
			t.Fatalf("%s: %v", c.Config.Durable, err)
		}
	}
}

// restoreRuns starts the workflows from what their runs had left to the next.
func restoreRuns(t *testing.T, ctx context.Context, temporal client.Client, old recordedInstallation) {
	t.Helper()
	for _, run := range old.Runs {
		options := client.StartWorkflowOptions{ID: workflows.WorkflowID(run.Learner), TaskQueue: workflows.TaskQueue}
		if _, err := temporal.ExecuteWorkflow(ctx, options, workflows.LearnerWorkflow, run.Input); err != nil {
			t.Fatal(err)
		}
	}
}
