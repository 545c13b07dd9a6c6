package sendgrid

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"homeroom/delivery"
	"homeroom/delivery/ledgertest"
	"homeroom/engine"
	"homeroom/profile"
)

func signed(t testing.TB, key *ecdsa.PrivateKey, timestamp string, body []byte) string {
	t.Helper()
	sum := sha256.Sum256(append([]byte(timestamp), body...))
	signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(signature)
}

// house is a webhook before the real delivery.ReportHandler, which works on stores in memory.
type house struct {
	t      *testing.T
	key    *ecdsa.PrivateKey
	hook   http.Handler
	now    time.Time
	ledger ledgertest.Memory
	log    bytes.Buffer

	mu    sync.Mutex
	trail []string // "suppress …", "leave …", "publish <event> <id>", "decide <kind> <id>", in order
	// away makes a step fail.
	away func(step string) bool
}

func newHouse(t *testing.T, change ...func(*WebhookOptions)) *house {
	h := &house{t: t, now: received, key: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), away: func(string) bool { return false }}
	reports, err := delivery.NewReportHandler(delivery.ReportHandlerOptions{
		Ledger:       &h.ledger,
		Suppressions: houseSuppressions{h},
		People:       housePeople{h},
		Events:       houseEvents{h},
		Decisions:    houseDecisions{h},
		Now:          func() time.Time { return h.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	o := WebhookOptions{
		Reports: reports,
		Key:     &h.key.PublicKey,
		Client:  func(r *http.Request) string { return r.RemoteAddr },
		Now:     func() time.Time { return h.now },
		Log:     slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, c := range change {
		c(&o)
	}
	h.hook = must(NewWebhook(o))
	return h
}

// sends puts settled sends snd-0, snd-1 … of learners u_0, u_1 … into the ledger.
func (h *house) sends(n int, phase delivery.Phase) {
	h.t.Helper()
	for i := range n {
		send := engine.Send{ID: fmt.Sprintf("snd-%d", i), Learner: fmt.Sprintf("u_%d", i), Rule: "win-back", Run: "run", Step: "first", Message: "come-back", Topic: "progress", At: h.now}
		e := delivery.Entry{Phase: phase, Send: send, At: h.now, Calls: 1, Outcome: engine.Outcome{SendID: send.ID}}
		if _, err := h.ledger.Put(h.t.Context(), send.ID, e); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *house) step(what string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.away(what) {
		return errors.New("the store is away")
	}
	h.trail = append(h.trail, what)
	return nil
}

type houseSuppressions struct{ h *house }

func (s houseSuppressions) Add(_ context.Context, email string, reason profile.Reason, _ time.Time) error {
	return s.h.step(fmt.Sprintf("suppress %s %s", email, reason))
}

func (s houseSuppressions) AddSoftBounce(_ context.Context, email string, _ time.Time) error {
	return s.h.step("soft bounce of " + email)
}

func (s houseSuppressions) AddDelivery(context.Context, string, time.Time) error { return nil }

type housePeople struct{ h *house }

func (p housePeople) Leave(_ context.Context, learner, topic string, _ time.Time) error {
	return p.h.step(fmt.Sprintf("leave %s %s", learner, topic))
}

type houseEvents struct{ h *house }

func (e houseEvents) Publish(_ context.Context, learner, event, id string, _ time.Time, _ map[string]any) error {
	return e.h.step(fmt.Sprintf("publish %s %s %s", learner, event, id))
}

type houseDecisions struct{ h *house }

func (d houseDecisions) Publish(_ context.Context, all []engine.Decision) error {
	return d.h.step(fmt.Sprintf("decide %s %s", all[0].Kind, all[0].ID))
}

// post posts a batch as SendGrid does and returns the status.
func (h *house) post(body string) int {
	h.t.Helper()
	return h.postSigned(strings.NewReader(body), strconv.FormatInt(h.now.Unix(), 10), []byte(body)).Code
}

func (h *house) postSigned(body io.Reader, timestamp string, signs []byte) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequestWithContext(h.t.Context(), http.MethodPost, "/webhooks/sendgrid", body)
	r.Header.Set(signatureHeader, signed(h.t, h.key, timestamp, signs))
	r.Header.Set(timestampHeader, timestamp)
	w := httptest.NewRecorder()
	h.hook.ServeHTTP(w, r)
	return w
}

func one(event string, send, id int, more ...string) string {
	return fmt.Sprintf(`{"event":%q,"homeroom_send":"snd-%d","sg_event_id":"e%d","email":"ada%d@example.org","timestamp":%d%s}`,
		event, send, id, send, received.Unix()-60, strings.Join(more, ""))
}

func list(items ...string) string { return "[" + strings.Join(items, ",\r\n") + "]\r\n" }
