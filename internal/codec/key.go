package codec

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
)

// KeySize is the length of a key in bytes.
const KeySize = 32

// Key is one key for payloads.
type Key struct {
	id     string
	secret [KeySize]byte
}

// NewKey makes a key of 32 bytes, or of their base64 form (any variant, with space around it).
func NewKey(text []byte) (Key, error) {
	raw := text
	if len(raw) != KeySize {
		var ok bool
		if raw, ok = decodeBase64Key(bytes.TrimSpace(text)); !ok {
			return Key{}, fmt.Errorf("a key has %d bytes, raw or in base64; this one has %d and is neither: make one with `openssl rand -base64 %d`",
				KeySize, len(text), KeySize)
		}
	}
	k := Key{secret: [KeySize]byte(raw)}
	k.id = hex.EncodeToString(k.deriveBytes([]byte("homeroom codec key id"))[:8])
	return k, nil
}

// decodeBase64Key reads exactly one key's bytes.
func decodeBase64Key(text []byte) ([]byte, bool) {
	for _, form := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if raw, err := form.Strict().DecodeString(string(text)); err == nil && len(raw) == KeySize {
			return raw, true
		}
	}
	return nil, false
}

// ID names the key in metadata and errors: 16 hex digits that tell nothing of the key.
func (k Key) ID() string { return k.id }

// String implements fmt.Stringer, so that a key is never printed.
func (k Key) String() string { return "key " + k.id }

// GoString implements fmt.GoStringer for the same reason.
func (k Key) GoString() string { return k.String() }

func (k Key) deriveBytes(from []byte) []byte {
	mac := hmac.New(sha256.New, k.secret[:])
	mac.Write(from)
	return mac.Sum(nil)
}

// ReadKeys reads key files in their order, the one that encrypts first.
func ReadKeys(files ...string) ([]Key, error) {
	var keys []Key
	var problems []error
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			problems = append(problems, fmt.Errorf("reading an encryption key: %w", err))
			continue
		}
		key, err := NewKey(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("the encryption key in %s: %w", file, err))
			continue
		}
		keys = append(keys, key)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return keys, nil
}
