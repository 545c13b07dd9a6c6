package pushtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/delivery/push"
	"homeroom/engine"
	"homeroom/profile"
)

// Options say which Firebase is tried.
type Options struct {
	URL     string
	Account []byte // the file of a service account of its project
	Other   []byte // the file of a service account with another key, which is refused
	// Live are the tokens of two apps that answer, Gone of one that was removed, and Bad is a text that is no token of Firebase's.
	Live      [2]string
	Gone, Bad string
	// Arrived returns the messages of a send that apps got, by token, in order.
	Arrived func(t *testing.T, send string) map[string][]json.RawMessage
}

// Run checks that the channel's messages are what Firebase takes, and what its answers mean.
func Run(t *testing.T, o Options) {
	t.Helper()
	for _, c := range []struct {
		name    string
		account []byte
		tokens  []string
		title   string
		calls   int // how often it is handed over
		class   delivery.Class
		reached []string
		dropped []string
	}{
		{name: "one app", account: o.Account, tokens: o.Live[:1], calls: 1, reached: o.Live[:1]},
		{name: "two apps", account: o.Account, tokens: o.Live[:], calls: 1, reached: o.Live[:]},
		{name: "a repeat is not recognized", account: o.Account, tokens: o.Live[:1], calls: 2, reached: o.Live[:1]},
		{name: "an app that was removed", account: o.Account, tokens: []string{o.Gone}, calls: 1, class: delivery.Final, dropped: []string{o.Gone}},
		{name: "one that was removed and one that was not", account: o.Account, tokens: []string{o.Gone, o.Live[0]}, calls: 1, reached: o.Live[:1], dropped: []string{o.Gone}},
		{name: "no token", account: o.Account, tokens: []string{o.Bad}, calls: 1, class: delivery.Final, dropped: []string{o.Bad}},
		{name: "no app", account: o.Account, calls: 1, class: delivery.Final},
		{name: "too long", account: o.Account, tokens: o.Live[:1], title: strings.Repeat("x", push.MaxMessage), calls: 1, class: delivery.Final},
		{name: "another key", account: o.Other, tokens: o.Live[:1], calls: 1, class: delivery.Refused},
		{name: "no account", tokens: o.Live[:1], calls: 1, class: delivery.Refused},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSend(strings.ReplaceAll(c.name, " ", "-"))
			dropped := &droppedTokens{}
			call := newChannel(t, o, c.account, dropped).Prepare(s, newRecipient(c.tokens), newMessage(c.title), content.Outward{})
			for range c.calls {
				receipt, err := call(t.Context())
				checkError(t, err, c.class, o)
				if err == nil && receipt.MessageID == "" {
					t.Error("the receipt names no message")
				}
			}
			if got := dropped.allTokens(); !slices.Equal(got, c.dropped) {
				t.Errorf("dropped %d tokens, want %d", len(got), len(c.dropped))
			}
			arrived := o.Arrived(t, s.ID)
			if len(arrived) != len(c.reached) {
				t.Errorf("%d apps got it, want %d", len(arrived), len(c.reached))
			}
			for _, token := range c.reached {
				if len(arrived[token]) != c.calls {
					t.Fatalf("an app got it %d times, want %d", len(arrived[token]), c.calls)
				}
				checkMessage(t, arrived[token][0], token, s)
			}
		})
	}
}

func newSend(name string) engine.Send {
	return engine.Send{
		ID:       fmt.Sprintf("snd-%s", name),
		Learner:  "u_42",
		Rule:     "live-class",
		Message:  "soon",
		Topic:    "reminders",
		Channel:  engine.ChannelPush,
		At:       time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC),
		NotAfter: time.Date(2026, 3, 2, 11, 0, 0, 0, time.UTC),
	}
}

func newRecipient(tokens []string) delivery.Recipient {
	var published []any
	for _, token := range tokens {
		published = append(published, token)
	}
	return delivery.Recipient{
		Address: "ada@example.org",
		Profile: engine.Profile{Traits: map[string]any{profile.TraitPushTokens: published, "email": "ada@example.org"}},
	}
}

func newMessage(title string) delivery.Message {
	if title == "" {
		title = "It begins <soon> – 学生"
	}
	return delivery.Message{Rendered: content.Rendered{
		Push: content.Notification{
			Title: title,
			Body:  "In an hour",
			Link:  "https://academy.example/?a=b&c=d",
		},
	}}
}

func newChannel(t *testing.T, o Options, file []byte, dropped push.Tokens) push.Channel {
	t.Helper()
	var account push.Account
	if file != nil {
		var err error
		if account, err = push.ReadAccount(bytes.NewReader(file)); err != nil {
			t.Fatal(err)
		}
	}
	client, err := push.New(push.Options{Account: account, Host: o.URL, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return push.NewChannel(client, dropped, func() time.Time { return time.Date(2026, 3, 2, 10, 30, 0, 0, time.UTC) })
}

// droppedTokens are the tokens that the channel drops.
type droppedTokens struct {
	mu     sync.Mutex
	tokens []string
}

func (d *droppedTokens) DropToken(_ context.Context, learner, token string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if learner == "u_42" {
		d.tokens = append(d.tokens, token)
	}
	return nil
}

func (d *droppedTokens) allTokens() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.tokens
}

// checkMessage compares what arrived with what was handed over. Nothing of the learner goes along.
func checkMessage(t *testing.T, raw json.RawMessage, token string, s engine.Send) {
	t.Helper()
	var got, want any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`{"message": {
		"token": %q,
		"notification": {"title": "It begins <soon> – 学生", "body": "In an hour"},
		"data": {"send_id": %q, "rule": "live-class", "message": "soon", "topic": "reminders", "link": "https://academy.example/?a=b&c=d"},
		"android": {"ttl": "1800s", "notification": {"tag": %q}},
		"apns": {"headers": {"apns-collapse-id": %q, "apns-expiration": "1772449200"}},
		"webpush": {"headers": {"TTL": "1800"}, "fcm_options": {"link": "https://academy.example/?a=b&c=d"}}
	}}`, token, s.ID, s.ID, s.ID)
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("arrived (-want +got)\n%s", diff)
	}
}

// checkError compares what the channel said with what it should say.
func checkError(t *testing.T, err error, class delivery.Class, o Options) {
	t.Helper()
	if class == "" {
		if err != nil {
			t.Errorf("not taken: %v", err)
		}
		return
	}
	var e *delivery.Error
	if !errors.As(err, &e) || e.Class != class {
		t.Fatalf("got %#v, want %s", err, class)
	}
	for _, secret := range []string{"ada@", "u_42", o.Live[0], o.Gone, o.Bad, "PRIVATE", "ya29"} {
		if strings.Contains(e.Error(), secret) {
			t.Errorf("the error tells too much: %v", e)
		}
	}
}
