package standin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"homeroom/delivery/email"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"homeroom/delivery/sendertest"
	"homeroom/delivery/sendgrid"
	"homeroom/internal/standin"
)

const key = "SG.stand-in"

// The adapter and the stand-in understand each other; the same suite runs against the real SendGrid's sandbox, see package
// sendgrid.
func TestConformance(t *testing.T) {
	for name, sandbox := range map[string]bool{"sandbox": true, "for real": false} {
		t.Run(name, func(t *testing.T) {
			inbox := start(t, standin.Options{Key: key})
			open := func(key string) func(*testing.T) email.Sender {
				return func(t *testing.T) email.Sender { return adapter(t, inbox.URL(), key, sandbox) }
			}
			o := sendertest.Options{WrongKey: open("SG.of-nobody")}
			if !sandbox {
				o.Arrived = func(_ *testing.T, sendID string) (arrived []sendertest.Arrival) {
					for _, m := range inbox.Messages(sendID) {
						if m.SendID == sendID {
							arrived = append(arrived, arrival(m))
						}
					}
					return arrived
				}
			}
			sendertest.Run(t, open(key), o)
			if got := inbox.Counts(); sandbox != (got.Accepted == 0) || got.Duplicates != 0 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func arrival(m standin.Message) sendertest.Arrival {
	a := sendertest.Arrival{
		Subject:       m.Subject,
		ToName:        m.To[0].Name,
		Categories:    m.Categories,
		OpenTracking:  m.Tracking["open_tracking"],
		ClickTracking: m.Tracking["click_tracking"],
	}
	for name := range m.Headers {
		a.HeaderNames = append(a.HeaderNames, name)
	}
	return a
}

func start(t *testing.T, o standin.Options) *standin.Listener {
	t.Helper()
	l, err := standin.New(o).Start("127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := l.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return l
}

func adapter(t *testing.T, host, key string, sandbox bool) *sendgrid.Sender {
	t.Helper()
	s, err := sendgrid.New(sendgrid.Options{APIKey: key, Host: host, Sandbox: sandbox, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Many mails from many senders at once: each arrives once, and of each is told once that it was processed and delivered.
func TestManySendsAtOnce(t *testing.T) {
	const sends, workers = 4000, 32
	var mu sync.Mutex
	heard := map[string]int{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var items []struct {
			ID    string `json:"sg_event_id"`
			Send  string `json:"homeroom_send"`
			Event string
		}
		if err := json.NewDecoder(r.Body).Decode(&items); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, i := range items {
			heard[i.Event+" "+i.Send]++
		}
	}))
	t.Cleanup(web.Close)
	inbox := start(t, standin.Options{Webhook: standin.Webhook{URL: web.URL, Batch: 10 * time.Millisecond}})
	s := adapter(t, inbox.URL(), key, false)
	ids := make(chan string)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for id := range ids {
				m := email.Email{SendID: id, From: "hello@academy.example", To: id + "@example.org", Subject: id, Text: "Hi"}
				if _, err := s.Send(t.Context(), m); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range sends {
		ids <- fmt.Sprintf("snd-%d", i)
	}
	close(ids)
	wg.Wait()
	if got := inbox.Counts(); got.Accepted != sends || got.Duplicates != 0 || got.Unnamed != 0 {
		t.Errorf("got %+v, want %d mails, each once", got, sends)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := inbox.WaitReported(ctx, func(c standin.WebhookCounts) bool { return c.Accepted == 2*sends }); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for what, n := range heard {
		if n != 1 {
			t.Errorf("heard %d times that %s", n, what)
		}
	}
	if len(heard) != 2*sends {
		t.Errorf("heard of %d events, want %d", len(heard), 2*sends)
	}
}
