// Package rfc3339 reads times by RFC 3339, section 5.6, as publishers write them.
package rfc3339

import (
	"bytes"
	"errors"
	"time"
)

// The shortest and the longest text that are read as a time, in bytes.
const (
	shortest = len("2026-03-02T10:00:00Z")
	longest  = 64
)

var errNoTime = errors.New("no time by RFC 3339, as in 2026-03-02T10:00:00Z")

// Parse reads a time. Offsets go up to 23:59 either way; T and Z may be small letters, which [time.Parse] refuses. Offsets of 24:00
// and of 60 minutes, which [time.Parse] takes, are refused: the first cannot be written again.
func Parse(text string) (time.Time, error) { return ParseBytes([]byte(text)) }

// ParseBytes is Parse for who has read no string yet. It keeps nothing of text.
func ParseBytes(text []byte) (time.Time, error) {
	if len(text) < shortest || len(text) > longest || text[4] != '-' { // most texts are no time, and an error of package time is large
		return time.Time{}, errNoTime
	}
	var at time.Time
	err := at.UnmarshalText(text)
	if err != nil && bytes.ContainsAny(text, "tz") {
		err = at.UnmarshalText(bytes.ToUpper(text))
	}
	if err != nil {
		return time.Time{}, err
	}
	if n := len(text); text[n-3] == ':' && (string(text[n-5:n-3]) > "23" || string(text[n-2:]) > "59") { // it ends in +hh:mm
		return time.Time{}, errNoTime
	}
	return at, nil
}
