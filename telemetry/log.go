package telemetry

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
)

// LogOptions say how a log is written.
type LogOptions struct {
	JSON  bool
	Level slog.Leveler // default: slog.LevelInfo
}

// NewLog returns a log that writes no addresses, and the ids of the trace wherever a line is written with its context.
func NewLog(w io.Writer, o LogOptions) *slog.Logger {
	options := &slog.HandlerOptions{Level: o.Level}
	if o.JSON {
		return slog.New(redactingHandler{slog.NewJSONHandler(w, options)})
	}
	return slog.New(redactingHandler{slog.NewTextHandler(w, options)})
}

// address is what looks like one: as it is, as it stands in an address of the web (%40), and as subjects and keys write
// it (=40). Versions of modules, such as nats.go@v1.55.0, do not.
var address = regexp.MustCompile(`(?:[\p{L}\p{N}.!#$%&'*+?^_{|}~-]|=[0-9A-F]{2})+(?:@|%40|=40)(?:[\p{L}\p{N}-]+(?:\.|%2E|=2E))+\p{L}{2,}`)

// Redact takes what looks like an address out of a text.
func Redact(text string) string {
	if !strings.Contains(text, "@") && !strings.Contains(text, "%40") && !strings.Contains(text, "=40") {
		return text
	}
	return address.ReplaceAllString(text, "(address)")
}

// redactingHandler is a handler in front of another one. No line should hold an address in the first place: this is the last
// line of defense.
type redactingHandler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h redactingHandler) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, Redact(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(redactAttr(a))
		return true
	})
	clean.AddAttrs(traceIDs(ctx)...)
	return h.Handler.Handle(ctx, clean)
}

// WithAttrs implements slog.Handler.
func (h redactingHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = redactAttr(a)
	}
	return redactingHandler{h.Handler.WithAttrs(clean)}
}

// WithGroup implements slog.Handler.
func (h redactingHandler) WithGroup(name string) slog.Handler {
	return redactingHandler{h.Handler.WithGroup(name)}
}

func redactAttr(a slog.Attr) slog.Attr {
	return slog.Attr{Key: Redact(a.Key), Value: redactValue(a.Value.Resolve())}
}

func redactValue(v slog.Value) slog.Value {
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(Redact(v.String()))
	case slog.KindGroup:
		members := v.Group()
		clean := make([]slog.Attr, len(members))
		for i, a := range members {
			clean[i] = redactAttr(a)
		}
		return slog.GroupValue(clean...)
	case slog.KindAny:
		return redactAny(v)
	default: // numbers, times, truth values
		return v
	}
}

// redactAny looks at a value as the handlers would write it. It stays as it is unless an address shows.
func redactAny(v slog.Value) slog.Value {
	switch known := v.Any().(type) {
	case nil:
		return v
	case error:
		return slog.StringValue(Redact(known.Error()))
	case fmt.Stringer:
		return slog.StringValue(Redact(known.String()))
	}
	text := fmt.Sprintf("%+v", v.Any())
	if clean := Redact(text); clean != text {
		return slog.StringValue(clean)
	}
	if data, err := json.Marshal(v.Any()); err == nil {
		if clean := Redact(string(data)); clean != string(data) {
			return slog.StringValue(clean)
		}
	}
	return v
}
