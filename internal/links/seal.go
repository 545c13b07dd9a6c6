package links

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

var (
	// ErrForged says that a token was not made here, or has been changed.
	ErrForged = errors.New("this link was not made here, or it was cut off on its way")
	// ErrExpired says that a token was made here, and that its time is over.
	ErrExpired = errors.New("this link has expired")
)

const (
	keyIDLen  = 4
	expiryLen = 4
	// maxToken bounds what is looked at, in bytes; the longest token made is well below.
	maxToken = 2048
)

// sealer seals the content of one kind of link.
type sealer struct{ keys []sealKey } // the first seals, all open

type sealKey struct {
	id       [keyIDLen]byte
	seal     cipher.AEAD
	nonceKey []byte // from which, and from the content, each nonce is derived
}

func newSealer(purpose string, secrets [][]byte) (*sealer, error) {
	s := &sealer{}
	for _, secret := range secrets {
		block, err := aes.NewCipher(deriveKey(secret, purpose))
		if err != nil {
			return nil, fmt.Errorf("keying %s links: %w", purpose, err)
		}
		seal, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("keying %s links: %w", purpose, err)
		}
		key := sealKey{seal: seal, nonceKey: deriveKey(secret, purpose+" nonce")}
		copy(key.id[:], deriveKey(secret, purpose+" key id"))
		s.keys = append(s.keys, key)
	}
	return s, nil
}

// deriveKey makes a key for one purpose from a secret: 32 bytes.
func deriveKey(secret []byte, purpose string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("homeroom links: " + purpose))
	return mac.Sum(nil)
}

// sealToken seals the content until it expires.
func (s *sealer) sealToken(content []byte, expires time.Time) string {
	key := s.keys[0]
	plain := binary.BigEndian.AppendUint32(make([]byte, 0, expiryLen+len(content)), unixSeconds32(expires))
	plain = append(plain, content...)
	nonce := deriveKey(key.nonceKey, string(plain))[:key.seal.NonceSize()]
	token := append(bytes.Clone(key.id[:]), nonce...)
	return base64.RawURLEncoding.EncodeToString(key.seal.Seal(token, nonce, plain, key.id[:]))
}

// openToken returns the content; with ErrExpired, too.
func (s *sealer) openToken(token string, now time.Time) ([]byte, error) {
	if len(token) > maxToken {
		return nil, ErrForged
	}
	// One content has one spelling; even a strict decoder skips line breaks.
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || base64.RawURLEncoding.EncodeToString(raw) != token {
		return nil, ErrForged
	}
	for _, key := range s.keys {
		size := key.seal.NonceSize()
		if len(raw) < keyIDLen+size || !bytes.Equal(raw[:keyIDLen], key.id[:]) {
			continue
		}
		plain, err := key.seal.Open(nil, raw[keyIDLen:keyIDLen+size], raw[keyIDLen+size:], key.id[:])
		if err != nil || len(plain) < expiryLen {
			return nil, ErrForged
		}
		if int64(binary.BigEndian.Uint32(plain)) < now.Unix() {
			return plain[expiryLen:], ErrExpired
		}
		return plain[expiryLen:], nil
	}
	return nil, ErrForged
}

// unixSeconds32 returns a time in Unix seconds, limited to what four bytes hold (1970 to 2106).
func unixSeconds32(t time.Time) uint32 {
	return uint32(min(max(t.Unix(), 0), 1<<32-1))
}
