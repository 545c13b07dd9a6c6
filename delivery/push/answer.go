package push

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"homeroom/delivery"
)

// errTokenGone says that no app answers to a token any more.
var errTokenGone = errors.New("no app answers to the token any more")

const (
	// quotaPause is how long Firebase asks to wait after a 429 that says no time.
	quotaPause = time.Minute
	// misconfiguredPause is how long a message waits that the token's app cannot get until somebody has changed something in the Firebase console. Other messages go on.
	misconfiguredPause = 10 * time.Minute
)

// The error codes of Firebase that say more than the status, https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode.
const (
	codeUnregistered = "UNREGISTERED"
	codeInvalid      = "INVALID_ARGUMENT"
	codeMismatch     = "SENDER_ID_MISMATCH"
	codeThirdParty   = "THIRD_PARTY_AUTH_ERROR"
)

// answerError is the body of an answer that is no acceptance.
type answerError struct {
	Error struct {
		Status  string `json:"status"`
		Message string `json:"message"`
		Details []struct {
			ErrorCode       string `json:"errorCode"` // of an FcmError
			FieldViolations []struct {
				Field string `json:"field"`
			} `json:"fieldViolations"` // of a BadRequest
		} `json:"details"`
	} `json:"error"`
}

// errorCode is the error code of Firebase, or else the status; empty: neither is a word.
func (e *answerError) errorCode() string {
	for _, d := range e.Error.Details {
		if isWord(d.ErrorCode) {
			return d.ErrorCode
		}
	}
	if isWord(e.Error.Status) {
		return e.Error.Status
	}
	return ""
}

// isAboutToken reports whether the request is refused because of its token, and of nothing else. Firebase says so by the field, or only by the words "The registration token
// is not a valid FCM registration token" (https://github.com/firebase/firebase-admin-java/issues/1064).
func (e *answerError) isAboutToken() bool {
	about := strings.Contains(strings.ToLower(e.Error.Message), "registration token")
	for _, d := range e.Error.Details {
		for _, v := range d.FieldViolations {
			if v.Field != "message.token" {
				return false
			}
			about = true
		}
	}
	return about
}

// classifyAnswer says what a complete answer without acceptance means for the message to one token.
func classifyAnswer(status int, h http.Header, body []byte, now time.Time) *delivery.Error {
	var answer answerError
	_ = json.Unmarshal(body, &answer) // a gateway answers what it likes; the status is left then
	code := answer.errorCode()
	e := &delivery.Error{Class: delivery.Final, Status: status, Message: fmt.Sprintf("Firebase answered %d %s", status, code)}
	switch {
	case status == http.StatusNotFound && code == codeUnregistered, status == http.StatusBadRequest && code == codeInvalid && answer.isAboutToken():
		e.Err = errTokenGone
	case status == http.StatusForbidden && code == codeMismatch:
		letWait(e, "the token is of another Firebase project than the service account; compare the two")
	case status == http.StatusUnauthorized && code == codeThirdParty:
		letWait(e, "the APNs key or the web push key of the Firebase project is not right")
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.Class = delivery.Refused
		e.Message += ": the service account may not send; is it of this project, and has it the role Firebase Cloud Messaging API Admin?"
	case status == http.StatusNotFound:
		e.Class = delivery.Refused
		e.Message += ": there is no such project; compare the service account and --push-url"
	case status == http.StatusTooManyRequests:
		e.Class = delivery.Retry
		e.RetryAfter = max(delivery.RetryAfter(h, now), quotaPause)
	case status == http.StatusInternalServerError, status == http.StatusServiceUnavailable:
		e.Class = delivery.Retry
		e.RetryAfter = delivery.RetryAfter(h, now)
	case status >= http.StatusInternalServerError: // gateways: what is behind them may have taken it
		e.Class = delivery.Uncertain
	}
	return e
}

// letWait lets a message wait until somebody has changed something.
func letWait(e *delivery.Error, words string) {
	e.Class = delivery.Retry
	e.RetryAfter = misconfiguredPause
	e.Message += ": " + words
}

// outcomeOf joins what became of a message at each of a learner's apps: the learner is reached if one of them took it. If none did, the error with the highest rank
// counts: Uncertain before Refused, Retry and Final, because a message that may have arrived is not sent again.
func outcomeOf(results []result) (delivery.Receipt, error) {
	var worst error
	rank := map[delivery.Class]int{delivery.Final: 1, delivery.Retry: 2, delivery.Refused: 3, delivery.Uncertain: 4}
	highest := 0
	for _, r := range results {
		if r.err == nil {
			return r.receipt, nil
		}
		if class, _ := delivery.Classify(r.err); rank[class] > highest {
			highest = rank[class]
			worst = r.err
		}
	}
	if worst == nil {
		return delivery.Receipt{}, &delivery.Error{Class: delivery.Final, Message: "the learner has no app that messages can be pushed to"}
	}
	if len(results) > 1 && allGone(results) {
		worst = &delivery.Error{Class: delivery.Final, Message: "none of the learner's apps answers any more", Err: errTokenGone}
	}
	return delivery.Receipt{}, worst
}

// result is what became of a message at one app.
type result struct {
	token   string
	receipt delivery.Receipt
	err     error
}

func allGone(results []result) bool {
	for _, r := range results {
		if !errors.Is(r.err, errTokenGone) {
			return false
		}
	}
	return true
}
