package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"homeroom/catalog"
	"homeroom/internal/clock"
)

// termEvent is one event of the campus.
type termEvent = catalog.Decoded

// keptClock returns the clock that an earlier run wrote to the file, or fresh if there is none. A clock that stood goes on. It is written for later
// runs, now and by followClock.
func keptClock(file string, fresh clock.Clock) (*clock.Changing, error) {
	raw, err := os.ReadFile(file)
	if err == nil {
		err = readClock(raw, &fresh)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	changing := clock.NewChanging(fresh)
	return changing, writeClock(file, changing.Clock())
}

// followClock writes the clock to the file at each change, and once more when ctx has ended.
func followClock(ctx context.Context, c *console, file string, now clock.Clock) {
	for ended := false; ; {
		changed := now.Changed()
		if err := writeClock(file, now); err != nil {
			c.log.Error("the clock of this run is not kept", "error", err)
		}
		if ended {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			ended = true
		}
	}
}

func readClock(raw []byte, c *clock.Clock) error {
	if err := json.Unmarshal(raw, c); err != nil {
		return fmt.Errorf("the clock of the earlier run cannot be read; start with an empty --data: %w", err)
	}
	return nil
}

func writeClock(file string, c clock.Clock) error {
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	next := file + ".new" // a crash leaves the old clock or the new one
	if err := os.WriteFile(next, raw, 0o644); err != nil {
		return err
	}
	return os.Rename(next, file)
}
