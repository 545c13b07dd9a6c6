package main

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"homeroom/internal/clock"
)

// TestAKeptClockNeverGoesBack: whatever was done to it in one run, the next one goes on behind it, and none stands.
func TestAKeptClockNeverGoesBack(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data", "clock.json")
	synctest.Test(t, func(t *testing.T) {
		september := time.Date(2026, 9, 7, 0, 0, 0, 0, time.UTC)
		fresh := clock.New(time.Now(), september, 3600)
		shown := september
		for run, change := range []func(*clock.Changing){
			func(*clock.Changing) {},
			func(c *clock.Changing) { c.SetPace(60) },
			(*clock.Changing).Stop,
			func(c *clock.Changing) { c.SetPace(7200) },
			func(c *clock.Changing) { c.Hold(); c.Release() },
		} {
			changing, err := keptClock(file, fresh)
			if err != nil {
				t.Fatal(err)
			}
			now := changing.Clock()
			if now.IsStanding() || now.Now().Before(shown) {
				t.Fatalf("run %d begins at %v, after %v was shown; it stands: %v", run, now.Now(), shown, now.IsStanding())
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				followClock(ctx, &console{}, file, now)
				close(done)
			}()
			time.Sleep(time.Second) // by the clock of synctest, at once
			change(changing)
			time.Sleep(time.Second) // likewise
			cancel()
			changing.Release() // while everything is being stopped
			<-done
			shown = now.Now()
		}
		if want := september.Add((2*3600 + 3600 + 60 + 60 + 60 + 7200 + 2*7200) * time.Second); !shown.Equal(want) {
			t.Errorf("at the end it shows %v, want %v", shown, want)
		}
	})
}
