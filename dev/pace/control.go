package pace

import (
	"context"
	"fmt"
	"time"

	"homeroom/internal/clock"
)

// The paces between which keys choose, as factors of real time. A clock that begins faster than Fastest stays the fastest.
const (
	Slowest = 60.0            // a minute of the campus in a second
	Fastest = 24 * 3600 / 2.0 // a day in two seconds, with which production keeps up on a small machine
)

// Help says which keys there are.
const Help = "Keys: space pauses, + faster, - slower, j next morning, n next message, ? help"

// morning is the hour, in UTC, to which j goes: when quiet hours end.
const morning = 8

// Control changes the pace of a campus as keys ask for it.
type Control struct {
	clock   *clock.Changing
	wake    func()
	say     func(string)
	fastest float64
	sent    chan struct{}
	jump    *jump // nil: none is under way
}

// jump is a time in which the clock runs as fast as it may, until an instant or the next message.
type jump struct {
	until   time.Time // zero: until a message is sent
	pace    float64   // afterwards
	stopped bool      // it stood before
}

// NewControl returns a control of a clock. It calls wake, which must not block, whenever time begins to pass faster than before, and say
// with one line about each change.
func NewControl(c *clock.Changing, wake func(), say func(line string)) *Control {
	return &Control{
		clock:   c,
		wake:    wake,
		say:     say,
		fastest: max(Fastest, c.Pace()),
		sent:    make(chan struct{}, 1),
	}
}

// NoteSent notes that a learner was sent a message. It may be called from any goroutine.
func (c *Control) NoteSent() {
	select {
	case c.sent <- struct{}{}:
	default: // one is noted already
	}
}

// Run does what the keys ask for until ctx ends.
func (c *Control) Run(ctx context.Context, keys <-chan byte) {
	for {
		changed := c.clock.Clock().Changed()
		arrival := time.NewTimer(c.untilArrival())
		select {
		case key, open := <-keys:
			if !open {
				keys = nil
			}
			c.press(key)
		case <-c.sent:
			c.onSent()
		case <-arrival.C:
			c.onArrival()
		case <-changed:
		case <-ctx.Done():
		}
		arrival.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// untilArrival is how long it takes until the clock shows the end of the jump, as it runs now.
func (c *Control) untilArrival() time.Duration {
	if c.jump == nil || c.jump.until.IsZero() {
		return time.Hour
	}
	return time.Until(c.clock.Clock().When(c.jump.until))
}

// press does what a key asks for; other keys do nothing.
func (c *Control) press(key byte) {
	switch key {
	case ' ':
		c.pauseOrGoOn()
	case '+', '=':
		c.changePace(2)
	case '-', '_':
		c.changePace(0.5)
	case 'j', 'J':
		c.goToMorning()
	case 'n', 'N':
		c.goToMessage()
	case '?', 'h', 'H':
		c.say(Help)
	}
}

func (c *Control) pauseOrGoOn() {
	switch {
	case c.jump != nil:
		c.endJump(true)
		c.sayPaused("Paused")
	case c.clock.IsStopped():
		c.clock.GoOn()
		c.wake()
		c.say(fmt.Sprintf("On from %s; %s.", c.shownTime(), c.dayTakes()))
	default:
		c.clock.Stop()
		c.sayPaused("Paused")
	}
}

// changePace makes time pass so many times as fast, within the limits.
func (c *Control) changePace(factor float64) {
	if c.jump != nil {
		c.endJump(c.jump.stopped)
	}
	before := c.clock.Pace()
	pace := min(max(before*factor, min(Slowest, before)), c.fastest)
	c.clock.SetPace(pace)
	if pace > before {
		c.wake()
	}
	switch {
	case pace == before && factor > 1:
		c.say(c.sentence(c.dayTakes() + ", and no less"))
	case pace == before:
		c.say(c.sentence(c.dayTakes() + ", and no more"))
	case c.clock.IsStopped():
		c.say(c.sentence(c.dayTakes() + " once space goes on"))
	default:
		c.say(c.sentence(c.dayTakes()))
	}
}

// goToMorning jumps to the next morning, or from a morning that it is jumping to on to the one after it.
func (c *Control) goToMorning() {
	from := c.clock.Clock().Now()
	if c.jump != nil && !c.jump.until.IsZero() {
		from = c.jump.until
	}
	until := nextMorning(from)
	c.beginJump(until)
	c.say("On to " + formatTime(until) + ".")
}

func (c *Control) goToMessage() {
	select {
	case <-c.sent: // that one was before
	default:
	}
	c.beginJump(time.Time{})
	c.say("On to the next message.")
}

// beginJump lets the clock run as fast as it may. A jump that is under way gets another end.
func (c *Control) beginJump(until time.Time) {
	if c.jump == nil {
		c.jump = &jump{pace: c.clock.Pace(), stopped: c.clock.IsStopped()}
	}
	c.jump.until = until
	c.clock.SetPace(c.fastest)
	c.clock.GoOn()
	c.wake()
}

// endJump goes back to the pace before the jump, or stops the clock.
func (c *Control) endJump(stop bool) {
	if stop {
		c.clock.Stop()
	}
	c.clock.SetPace(c.jump.pace)
	c.jump = nil
}

// onSent ends a jump to the next message.
func (c *Control) onSent() {
	if c.jump == nil || !c.jump.until.IsZero() {
		return
	}
	c.endJump(true)
	c.sayPaused("Paused after a message,")
}

// onArrival ends a jump to an instant, if the clock shows it.
func (c *Control) onArrival() {
	if c.jump == nil || c.jump.until.IsZero() || c.clock.Clock().Now().Before(c.jump.until) {
		return
	}
	stopped := c.jump.stopped
	c.endJump(stopped)
	if stopped {
		c.sayPaused("Paused")
		return
	}
	c.say(fmt.Sprintf("%s; %s again.", c.shownTime(), c.dayTakes()))
}

func (c *Control) sayPaused(paused string) {
	c.say(fmt.Sprintf("%s on %s. space goes on.", paused, c.shownTime()))
}

// dayTakes says how long a day of the campus takes.
func (c *Control) dayTakes() string { return "a day takes " + DayTakes(c.clock.Pace()).String() }

// sentence begins with a capital and ends with a full stop.
func (c *Control) sentence(text string) string { return "A" + text[1:] + "." }

func (c *Control) shownTime() string { return formatTime(c.clock.Clock().Now()) }

// DayTakes is how long a day of the campus takes at a pace.
func DayTakes(pace float64) time.Duration {
	return time.Duration(float64(24*time.Hour) / pace).Round(10 * time.Millisecond)
}

// formatTime writes an instant of the campus as the lines of decisions do.
func formatTime(t time.Time) string { return t.UTC().Format("Mon 02 Jan 15:04") }

// nextMorning is the first morning after an instant.
func nextMorning(t time.Time) time.Time {
	t = t.UTC()
	at := time.Date(t.Year(), t.Month(), t.Day(), morning, 0, 0, 0, time.UTC)
	if !at.After(t) {
		at = at.AddDate(0, 0, 1)
	}
	return at
}
