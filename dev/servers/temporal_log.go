package servers

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"

	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/log/tag"
)

// temporalLog forwards a server's errors until the server is stopped: errors of services that are being stopped are
// expected.
type temporalLog struct {
	log   *slog.Logger
	tags  []tag.Tag // formatted only when a line is logged, which is rare
	muted *atomic.Bool
}

var (
	_ log.Logger     = (*temporalLog)(nil)
	_ log.WithLogger = (*temporalLog)(nil)
)

func newTemporalLog(l *slog.Logger) *temporalLog {
	return &temporalLog{log: orDiscard(l).With("server", "temporal"), muted: new(atomic.Bool)}
}

func (l *temporalLog) muteAll() { l.muted.Store(true) }

func (l *temporalLog) logError(msg string, tags []tag.Tag) {
	if !l.muted.Load() {
		l.log.LogAttrs(context.Background(), slog.LevelError, msg, slogAttrs(slices.Concat(l.tags, tags))...)
	}
}

// With returns a logger that adds the tags to everything.
func (l *temporalLog) With(tags ...tag.Tag) log.Logger {
	return &temporalLog{log: l.log, tags: slices.Concat(l.tags, tags), muted: l.muted}
}

// Debug drops the line.
func (l *temporalLog) Debug(string, ...tag.Tag) {}

// Info drops the line.
func (l *temporalLog) Info(string, ...tag.Tag) {}

// Warn drops the line.
func (l *temporalLog) Warn(string, ...tag.Tag) {}

// Error logs an error, unless the log is muted.
func (l *temporalLog) Error(msg string, tags ...tag.Tag) { l.logError(msg, tags) }

// DPanic, Panic and Fatal are errors: a developer's server does not end the process.
func (l *temporalLog) DPanic(msg string, tags ...tag.Tag) { l.logError(msg, tags) }

// Panic is an error.
func (l *temporalLog) Panic(msg string, tags ...tag.Tag) { l.logError(msg, tags) }

// Fatal is an error.
func (l *temporalLog) Fatal(msg string, tags ...tag.Tag) { l.logError(msg, tags) }

func slogAttrs(tags []tag.Tag) []slog.Attr {
	list := make([]slog.Attr, len(tags))
	for i, t := range tags {
		list[i] = slog.Any(t.Key(), t.Value())
	}
	return list
}
