package push

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"homeroom/delivery"
	"homeroom/engine"
)

// MaxMessage is how many bytes a message may have as JSON, without its token.
const MaxMessage = 4096

// maxTTL is for how long Firebase keeps a message at most.
const maxTTL = 28 * 24 * time.Hour

// message is a message of Firebase's, https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages.
type message struct {
	Token        string            `json:"token,omitempty"`
	Notification notification      `json:"notification"`
	Data         map[string]string `json:"data"`
	Android      android           `json:"android"`
	APNS         apns              `json:"apns"`
	Webpush      webpush           `json:"webpush"`
}

type notification struct {
	Title string `json:"title"`
	Body  string `json:"body,omitempty"`
}

type android struct {
	TTL          string              `json:"ttl,omitempty"` // "3600s"
	Notification androidNotification `json:"notification"`
}

type androidNotification struct {
	Tag string `json:"tag"` // a notification replaces one of the same tag
}

type apns struct {
	Headers map[string]string `json:"headers"`
}

type webpush struct {
	Headers    map[string]string `json:"headers,omitempty"`
	FCMOptions *webpushOptions   `json:"fcm_options,omitempty"`
}

type webpushOptions struct {
	Link string `json:"link"`
}

// newMessage writes a message for a learner's apps, but for the token. now is when it is handed over: a message that may only be sent until some time is not
// shown later either.
func newMessage(s engine.Send, m delivery.Message, now time.Time) (message, error) {
	out := message{
		Notification: notification{
			Title: m.Push.Title,
			Body:  m.Push.Body,
		},
		Data:    map[string]string{engine.KeySend: s.ID, "rule": s.Rule, "message": s.Message},
		Android: android{Notification: androidNotification{Tag: s.ID}},
		APNS:    apns{Headers: map[string]string{"apns-collapse-id": s.ID}},
	}
	if s.Topic != "" {
		out.Data["topic"] = s.Topic
	}
	if m.Push.Link != "" {
		out.Data["link"] = m.Push.Link
		if strings.HasPrefix(m.Push.Link, "https://") { // browsers get no other
			out.Webpush.FCMOptions = &webpushOptions{Link: m.Push.Link}
		}
	}
	if !s.NotAfter.IsZero() {
		left := strconv.FormatInt(int64(min(max(s.NotAfter.Sub(now), 0), maxTTL).Seconds()), 10)
		out.Android.TTL = left + "s"
		out.APNS.Headers["apns-expiration"] = strconv.FormatInt(s.NotAfter.Unix(), 10)
		out.Webpush.Headers = map[string]string{"TTL": left}
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return message{}, fmt.Errorf("the message cannot be written as JSON: %w", err)
	}
	if len(raw) > MaxMessage {
		return message{}, fmt.Errorf("the message has %d bytes as JSON, and Firebase takes %d; shorten push in its front matter, its subject or the link of its button", len(raw), MaxMessage)
	}
	return out, nil
}
