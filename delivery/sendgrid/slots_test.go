package sendgrid

import (
	"net/http"
	"testing"
	"time"
)

// Anybody can post slowly without a signature; that must not keep the provider out.
func TestOneClientHoldsAFewPostsOnly(t *testing.T) {
	h := must(NewWebhook(WebhookOptions{Client: func(*http.Request) string { return "" }, Now: time.Now}))
	for i := range maxOfOne {
		if !h.takeSlot("198.51.100.1") {
			t.Fatalf("post %d of a client was refused", i+1)
		}
	}
	if h.takeSlot("198.51.100.1") {
		t.Error("a client holds as many posts as it likes")
	}
	if !h.takeSlot("167.89.1.1") {
		t.Error("another client is refused")
	}
	h.freeSlot("198.51.100.1")
	if !h.takeSlot("198.51.100.1") {
		t.Error("a client whose post ended is refused")
	}
	for range maxOfOne {
		h.freeSlot("198.51.100.1")
	}
	h.freeSlot("167.89.1.1")
	if len(h.inFlight) != 0 {
		t.Errorf("%d clients are remembered for nothing", len(h.inFlight))
	}
}
