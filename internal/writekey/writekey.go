// Package writekey makes and reads the write keys with which events are posted over HTTP. A key is
//
//	hr_<id>_<secret>      hr_k3j7w2qd_mzq4f0…
//
// The id names the key in lists and logs; of the secret only a hash is kept. It has 130 random bits, so that a fast hash is
// enough. The package must not know stores or HTTP.
package writekey

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
)

const (
	prefix    = "hr_"
	idLen     = 8
	secretLen = 26
)

// New returns a new key and its id.
func New() (key, id string) {
	id = strings.ToLower(rand.Text()[:idLen])
	return prefix + id + "_" + strings.ToLower(rand.Text()[:secretLen]), id
}

// Parse returns the id of a key, and whether the text has the form of a key. Whether the key is one that was made, its hash says.
func Parse(key string) (id string, ok bool) {
	rest, ok := strings.CutPrefix(key, prefix)
	if !ok || len(rest) != idLen+1+secretLen || rest[idLen] != '_' {
		return "", false
	}
	id = rest[:idLen]
	return id, isPlain(id) && isPlain(rest[idLen+1:])
}

// ValidID reports whether a text has the form of a key's id.
func ValidID(id string) bool { return len(id) == idLen && isPlain(id) }

func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// Hash returns what is kept of a key.
func Hash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// Matches reports whether a key is the one with the hash, in a time that does not depend on where they differ.
func Matches(key, hash string) bool {
	return subtle.ConstantTimeCompare([]byte(Hash(key)), []byte(hash)) == 1
}
