package main

import (
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

// keptClock returns the clock that an earlier run wrote to the file, or writes fresh to it for later runs.
func keptClock(file string, fresh clock.Clock) (clock.Clock, error) {
	raw, err := os.ReadFile(file)
	if err == nil {
		err := readClock(raw, &fresh)
		return fresh, err
	}
	if !errors.Is(err, os.ErrNotExist) {
		return fresh, err
	}
	return fresh, writeClock(file, fresh)
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
	return os.WriteFile(file, raw, 0o644)
}
