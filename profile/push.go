package profile

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"time"

	"homeroom/engine"
)

// TraitPushTokens is the trait under which a platform publishes the tokens of the learner's apps: a list of texts, the newest last, or one text.
const TraitPushTokens = "push_tokens"

// MaxPushTokens is how many tokens of a learner are used, the last ones of the list.
const MaxPushTokens = 10

// pushToken is what a token looks like. Firebase calls them opaque; this is what they are made of.
var pushToken = regexp.MustCompile(`^[A-Za-z0-9_:.~=+/-]+$`)

// The lengths that a token may have, in bytes.
const (
	minPushToken = 16
	maxPushToken = 1024
)

// PushTokens returns the tokens among traits, each once, in their order; at most MaxPushTokens. What cannot be a token is left out.
func PushTokens(traits map[string]any) []string {
	published, _ := publishedTokens(traits)
	return lastTokens(published, MaxPushTokens)
}

// lastTokens returns the last tokens among published values, at most so many, each once, in their order.
func lastTokens(published []any, most int) []string {
	var tokens []string
	for _, value := range slices.Backward(published) {
		token, _ := value.(string)
		if isPublishedToken(value) && !slices.Contains(tokens, token) && len(tokens) < most {
			tokens = append(tokens, token)
		}
	}
	slices.Reverse(tokens)
	return tokens
}

// publishedTokens returns the values that a platform published as tokens; ok is false if the trait is neither a text nor a list.
func publishedTokens(traits map[string]any) (values []any, ok bool) {
	switch value := traits[TraitPushTokens].(type) {
	case string:
		return []any{value}, true
	case []any:
		return value, true
	}
	return nil, false
}

// isPublishedToken reports whether a published value can be a token.
func isPublishedToken(value any) bool {
	token, isText := value.(string)
	return isText && isPushToken(token)
}

// reachByPush is what the engine may know of the learner's push tokens.
func (p Profile) reachByPush() engine.Reach {
	known := map[string]any{TraitPushTokens: p.Traits[TraitPushTokens]}
	p.leaveOutDroppedTokens(known)
	return engine.Reach{Known: len(PushTokens(known)) > 0, Suppressed: p.UnsubscribedAll}
}

// DropToken records that no app answers to a push token any more, so that it is not tried again although the platform publishes it. changed is false if
// the token is not one of the learner's, or is dropped already.
func (p *Profile) DropToken(token string, at time.Time) (changed bool) {
	published := PushTokens(p.Traits)
	if _, known := p.DroppedTokens[hashToken(token)]; known || !slices.Contains(published, token) {
		return false
	}
	dropped := map[string]time.Time{hashToken(token): at}
	for _, other := range published { // of those that are published no more nothing needs to be remembered
		if since, known := p.DroppedTokens[hashToken(other)]; known {
			dropped[hashToken(other)] = since
		}
	}
	p.DroppedTokens = dropped
	return true
}

// leaveOutDroppedTokens takes the tokens that were dropped out of a copy of the traits.
func (p *Profile) leaveOutDroppedTokens(traits map[string]any) {
	if len(p.DroppedTokens) == 0 {
		return
	}
	isDropped := func(token string) bool {
		_, dropped := p.DroppedTokens[hashToken(token)]
		return dropped
	}
	published := PushTokens(traits)
	if !slices.ContainsFunc(published, isDropped) {
		return
	}
	left := []any{}
	for _, token := range slices.DeleteFunc(published, isDropped) {
		left = append(left, token)
	}
	traits[TraitPushTokens] = left
}

// isPushToken reports whether a text can be a token.
func isPushToken(text string) bool {
	return len(text) >= minPushToken && len(text) <= maxPushToken && pushToken.MatchString(text)
}

// hashToken is how a token is remembered that was dropped: a token is long, and the first 16 bytes of its hash tell it from the learner's others.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:16])
}
