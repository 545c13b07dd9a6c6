package edge

import "testing"

// Anybody can post slowly without a signature; that must not keep the provider out.
func TestOneClientHoldsAFewPostsOnly(t *testing.T) {
	h := newWebhook(Options{}).(*webhook)
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
	if len(h.inHand) != 0 {
		t.Errorf("%d clients are remembered for nothing", len(h.inHand))
	}
}
