package links

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Life is how long unsubscribe and preferences links work after their send. The law asks for thirty days (CAN-SPAM).
const Life = 400 * 24 * time.Hour

// ShareLife is how long clicks on share links are counted; what was posted stays for years.
const ShareLife = 5 * 365 * 24 * time.Hour

// The paths below the public URL.
const (
	PathUnsubscribe = "/u/"
	PathPreferences = "/p/"
	PathShare       = "/s/"
	PathReferral    = "/r/"
)

// PlaceCertificate is the place of the page that posts lead to: the certificate's own.
const PlaceCertificate = "certificate"

// Ref is what an unsubscribe or preferences link says.
type Ref struct {
	Learner string
	Topic   string // of the message; empty: everything
	Send    string // the id of the send that it came with; may be empty
}

// Shared is what lies behind the share links of one send.
type Shared struct {
	Learner     string `json:"learner"`
	Send        string `json:"send"`
	Rule        string `json:"rule,omitempty"`
	Message     string `json:"message,omitempty"`
	Certificate string `json:"certificate,omitempty"` // id
	Course      string `json:"course,omitempty"`      // id
	// Targets are the URLs by place: PlaceCertificate, or where to share.
	Targets map[string]string `json:"targets"`
	At      time.Time         `json:"at"`
}

// Referred is what lies behind a referral code.
type Referred struct {
	Learner string `json:"learner"`
	Target  string `json:"target"` // URL
}

// Links makes and reads links. It does not change and may be used concurrently.
type Links struct {
	base                            string
	unsubscribe, preferences, share *sealer
	referral                        []byte
}

// New returns the links of an installation whose pages are reached at publicURL (http or https, without a path's trailing
// slash or with). The first secret makes links and reads them, further ones read links made before they were replaced.
func New(publicURL string, secrets ...[]byte) (*Links, error) {
	u, err := url.Parse(publicURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("the public URL %q is not an http(s) address; write https://learn.example.org", publicURL)
	}
	if len(secrets) == 0 || len(secrets[0]) == 0 {
		return nil, errors.New("links need a secret")
	}
	l := &Links{base: strings.TrimRight(publicURL, "/"), referral: deriveKey(secrets[len(secrets)-1], "referral")}
	for _, kind := range []struct {
		name string
		into **sealer
	}{{"unsubscribe", &l.unsubscribe}, {"preferences", &l.preferences}, {"share", &l.share}} {
		if *kind.into, err = newSealer(kind.name, secrets); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Unsubscribe is the one-click link that came with a send made at `at`.
func (l *Links) Unsubscribe(r Ref, at time.Time) string {
	return l.base + PathUnsubscribe + l.unsubscribe.sealToken(r.encodeRef(), at.Add(Life))
}

// Preferences is the link to the learner's preferences that came with a send made at `at`.
func (l *Links) Preferences(r Ref, at time.Time) string {
	return l.base + PathPreferences + l.preferences.sealToken(r.encodeRef(), at.Add(Life))
}

// Share is the link of a send to a place: PlaceCertificate, or where to share.
func (l *Links) Share(send, place string, at time.Time) string {
	return l.base + PathShare + l.share.sealToken(append(keyBytes(send), place...), at.Add(ShareLife))
}

// Referral is the learner's referral code, and the link with it. Both stay the same for the learner's life; of several
// secrets the oldest makes them.
func (l *Links) Referral(learner string) (code, link string) {
	code = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(deriveKey(l.referral, learner)[:8])
	return code, l.base + PathReferral + code
}

// ReadUnsubscribe reads the token of an unsubscribe link. The error is ErrForged, or ErrExpired, with which the Ref is
// returned too.
func (l *Links) ReadUnsubscribe(token string, now time.Time) (Ref, error) {
	return readRef(l.unsubscribe, token, now)
}

// ReadPreferences is ReadUnsubscribe for preferences links.
func (l *Links) ReadPreferences(token string, now time.Time) (Ref, error) {
	return readRef(l.preferences, token, now)
}

// ReadShare reads the token of a share link: under which key its Shared is kept, and which place is meant. The error is
// ErrForged, or ErrExpired, with which both are returned too.
func (l *Links) ReadShare(token string, now time.Time) (keptAs, place string, err error) {
	plain, err := l.share.openToken(token, now)
	if len(plain) < keyLen {
		return "", "", ErrForged
	}
	return hex.EncodeToString(plain[:keyLen]), string(plain[keyLen:]), err
}

func readRef(s *sealer, token string, now time.Time) (Ref, error) {
	plain, err := s.openToken(token, now)
	if plain == nil {
		return Ref{}, err
	}
	parts := strings.SplitN(string(plain), "\x00", 3)
	if len(parts) != 3 {
		return Ref{}, ErrForged
	}
	return Ref{Send: parts[0], Topic: parts[1], Learner: parts[2]}, err
}

// encodeRef writes the learner last: an id may hold any byte.
func (r Ref) encodeRef() []byte { return []byte(r.Send + "\x00" + r.Topic + "\x00" + r.Learner) }

const keyLen = 12

// Key is under which a send's Shared is kept: 24 hex digits.
func Key(send string) string { return hex.EncodeToString(keyBytes(send)) }

func keyBytes(send string) []byte {
	sum := sha256.Sum256([]byte("share " + send))
	return sum[:keyLen]
}
