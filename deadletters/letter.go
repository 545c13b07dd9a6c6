package deadletters

import (
	"strconv"
	"strings"
	"time"

	"homeroom/store"
	"homeroom/subjects"
	"homeroom/triggers"
)

// Letter is one event that was refused.
type Letter struct {
	Sequence  uint64    `json:"seq"` // in LEARNING_DLQ
	At        time.Time `json:"refused"`
	Reason    string    `json:"reason"`
	Message   string    `json:"message"`
	Hint      string    `json:"hint,omitempty"`
	Learner   string    `json:"learner"`
	Event     string    `json:"event"`
	Original  uint64    `json:"original"` // sequence in LEARNING
	Stored    time.Time `json:"stored,omitzero"`
	Truncated int       `json:"truncated,omitempty"` // bytes of the original, if it is not all here

	Subject        string              `json:"-"` // the original's, as stored
	SubjectProblem error               `json:"-"` // why the subject cannot be read; nil: it can
	Header         map[string][]string `json:"-"` // the publisher's
	Body           []byte              `json:"-"` // may hold personal data
}

// parseLetter reads a message of the stream of dead letters. What is missing or broken is zero.
func parseLetter(m store.Message) Letter {
	get := func(name string) string {
		if values := m.Header[name]; len(values) > 0 {
			return values[0]
		}
		return ""
	}
	l := Letter{
		Sequence: m.Sequence,
		At:       m.StoredAt,
		Reason:   get(triggers.HeaderReason),
		Message:  get(triggers.HeaderMessage),
		Hint:     get(triggers.HeaderHint),
		Subject:  get(triggers.HeaderSubject),
		Header:   store.PublisherHeader(m.Header),
		Body:     m.Data,
	}
	l.Original, _ = strconv.ParseUint(get(triggers.HeaderSequence), 10, 64)
	l.Stored, _ = time.Parse(time.RFC3339Nano, get(triggers.HeaderStored))
	l.Truncated, _ = strconv.Atoi(get(triggers.HeaderTruncated))
	if _, l.Learner, l.Event, l.SubjectProblem = subjects.ParseStored(l.Subject); l.Event == "" {
		parts := strings.SplitN(m.Subject, ".", 3) // dead.<learner>.<event>
		l.Learner = parts[min(1, len(parts)-1)]
		l.Event = parts[len(parts)-1]
	}
	return l
}
