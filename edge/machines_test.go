package edge

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

func TestShareLinksOpenedAllAtOnceAreAMachine(t *testing.T) {
	for _, tc := range []struct {
		name   string
		gap    time.Duration // between the clicks
		places []string
		clicks int
	}{
		{"one link", 0, []string{"x"}, 1},
		{"one link twice: people click twice", time.Second, []string{"x", "x"}, 1},
		{"two places at once", 0, []string{"x", "linkedin_post"}, 0},
		{"all of them, one after the other", time.Second, []string{"x", "linkedin_post", "facebook"}, 0},
		{"one place, and another after a while", time.Minute, []string{"x", "linkedin_post"}, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				published := make(chan pageEvent, 10)
				h := newHeldClicks(func(f pageEvent) { published <- f })
				for i, place := range tc.places {
					if i > 0 {
						time.Sleep(tc.gap) // by the clock of synctest, at once
					}
					h.add("snd-1", place, pageEvent{event: "share.link_clicked", properties: map[string]any{"share_platform": place}})
				}
				h.add("snd-2", "x", pageEvent{event: "of another send"})
				time.Sleep(shareWindow) // by the clock of synctest
				synctest.Wait()
				if got := len(published) - 1; got != tc.clicks {
					t.Errorf("%d clicks count, want %d", got, tc.clicks)
				}
				if len(h.bySend) != 0 {
					t.Errorf("%d sends are still held back", len(h.bySend))
				}
			})
		})
	}
}

func TestFlushPublishesTheClicksHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var published int
		h := newHeldClicks(func(pageEvent) { published++ })
		h.add("snd-1", "x", pageEvent{})
		h.releaseAll()
		h.releaseAll()
		time.Sleep(2 * shareWindow) // by the clock of synctest
		if published != 1 {
			t.Errorf("published %d times, want once", published)
		}
	})
}

func TestTooManyHeldClicksArePublishedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		published := make(chan pageEvent, 1)
		h := newHeldClicks(func(f pageEvent) { published <- f })
		for i := range maxHeldSends {
			h.bySend[strconv.Itoa(i)] = &heldSend{machine: true, timer: time.NewTimer(0)}
		}
		h.add("snd-new", "x", pageEvent{})
		synctest.Wait()
		if len(published) != 1 {
			t.Error("the click was not published")
		}
	})
}
