package instance

import (
	"time"

	"homeroom/engine"
	"homeroom/subjects"
)

// measureDelays returns what calls onDelay with how long ago the oldest event of a step was stored; nil, if onDelay is.
func measureDelays(onDelay func(time.Duration)) func(inputs []engine.Input, now time.Time) {
	if onDelay == nil {
		return nil
	}
	return func(inputs []engine.Input, now time.Time) {
		var oldest time.Time
		for _, in := range inputs {
			ev := in.Event
			if ev == nil || ev.Name == EventClockChanged || ev.StoredAt.IsZero() {
				continue
			}
			if oldest.IsZero() || ev.StoredAt.Before(oldest) {
				oldest = ev.StoredAt
			}
		}
		if !oldest.IsZero() {
			onDelay(now.Sub(oldest))
		}
	}
}

// HandedOver returns the instant up to which all events are known to have been handed over, in Homeroom's time; zero: nothing is known.
func (h *Instance) HandedOver() time.Time {
	var earliest time.Time
	for p := range subjects.Partitions {
		mark := h.App.Store().Control.Watermark(p)
		if !mark.IsZero() && (earliest.IsZero() || mark.Before(earliest)) {
			earliest = mark
		}
	}
	return earliest
}
