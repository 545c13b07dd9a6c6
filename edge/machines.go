package edge

import (
	"sync"
	"time"
)

// shareWindow is how long a click on a share link is held back. If another share link of the same send is opened within it, a machine
// opens them all (a mail scanner), and none of them counts. It is real time, also when Homeroom's clock is scaled, because mail scanners run in real time.
const shareWindow = 3 * time.Second

// maxHeldSends bounds the sends whose clicks are held back. Beyond it clicks are published at once.
const maxHeldSends = 10_000

// heldClicks hold clicks on share links back until it is known whether a machine made them. It may be used concurrently.
type heldClicks struct {
	mu      sync.Mutex
	bySend  map[string]*heldSend
	publish func(pageEvent)
}

// heldSend is a send whose share links were opened within the window.
type heldSend struct {
	place     string
	pageEvent pageEvent
	machine   bool // links to two places were opened
	timer     *time.Timer
}

func newHeldClicks(publish func(pageEvent)) *heldClicks {
	return &heldClicks{bySend: map[string]*heldSend{}, publish: publish}
}

// add holds a click back. A second click to the same place is the same click: people click twice.
func (h *heldClicks) add(send, place string, click pageEvent) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if held, known := h.bySend[send]; known {
		held.machine = held.machine || held.place != place
		return
	}
	if len(h.bySend) >= maxHeldSends {
		go h.publish(click)
		return
	}
	h.bySend[send] = &heldSend{
		place:     place,
		pageEvent: click,
		timer:     time.AfterFunc(shareWindow, func() { h.release(send) }),
	}
}

// release ends the window of a send and publishes its click, unless a machine made it.
func (h *heldClicks) release(send string) {
	h.mu.Lock()
	held := h.bySend[send]
	delete(h.bySend, send)
	h.mu.Unlock()
	if held != nil && !held.machine {
		h.publish(held.pageEvent)
	}
}

// releaseAll ends all windows: no more clicks come.
func (h *heldClicks) releaseAll() {
	h.mu.Lock()
	sends := make([]string, 0, len(h.bySend))
	for send, held := range h.bySend {
		held.timer.Stop()
		sends = append(sends, send)
	}
	h.mu.Unlock()
	for _, send := range sends {
		h.release(send)
	}
}
