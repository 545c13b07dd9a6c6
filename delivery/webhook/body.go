package webhook

import (
	"encoding/json"
	"fmt"
	"time"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/engine"
)

// ContentType is that of a post's body.
const ContentType = "application/cloudevents+json; charset=utf-8"

// EventType is the CloudEvents type of a post.
const EventType = "homeroom.message"

// MaxBody bounds a post's body, in bytes.
const MaxBody = 256 << 10

// Body is a post's body: a CloudEvent (1.0, structured).
type Body struct {
	SpecVersion string    `json:"specversion"`
	ID          string    `json:"id"`      // the send's; a target does what a message asks for once for each id
	Source      string    `json:"source"`  // "homeroom"
	Type        string    `json:"type"`    // [EventType]
	Subject     string    `json:"subject"` // the learner's id on the platform
	Time        time.Time `json:"time"`    // when it was decided
	ContentType string    `json:"datacontenttype"`
	Data        Data      `json:"data"`
}

// Data is the message for one learner.
type Data struct {
	Learner   string           `json:"learner"`
	Rule      string           `json:"rule"`
	Message   string           `json:"message"`
	Target    string           `json:"target"`
	Topic     string           `json:"topic,omitempty"`
	Locale    string           `json:"locale,omitempty"` // of the version that was chosen
	Title     string           `json:"title"`            // one line, plain text
	Preheader string           `json:"preheader,omitempty"`
	HTML      string           `json:"html"` // a fragment with inline styles; values in it are escaped
	Text      string           `json:"text"`
	Actions   []content.Action `json:"actions,omitempty"` // its buttons and share links
	// Traits are those of the learner's that the target names in settings.yaml and that have a value, as published.
	Traits map[string]any `json:"traits,omitempty"`
}

// writeBody writes a message for a target.
func writeBody(s engine.Send, to delivery.Recipient, m delivery.Message) ([]byte, error) {
	body := Body{
		SpecVersion: "1.0",
		ID:          s.ID,
		Source:      "homeroom",
		Type:        EventType,
		Subject:     s.Learner,
		Time:        s.At,
		ContentType: "application/json",
		Data: Data{
			Learner:   s.Learner,
			Rule:      s.Rule,
			Message:   s.Message,
			Target:    m.PostTo.Name,
			Topic:     s.Topic,
			Locale:    m.Locale,
			Title:     m.Subject,
			Preheader: m.Preheader,
			HTML:      m.Fragment,
			Text:      m.Plain,
			Actions:   m.Actions,
		},
	}
	traits := s.TraitsFor(to.Profile.Traits)
	for _, name := range m.PostTo.Traits {
		if value, has := traits[name]; has {
			if body.Data.Traits == nil {
				body.Data.Traits = map[string]any{}
			}
			body.Data.Traits[name] = value
		}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("the message cannot be written as JSON: %w", err)
	}
	if len(raw) > MaxBody {
		return nil, fmt.Errorf("the message has %d bytes as JSON, and a target gets at most %d; shorten it", len(raw), MaxBody)
	}
	return raw, nil
}
