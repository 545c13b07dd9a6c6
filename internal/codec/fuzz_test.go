package codec_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"homeroom/internal/codec"
)

// FuzzNewKey: a key file is read as a key or refused, and neither the key nor the refusal shows what is in it.
func FuzzNewKey(f *testing.F) {
	raw := strings.Repeat("k", codec.KeySize)
	for _, text := range []string{raw, base64.StdEncoding.EncodeToString([]byte(raw)), base64.RawURLEncoding.EncodeToString([]byte(raw)) + "\n", "", "short", strings.Repeat("=", 44)} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := codec.NewKey(text)
		if err != nil {
			if shown := strings.TrimSpace(string(text)); len(shown) > 8 && strings.Contains(err.Error(), shown) {
				t.Errorf("the refusal shows the key: %v", err)
			}
			return
		}
		if len(key.ID()) != 16 || strings.Contains(key.String(), string(text)) {
			t.Errorf("the key says of itself %q, %s", key.ID(), key)
		}
		if again, err := codec.NewKey(text); err != nil || again.ID() != key.ID() {
			t.Errorf("read twice it is %s and %s (%v)", key, again, err)
		}
	})
}
