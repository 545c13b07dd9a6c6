package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"homeroom/subjects"
)

// body is the native body in the order people read it.
type body struct {
	ID         string         `json:"id"`
	Event      string         `json:"event"`
	Learner    string         `json:"learner_id,omitempty"`
	Time       time.Time      `json:"time"`
	Properties map[string]any `json:"properties,omitempty"`
	Traits     map[string]any `json:"traits,omitempty"`
}

// Encode writes an event as a native body of one line that Decode reads back. It does not check the event.
func (c *Catalog) Encode(d Decoded) ([]byte, error) {
	b := body{ID: d.Event.ID, Event: d.Event.Name, Time: d.Event.Time.UTC(), Properties: d.Event.Properties, Traits: d.Traits}
	if d.Event.Learner != subjects.NoLearner {
		b.Learner = d.Event.Learner
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(b); err != nil {
		return nil, fmt.Errorf("encode %s: %w", d.Event.Name, err)
	}
	return bytes.TrimRight(out.Bytes(), "\n"), nil
}

// Value reads a property from text as a person types it: score_pct=85, passed=true, preferred_topics=go,sql. A
// property that the catalog does not name is a number, true, false, or else text.
func (e *Event) Value(name, text string) (any, error) {
	p, ok := e.Property(name)
	if !ok {
		return guessValue(text), nil
	}
	switch p.Type {
	case Number, Integer:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || n-n != 0 { // NaN and the infinities are no JSON
			return nil, fmt.Errorf("%s must be a number, not %q", name, cutShort(text))
		}
		return n, nil
	case Boolean:
		if text != "true" && text != "false" {
			return nil, fmt.Errorf("%s must be true or false, not %q", name, cutShort(text))
		}
		return text == "true", nil
	case Strings:
		items := []any{}
		for item := range strings.SplitSeq(text, ",") {
			items = append(items, strings.TrimSpace(item))
		}
		return items, nil
	case Any:
		return guessValue(text), nil
	case String, Timestamp, URL:
	}
	return text, nil
}

func guessValue(text string) any {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err == nil && v != nil {
		return v
	}
	return text
}
