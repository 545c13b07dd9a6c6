package sendgrid_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"homeroom/delivery"
	"homeroom/delivery/sendgrid"
)

// TestManySendsAtOnce is what a shared client of sendgrid-go fails: every message arrives once, as it was.
func TestManySendsAtOnce(t *testing.T) {
	const sends, workers = 20_000, 32
	var (
		mu   sync.Mutex
		seen = make(map[string]int)
	)
	host := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Subject          string
			Personalizations []struct {
				To         []struct{ Email string }
				CustomArgs map[string]string `json:"custom_args"`
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		id := body.Personalizations[0].CustomArgs[delivery.SendIDArg]
		if body.Subject != "subject of "+id || body.Personalizations[0].To[0].Email != id+"@example.org" {
			t.Errorf("%s came mixed up: %+v", id, body)
		}
		mu.Lock()
		seen[id]++
		mu.Unlock()
		w.Header().Set("X-Message-Id", "msg-"+id)
		w.WriteHeader(202)
	})
	s := sender(t, sendgrid.Options{Host: host})
	ids := make(chan string)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for id := range ids {
				m := ready
				m.SendID = id
				m.Subject = "subject of " + id
				m.To = id + "@example.org"
				receipt, err := s.Send(t.Context(), m)
				if err != nil || receipt.MessageID != "msg-"+id {
					t.Errorf("%s: %+v, %v", id, receipt, err)
				}
			}
		})
	}
	for i := range sends {
		ids <- fmt.Sprintf("snd-%d", i)
	}
	close(ids)
	wg.Wait()
	if len(seen) != sends {
		t.Errorf("%d messages arrived, want %d", len(seen), sends)
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s arrived %d times", id, n)
		}
	}
}
