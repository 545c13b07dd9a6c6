package securitytest

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/app"
	"homeroom/internal/clock"
	"homeroom/internal/natstest"
	"homeroom/internal/writekey"
	"homeroom/store"
	"homeroom/subjects"
)

// TestTheAPIWorksUnderItsPermissions: a process of the role api, with its own NATS user and without Temporal, stores what is posted with a key, refuses the
// key once it is revoked, and asks for nothing that is refused.
func TestTheAPIWorksUnderItsPermissions(t *testing.T) {
	f := natstest.OpenAccounts(t, configDir, "")
	operator := f.Setup()
	key := makeWriteKey(t, operator)
	_, js := f.Connect("homeroom-api")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(deadlineOf(t), app.Options{
		JetStream: js,
		PublicURL: "https://learn.example.org",
		Secrets:   [][]byte{[]byte("0123456789abcdef")},
		Roles:     []app.Role{app.RoleAPI},
		API:       &app.APIOptions{Listener: listener},
		Clock:     clock.Real(),
	})
	if err != nil {
		t.Fatalf("%v; refused so far: %q", err, f.Refused())
	}
	if err := a.Start(deadlineOf(t)); err != nil {
		t.Fatalf("%v; refused so far: %q", err, f.Refused())
	}
	defer a.Stop()
	url := "http://" + listener.Addr().String() + "/v1/events"
	if got := postEvent(t, url, key); got != http.StatusAccepted {
		t.Errorf("the answer is %d", got)
	}
	if n := countMessages(t, operator)[subjects.Stream]; n != 1 {
		t.Errorf("the stream holds %d events", n)
	}
	keys, err := store.OpenWriteKeys(deadlineOf(t), operator)
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	if _, err := keys.Revoke(deadlineOf(t), keys.List()[0].ID, "ada", time.Now()); err != nil {
		t.Fatal(err)
	}
	awaitCondition(t, "the key is refused", func() bool { return postEvent(t, url, key) == http.StatusUnauthorized })
	a.Stop()
	if refused := f.Refused(); len(refused) > 0 {
		t.Errorf("the server refused:\n%s", strings.Join(refused, "\n"))
	}
}

// makeWriteKey makes a write key as the operator does.
func makeWriteKey(t *testing.T, operator jetstream.JetStream) string {
	t.Helper()
	keys, err := store.OpenWriteKeys(deadlineOf(t), operator)
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	key, id := writekey.New()
	if err := keys.Create(deadlineOf(t), store.WriteKey{ID: id, Hash: writekey.Hash(key), At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	return key
}

// postEvent posts an event and returns the status of the answer.
func postEvent(t *testing.T, url, key string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(deadlineOf(t), http.MethodPost, url, strings.NewReader(`{"id":"e1","event":"lesson.completed","learner_id":"u_42","properties":{"lesson_id":"l1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}
