package webhooktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/delivery/webhook"
	"homeroom/engine"
)

// Options say which target is tried.
type Options struct {
	URL    string
	Host   string // of URL with its port, if it is not public; else empty
	Secret string // "whsec_…", of the target
	// Arrived returns the body of what the target took under an id, and how often it came again.
	Arrived func(t *testing.T, id string) (body json.RawMessage, repeats int, taken bool)
}

// OtherSecret is a secret that no target has.
const OtherSecret = "whsec_YW5vdGhlciBzZWNyZXQgdGhhdCBub2JvZHkgaGFz"

// Run checks that the channel's posts are what the target takes, and that it refuses what it should.
func Run(t *testing.T, o Options) {
	t.Helper()
	for _, c := range []struct {
		name    string
		secrets []string // of the process
		skew    time.Duration
		posts   int // how often it is posted
		class   delivery.Class
		status  int
	}{
		{name: "a good post", secrets: []string{o.Secret}, posts: 1},
		{name: "a repeat is recognized", secrets: []string{o.Secret}, posts: 3},
		{name: "the new secret, while the target has the old one", secrets: []string{OtherSecret, o.Secret}, posts: 1},
		{name: "another secret", secrets: []string{OtherSecret}, posts: 1, class: delivery.Retry, status: 401},
		{name: "no secret", posts: 1, class: delivery.Retry},
		{name: "an old signature", secrets: []string{o.Secret}, skew: -time.Hour, posts: 1, class: delivery.Retry, status: 401},
		{name: "a signature of the future", secrets: []string{o.Secret}, skew: time.Hour, posts: 1, class: delivery.Retry, status: 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := send(strings.ReplaceAll(c.name, " ", "-"))
			post := channel(t, o, c.secrets, c.skew).Prepare(s, recipient(), message(o.URL), content.Outward{})
			for range c.posts {
				_, err := post(t.Context())
				checkError(t, err, c.class, c.status)
			}
			body, repeats, taken := o.Arrived(t, s.ID)
			if c.class != "" {
				if taken {
					t.Error("the target took it")
				}
				return
			}
			if !taken || repeats != c.posts-1 {
				t.Fatalf("taken %t, %d repeats; want %d", taken, repeats, c.posts-1)
			}
			checkBody(t, body, s)
		})
	}
}

func send(name string) engine.Send {
	return engine.Send{
		ID:      fmt.Sprintf("snd-%s", name),
		Learner: "u_42",
		Rule:    "live-class",
		Message: "soon",
		Topic:   "reminders",
		Channel: engine.ChannelWebhook,
		At:      time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC),
	}
}

func recipient() delivery.Recipient {
	return delivery.Recipient{
		Address: "ada@example.org",
		Profile: engine.Profile{Traits: map[string]any{"phone": "+44 20 7946 0000", "email": "ada@example.org"}},
	}
}

func message(url string) delivery.Message {
	return delivery.Message{Rendered: content.Rendered{
		Subject:  "It begins <soon> – 学生",
		Fragment: "<p>Soon</p>",
		Plain:    "Soon\n",
		Actions:  []content.Action{{Label: "Join", URL: "https://academy.example/?a=b&c=d"}},
		PostTo:   content.Target{Name: "chat", URL: url, Traits: []string{"phone", "nickname"}},
	}}
}

func channel(t *testing.T, o Options, secrets []string, skew time.Duration) webhook.Channel {
	t.Helper()
	var lines strings.Builder
	for _, secret := range secrets {
		fmt.Fprintf(&lines, "chat %s\n", secret)
	}
	read, err := webhook.ReadSecrets(strings.NewReader(lines.String()))
	if err != nil {
		t.Fatal(err)
	}
	options := webhook.Options{Secrets: read, Now: func() time.Time { return time.Now().Add(skew) }}
	if o.Host != "" {
		options.PrivateHosts = []string{o.Host}
	}
	client, err := webhook.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return webhook.NewChannel(client)
}

// checkBody compares what arrived with what was posted. Traits that the target does not name stay behind.
func checkBody(t *testing.T, raw json.RawMessage, s engine.Send) {
	t.Helper()
	var body webhook.Body
	if err := json.Unmarshal(raw, &body); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(body.SpecVersion, body.ID, body.Source, body.Type, body.Subject, body.Time.Equal(s.At), body.Data.Title, body.Data.Text, body.Data.Actions, body.Data.Traits)
	want := fmt.Sprint("1.0", s.ID, "homeroom", webhook.EventType, "u_42", true, "It begins <soon> – 学生", "Soon\n",
		[]content.Action{{Label: "Join", URL: "https://academy.example/?a=b&c=d"}}, map[string]any{"phone": "+44 20 7946 0000"})
	if got != want {
		t.Errorf("arrived as\n%s\nwant\n%s", got, want)
	}
}

// checkError compares what the channel said with what it should say.
func checkError(t *testing.T, err error, class delivery.Class, status int) {
	t.Helper()
	if class == "" {
		if err != nil {
			t.Errorf("not taken: %v", err)
		}
		return
	}
	var e *delivery.Error
	if !errors.As(err, &e) || e.Class != class || e.Status != status {
		t.Fatalf("got %#v, want %s with status %d", err, class, status)
	}
	for _, secret := range []string{"ada@", "7946", "whsec_"} {
		if strings.Contains(e.Error(), secret) {
			t.Errorf("the error tells too much: %v", e)
		}
	}
}
