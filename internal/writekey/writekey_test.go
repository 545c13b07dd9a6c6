package writekey_test

import (
	"strings"
	"testing"

	"homeroom/internal/writekey"
)

func TestAKey(t *testing.T) {
	key, id := writekey.New()
	if got, ok := writekey.Parse(key); !ok || got != id || !writekey.ValidID(id) {
		t.Errorf("Parse(%q) = %q, %v; the id is %q", key, got, ok, id)
	}
	if !writekey.Matches(key, writekey.Hash(key)) {
		t.Error("a key does not match its hash")
	}
	other, _ := writekey.New()
	if writekey.Matches(other, writekey.Hash(key)) {
		t.Error("another key matches")
	}
}

func TestWhatIsNoKey(t *testing.T) {
	key, id := writekey.New()
	for _, text := range []string{"", "hr_", id, key[1:], key + "a", strings.ToUpper(key), strings.Replace(key, "_", "-", 2), strings.Replace(key, id, "../secre", 1)} {
		if id, ok := writekey.Parse(text); ok {
			t.Errorf("%q is read as the key %q", text, id)
		}
	}
}

func FuzzParse(f *testing.F) {
	key, _ := writekey.New()
	f.Add(key)
	f.Add("hr_a_b")
	f.Fuzz(func(t *testing.T, text string) {
		id, ok := writekey.Parse(text)
		if ok && (!writekey.ValidID(id) || !strings.HasPrefix(text, "hr_"+id+"_")) {
			t.Errorf("%q is the key %q", text, id)
		}
	})
}
