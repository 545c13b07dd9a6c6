package delivery

import (
	"errors"
	"time"
)

// SendIDArg is the name of the custom argument that carries the send id.
const SendIDArg = "homeroom_send"

// Receipt is what the provider said when it took a message.
type Receipt struct {
	MessageID string // the provider's own id; may be empty
}

// Class says what an error means for the message.
type Class string

// The classes of errors.
const (
	// Retry: a complete answer "not now", or no connection. The message was not accepted and may be tried again.
	Retry Class = "retry"
	// Uncertain: the message may have been accepted. It must not be sent again.
	Uncertain Class = "uncertain"
	// Final: the provider refused the message for good.
	Final Class = "final"
	// Refused: the provider refuses the account, whatever the message: the key is unknown, the account is suspended or has no credits left, or
	// the sender is not verified. The message was not accepted, and may be tried again when the account is in order.
	Refused Class = "refused"
)

// Error is why a message was not, or not certainly, accepted.
type Error struct {
	Class      Class
	Status     int           // HTTP status; 0 if there was no answer
	RetryAfter time.Duration // with Retry: how long the provider asks to be left alone; 0: it did not say
	Message    string        // for people: what happened, in the provider's own words where it has any
	Err        error         // the cause; may be nil
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Classify says what a Sender's error means, and with Retry how long the provider asks to wait (0: it did not say).
// An error that is not an *Error is Uncertain, because nothing is known about it and a duplicate is worse than a
// loss that everybody can see.
func Classify(err error) (Class, time.Duration) {
	var e *Error
	if !errors.As(err, &e) {
		return Uncertain, 0
	}
	switch e.Class {
	case Retry:
		return Retry, max(e.RetryAfter, 0)
	case Final:
		return Final, 0
	case Refused:
		return Refused, 0
	case Uncertain:
		return Uncertain, 0
	default:
		return Uncertain, 0
	}
}
