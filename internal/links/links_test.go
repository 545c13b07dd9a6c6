package links

import (
	"errors"
	"strings"
	"testing"
	"time"
)

var at = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

func fresh(t testing.TB, secrets ...string) *Links {
	t.Helper()
	var raw [][]byte
	for _, s := range secrets {
		raw = append(raw, []byte(s))
	}
	l, err := New("https://learn.example.org/", raw...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestALinkSaysWhatItWasMadeFor(t *testing.T) {
	l := fresh(t, "a secret of this installation")
	for _, want := range []Ref{
		{Learner: "ada@example.org", Topic: "progress", Send: "snd-1"},
		{Learner: "u_42"},
		{Learner: "odd\x00id\x00", Topic: "t"},
	} {
		link := l.Unsubscribe(want, at)
		token, ok := strings.CutPrefix(link, "https://learn.example.org/u/")
		if !ok || strings.Contains(link, "ada") {
			t.Errorf("link %s: want an opaque one below /u/", link)
		}
		if got, err := l.ReadUnsubscribe(token, at.Add(Life)); err != nil || got != want {
			t.Errorf("read %+v, %v; want %+v", got, err, want)
		}
		if link != l.Unsubscribe(want, at) {
			t.Error("the same send has two links")
		}
		if got, err := l.ReadUnsubscribe(token, at.Add(Life+time.Second)); !errors.Is(err, ErrExpired) || got != want {
			t.Errorf("after its life: %+v, %v", got, err)
		}
		if _, err := l.ReadPreferences(token, at); !errors.Is(err, ErrForged) {
			t.Errorf("an unsubscribe link opens the preferences: %v", err)
		}
	}
	token := strings.TrimPrefix(l.Share("snd-1", "linkedin_post", at), "https://learn.example.org/s/")
	if key, place, err := l.ReadShare(token, at); err != nil || key != Key("snd-1") || place != "linkedin_post" {
		t.Errorf("share: %q, %q, %v", key, place, err)
	}
	if len(token) > 90 {
		t.Errorf("a share token has %d characters, too many for a mail's plain text", len(token))
	}
}

func TestAChangedTokenIsRefused(t *testing.T) {
	l := fresh(t, "a secret of this installation")
	token := strings.TrimPrefix(l.Unsubscribe(Ref{Learner: "u_42", Topic: "progress"}, at), "https://learn.example.org/u/")
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range len(token) {
		for _, r := range alphabet {
			if forged := token[:i] + string(r) + token[i+1:]; forged != token {
				if ref, err := l.ReadUnsubscribe(forged, at); !errors.Is(err, ErrForged) {
					t.Fatalf("changed at %d to %q: %+v, %v", i, r, ref, err)
				}
			}
		}
	}
	for _, odd := range []string{"", token[:20], token + "AA", token + "=", token[:20] + "\r" + token[20:], token + "\n", strings.Repeat("A", 5000), "../../etc"} {
		if _, err := l.ReadUnsubscribe(odd, at); !errors.Is(err, ErrForged) {
			t.Errorf("%.30q was taken: %v", odd, err)
		}
	}
}

func TestSecretsCanBeReplaced(t *testing.T) {
	old := fresh(t, "the old secret")
	other := fresh(t, "somebody else's")
	both := fresh(t, "the new secret", "the old secret")
	token := strings.TrimPrefix(old.Preferences(Ref{Learner: "u_1"}, at), "https://learn.example.org/p/")
	if got, err := both.ReadPreferences(token, at); err != nil || got.Learner != "u_1" {
		t.Errorf("an old link after the secret was replaced: %+v, %v", got, err)
	}
	if _, err := other.ReadPreferences(token, at); !errors.Is(err, ErrForged) {
		t.Errorf("another installation's link was read: %v", err)
	}
	oldCode, _ := old.Referral("u_1")
	if code, link := both.Referral("u_1"); code != oldCode || link != "https://learn.example.org/r/"+code || len(code) != 13 {
		t.Errorf("referral code %q, %q; want %q as before", code, link, oldCode)
	}
}

func TestWhatIsNoPublicURL(t *testing.T) {
	for _, bad := range []string{"", "learn.example.org", "ftp://learn.example.org", "https://", "https://a@learn.example.org", "https://x.org/?a=b"} {
		if _, err := New(bad, []byte("secret")); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if _, err := New("https://learn.example.org"); err == nil {
		t.Error("links without a secret")
	}
}

func FuzzTokens(f *testing.F) {
	l := fresh(f, "a secret of this installation")
	f.Add(strings.TrimPrefix(l.Share("snd-1", "x", at), "https://learn.example.org/s/"))
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		if ref, err := l.ReadUnsubscribe(token, at); err == nil {
			t.Errorf("%q was taken for %+v", token, ref)
		}
		key, place, err := l.ReadShare(token, at)
		if err == nil && l.Share("snd-1", place, at) != l.base+PathShare+token {
			t.Errorf("%q was taken for %s %s", token, key, place)
		}
	})
}
