package pace_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"homeroom/dev/pace"
	"homeroom/internal/clock"
)

// friday is when the campuses of these tests begin: a Friday, 06:00.
var friday = time.Date(2026, 9, 11, 6, 0, 0, 0, time.UTC)

// session is a campus that somebody watches, in a bubble of synctest.
type session struct {
	t        *testing.T
	changing *clock.Changing
	control  *pace.Control
	keys     chan byte
	said     []string
	woken    int
}

// watch runs a story on a campus where a day takes so long, and lets its control end.
func watch(t *testing.T, day time.Duration, story func(*session)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := &session{t: t, keys: make(chan byte)}
		d.changing = clock.NewChanging(clock.New(time.Now(), friday, float64(24*time.Hour)/float64(day)))
		d.control = pace.NewControl(d.changing, func() { d.woken++ }, func(line string) { d.said = append(d.said, line) })
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			d.control.Run(ctx, d.keys)
			close(done)
		}()
		story(d)
		cancel()
		<-done
	})
}

// press presses keys and expects what is said about them, and how often learners were woken so far.
func (d *session) press(keys string, woken int, want ...string) {
	d.t.Helper()
	for _, key := range []byte(keys) {
		d.keys <- key
	}
	d.checkLines(woken, want...)
}

// checkLines expects what has been said since, and how often learners were woken so far.
func (d *session) checkLines(woken int, want ...string) {
	d.t.Helper()
	synctest.Wait()
	if !slices.Equal(d.said, want) {
		d.t.Errorf("it said:\n%s\nwant:\n%s", strings.Join(d.said, "\n"), strings.Join(want, "\n"))
	}
	if d.woken != woken {
		d.t.Errorf("learners were woken %d times, want %d", d.woken, woken)
	}
	d.said = nil
}

// after lets real time pass and expects what the clock shows then.
func (d *session) after(passes time.Duration, want string) {
	d.t.Helper()
	time.Sleep(passes) // by the clock of synctest, at once
	synctest.Wait()
	if got := d.changing.Clock().Now().Format("Mon 02 15:04:05"); got != want {
		d.t.Errorf("the clock shows %s, want %s", got, want)
	}
}

func TestSpacePausesAndGoesOn(t *testing.T) {
	watch(t, 4*time.Second, func(d *session) {
		d.after(2*time.Second, "Fri 11 18:00:00")
		d.press(" ", 0, "Paused on Fri 11 Sep 18:00. space goes on.")
		d.after(time.Hour, "Fri 11 18:00:00")
		d.press(" ", 1, "On from Fri 11 Sep 18:00; a day takes 4s.")
		d.after(4*time.Second, "Sat 12 18:00:00")
	})
}

func TestPlusAndMinusChangeThePace(t *testing.T) {
	watch(t, 4*time.Second, func(d *session) {
		d.press("-", 0, "A day takes 8s.")
		d.after(8*time.Second, "Sat 12 06:00:00")
		d.press("+", 1, "A day takes 4s.")
		d.press("=", 2, "A day takes 2s.")
		d.after(2*time.Second, "Sun 13 06:00:00")
		d.press("+", 2, "A day takes 2s, and no less.")
		d.press(" -", 2, "Paused on Sun 13 Sep 06:00. space goes on.", "A day takes 4s once space goes on.")
		d.after(time.Minute, "Sun 13 06:00:00")
		d.press(strings.Repeat("_", 9), 2, "A day takes 8s once space goes on.", "A day takes 16s once space goes on.", "A day takes 32s once space goes on.",
			"A day takes 1m4s once space goes on.", "A day takes 2m8s once space goes on.", "A day takes 4m16s once space goes on.",
			"A day takes 8m32s once space goes on.", "A day takes 17m4s once space goes on.", "A day takes 24m0s once space goes on.")
		d.press("-", 2, "A day takes 24m0s, and no more.")
	})
}

func TestJGoesToTheNextMorning(t *testing.T) {
	watch(t, 24*time.Minute, func(d *session) {
		d.press("j", 1, "On to Fri 11 Sep 08:00.")
		d.after(time.Second/6+1, "Fri 11 08:00:00")
		d.checkLines(1, "Fri 11 Sep 08:00; a day takes 24m0s again.")
		d.after(time.Minute, "Fri 11 09:00:00")
		d.press(" jj", 3, "Paused on Fri 11 Sep 09:00. space goes on.", "On to Sat 12 Sep 08:00.", "On to Sun 13 Sep 08:00.")
		d.after(time.Minute, "Sun 13 08:00:00") // 08:00 exactly, because it stood before
		d.checkLines(3, "Paused on Sun 13 Sep 08:00. space goes on.")
		d.press(" ", 4, "On from Sun 13 Sep 08:00; a day takes 24m0s.")
		d.press("j+", 6, "On to Mon 14 Sep 08:00.", "A day takes 12m0s.") // whoever wants another pace wants no jump
		d.after(30*time.Second, "Sun 13 09:00:00")
	})
}

func TestNGoesToTheNextMessageAndStandsThere(t *testing.T) {
	watch(t, 24*time.Minute, func(d *session) {
		d.control.NoteSent() // nobody asked for it
		d.after(2*time.Minute, "Fri 11 08:00:00")
		d.press("n", 1, "On to the next message.")
		d.after(2*time.Second, "Sat 12 08:00:00")
		d.control.NoteSent()
		d.checkLines(1, "Paused after a message, on Sat 12 Sep 08:00. space goes on.")
		d.after(time.Minute, "Sat 12 08:00:00")
		d.press(" ", 2, "On from Sat 12 Sep 08:00; a day takes 24m0s.")
		d.after(time.Minute, "Sat 12 09:00:00")
		d.press("n ", 3, "On to the next message.", "Paused on Sat 12 Sep 09:00. space goes on.")
		d.control.NoteSent()
		d.checkLines(3)
	})
}

// TestAJumpThatIsHeldUpArrivesLater: the machine may be behind.
func TestAJumpThatIsHeldUpArrivesLater(t *testing.T) {
	watch(t, 4*time.Second, func(d *session) {
		d.press("j", 1, "On to Fri 11 Sep 08:00.")
		d.changing.Hold()
		d.after(time.Hour, "Fri 11 06:00:00")
		d.changing.Release()
		d.after(time.Second/6+1, "Fri 11 08:00:00")
		d.checkLines(1, "Fri 11 Sep 08:00; a day takes 4s again.")
	})
}

func TestOtherKeysDoNothing(t *testing.T) {
	watch(t, 4*time.Second, func(d *session) {
		d.press("x\x00\x1b[A?", 0, pace.Help)
		close(d.keys) // the terminal is gone
		d.after(4*time.Second, "Sat 12 06:00:00")
		d.checkLines(0)
	})
}

// TestAFastCampusStaysFast: a jump is no slower than the pace that was asked for, and neither key makes it leap.
func TestAFastCampusStaysFast(t *testing.T) {
	watch(t, time.Second, func(d *session) {
		d.press("+", 0, "A day takes 1s, and no less.")
		d.press("-", 0, "A day takes 2s.")
		d.press("j", 1, "On to Fri 11 Sep 08:00.")
		d.after(time.Second/12+1, "Fri 11 08:00:00")
	})
	watch(t, 240*time.Hour, func(d *session) {
		d.said = nil
		d.press("-", 0, "A day takes 240h0m0s, and no more.")
	})
}

func TestLinesFitATerminal(t *testing.T) {
	watch(t, 24*time.Minute, func(d *session) {
		for _, key := range []byte("? -jn++n jj") {
			d.keys <- key
			synctest.Wait()
		}
		d.control.NoteSent()
		synctest.Wait()
		for _, line := range d.said {
			if n := utf8.RuneCountInString(line); n > 80 {
				t.Errorf("%d columns: %s", n, line)
			}
		}
		if len(d.said) < 11 {
			t.Errorf("it said only %d lines", len(d.said))
		}
	})
}
