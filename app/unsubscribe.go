package app

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"homeroom/engine"
)

// unsubscribeLinks makes and reads one-click unsubscribe addresses. What they say (whose, which topic) is sealed: nobody
// can make one for somebody else, and nobody who sees one learns who it is, even where ids are addresses.
type unsubscribeLinks struct {
	base string
	seal cipher.AEAD
	// nonceKey derives the nonce from what is sealed, so that the same send always has the same link.
	nonceKey []byte
}

var errBadLink = errors.New("this unsubscribe link was not made here")

func newUnsubscribeLinks(publicURL string, secret []byte) (*unsubscribeLinks, error) {
	u, err := url.Parse(publicURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("the public URL %q is not an http(s) address; write https://learn.example.org", publicURL)
	}
	block, err := aes.NewCipher(derive(secret, "unsubscribe link"))
	if err != nil {
		return nil, fmt.Errorf("keying unsubscribe links: %w", err)
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("keying unsubscribe links: %w", err)
	}
	return &unsubscribeLinks{
		base: strings.TrimSuffix(publicURL, "/") + "/u/", seal: seal, nonceKey: derive(secret, "unsubscribe nonce"),
	}, nil
}

// derive makes a key for one purpose from the installation's secret: 32 bytes.
func derive(secret []byte, purpose string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(purpose))
	return mac.Sum(nil)
}

// of is the link of a send.
func (l *unsubscribeLinks) of(s engine.Send) string {
	plain := []byte(s.Learner + "\x00" + s.Topic)
	nonce := derive(l.nonceKey, string(plain))[:l.seal.NonceSize()]
	return l.base + base64.RawURLEncoding.EncodeToString(l.seal.Seal(nonce, nonce, plain, nil))
}

// read tells whose link this is and which topic it leaves; an empty topic is all of them.
func (l *unsubscribeLinks) read(link string) (learner, topic string, err error) {
	token, ours := strings.CutPrefix(link, l.base)
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if !ours || err != nil || len(raw) < l.seal.NonceSize() {
		return "", "", errBadLink
	}
	plain, err := l.seal.Open(nil, raw[:l.seal.NonceSize()], raw[l.seal.NonceSize():], nil)
	if err != nil {
		return "", "", errBadLink
	}
	learner, topic, _ = strings.Cut(string(plain), "\x00")
	return learner, topic, nil
}
