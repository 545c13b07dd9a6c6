package play

import (
	"fmt"
	"strings"
	"time"

	"homeroom/engine"
)

// Lapse is how fast time passes: Virtual of Homeroom's time in Real of real time.
type Lapse struct{ Virtual, Real time.Duration }

// UnmarshalText reads "1d=4s".
func (l *Lapse) UnmarshalText(text []byte) error {
	virtual, real, ok := strings.Cut(string(text), "=")
	if !ok {
		return fmt.Errorf("%q: write how long a stretch of time takes, for instance 1d=4s", text)
	}
	var err error
	if l.Virtual, err = engine.ParseDuration(strings.TrimSpace(virtual)); err != nil {
		return fmt.Errorf("%q: %w", text, err)
	}
	if l.Real, err = time.ParseDuration(strings.TrimSpace(real)); err != nil {
		return fmt.Errorf("%q: %q is not a duration like 4s or 500ms", text, real)
	}
	if l.Virtual < l.Real || l.Real <= 0 {
		return fmt.Errorf("%q: time can only be made to pass faster than it does", text)
	}
	return nil
}

// Factor returns how many times faster than real time Homeroom's time passes.
func (l Lapse) Factor() float64 { return float64(l.Virtual) / float64(l.Real) }

func (l Lapse) String() string { return l.Virtual.String() + "=" + l.Real.String() }
