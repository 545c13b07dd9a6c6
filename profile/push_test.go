package profile_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
	"homeroom/profile"
)

const (
	phone  = "phone-token-0123456789"
	tablet = "tablet:token_0123456789"
)

func TestPushTokensAreReadFromTraits(t *testing.T) {
	many := []any{}
	for i := range 3 * profile.MaxPushTokens {
		many = append(many, "token-0123456789-"+strings.Repeat("x", i))
	}
	for _, c := range []struct {
		name  string
		trait any
		want  []string
	}{
		{"none", nil, nil},
		{"a list", []any{phone, tablet}, []string{phone, tablet}},
		{"one text", phone, []string{phone}},
		{"twice", []any{phone, tablet, phone}, []string{tablet, phone}},
		{"empty", []any{}, nil},
		{"other types", []any{1.0, nil, true, []any{phone}, phone}, []string{phone}},
		{"a map", map[string]any{"ios": phone}, nil},
		{"what cannot be a token", []any{"", "short", "with a space 0123456789", "line\nbreak-0123456789", strings.Repeat("x", 2000)}, nil},
	} {
		if got := profile.PushTokens(map[string]any{profile.TraitPushTokens: c.trait}); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	got := profile.PushTokens(map[string]any{profile.TraitPushTokens: many})
	if len(got) != profile.MaxPushTokens || got[len(got)-1] != many[len(many)-1] {
		t.Errorf("of many tokens %d are used, and not the newest", len(got))
	}
}

// A token that was dropped is not used again, however often the platform publishes it; a new one is.
func TestADroppedTokenIsNotUsedAgain(t *testing.T) {
	p, _, _ := profile.Profile{}.Merge(map[string]any{profile.TraitPushTokens: []any{phone, tablet}}, at(0))
	reach := func() bool { return p.Engine().Reach[engine.ChannelPush].Known }
	if !reach() {
		t.Fatal("the learner cannot be reached")
	}
	if p.DropToken("another-token-0123456789", at(1)) || !p.DropToken(phone, at(1)) || p.DropToken(phone, at(2)) {
		t.Error("what was dropped is not what changed")
	}
	if got := profile.PushTokens(p.AllTraits()); !slices.Equal(got, []string{tablet}) || !reach() {
		t.Errorf("left are %v", got)
	}
	p.DropToken(tablet, at(2))
	if reach() || len(profile.PushTokens(p.AllTraits())) > 0 {
		t.Error("the learner can still be reached")
	}
	p, _, _ = p.Merge(map[string]any{profile.TraitPushTokens: []any{phone}}, at(3)) // the platform has not noticed
	if reach() {
		t.Error("a dropped token came back")
	}
	p, _, _ = p.Merge(map[string]any{profile.TraitPushTokens: []any{phone, "a-new-token-0123456789"}}, at(4))
	if got := profile.PushTokens(p.AllTraits()); !slices.Equal(got, []string{"a-new-token-0123456789"}) || !reach() {
		t.Errorf("used are %v", got)
	}
	p.DropToken("a-new-token-0123456789", at(5))
	if len(p.DroppedTokens) != 2 {
		t.Errorf("%d tokens are remembered, of which two are published", len(p.DroppedTokens))
	}
	raw, err := json.Marshal(p)
	var again profile.Profile
	if err != nil || json.Unmarshal(raw, &again) != nil || again.Engine().Reach[engine.ChannelPush].Known {
		t.Errorf("the record does not keep what was dropped: %s, %v", raw, err)
	}
	if p.LeaveAll(at(6)); !p.Engine().Reach[engine.ChannelPush].Suppressed {
		t.Error("who left everything would still get pushes")
	}
}

func at(hour int) time.Time { return time.Date(2026, 3, 2, hour, 0, 0, 0, time.UTC) }
