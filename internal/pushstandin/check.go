package pushstandin

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// maxMessage is how many bytes Firebase takes, without the token.
	maxMessage = 4096
	// maxSkew is how far the time of a signature may be from the token server's own.
	maxSkew = 5 * time.Minute
	scope   = "https://www.googleapis.com/auth/firebase.messaging"
)

// message is what a message may have of Firebase's fields, as far as anybody sends them. Another field is refused.
type message struct {
	Token        string
	Notification struct {
		Title string `json:"title"`
		Body  string `json:"body"`
	}
	Data    map[string]string
	Android struct {
		TTL          string `json:"ttl"`
		Notification struct {
			Tag string `json:"tag"`
		} `json:"notification"`
	}
	APNS struct {
		Headers map[string]string `json:"headers"`
	}
	Webpush struct {
		Headers    map[string]string `json:"headers"`
		FCMOptions struct {
			Link string `json:"link"`
		} `json:"fcm_options"`
	}
}

// refusal is why a request is refused.
type refusal struct {
	status            int
	word, code, field string
}

func refuseField(field string) *refusal {
	return &refusal{status: http.StatusBadRequest, word: "INVALID_ARGUMENT", code: "INVALID_ARGUMENT", field: field}
}

var (
	appToken = regexp.MustCompile(`^[A-Za-z0-9_:-]{16,}$`)
	duration = regexp.MustCompile(`^[0-9]+(\.[0-9]{1,9})?s$`)
)

// reserved are the words that keys of data must not be or begin with.
var reserved = []string{"from", "message_type", "google.", "gcm."}

// checkRequest reads a message, or says why it is refused.
func (s *Standin) checkRequest(h http.Header, body []byte) (*message, *refusal) {
	token, isBearer := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	ends, known := s.access[token]
	s.mu.Unlock()
	if !isBearer || !known || s.now().After(ends) {
		return nil, &refusal{status: http.StatusUnauthorized, word: "UNAUTHENTICATED"}
	}
	var request struct {
		Message *message `json:"message"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if !strings.HasPrefix(h.Get("Content-Type"), "application/json") || !utf8.Valid(body) || d.Decode(&request) != nil || request.Message == nil {
		return nil, refuseField("message")
	}
	m := request.Message
	if field := m.wrongField(len(body)); field != "" {
		return nil, refuseField(field)
	}
	return m, nil
}

// wrongField returns which field Firebase would refuse; empty: none. size is that of the request.
func (m *message) wrongField(size int) string {
	for key := range m.Data {
		for _, word := range reserved {
			if key == word || strings.HasSuffix(word, ".") && strings.HasPrefix(key, word) {
				return "message.data"
			}
		}
	}
	link := m.Webpush.FCMOptions.Link
	u, err := url.Parse(link)
	switch {
	case !appToken.MatchString(m.Token):
		return "message.token"
	case size-len(m.Token) > maxMessage+len(`{"message":{"token":"",}}`):
		return "message"
	case m.Notification.Title == "" || m.Data["send_id"] == "":
		return "message.notification"
	case m.Android.TTL != "" && !isTTL(m.Android.TTL):
		return "message.android.ttl"
	case len(m.APNS.Headers["apns-collapse-id"]) > 64:
		return "message.apns.headers"
	case link != "" && (err != nil || u.Scheme != "https"):
		return "message.webpush.fcm_options.link"
	}
	return ""
}

// isTTL reports whether a text is a time to live that Firebase takes, up to four weeks.
func isTTL(text string) bool {
	if !duration.MatchString(text) {
		return false
	}
	d, err := time.ParseDuration(text)
	return err == nil && d <= 28*24*time.Hour
}

// serveToken gives an access token for a signature of the service account.
func (s *Standin) serveToken(w http.ResponseWriter, r *http.Request, body []byte) {
	s.mu.Lock()
	fault := s.nextFault(true)
	release := s.release
	s.mu.Unlock()
	if fault != (Fault{}) {
		answerFault(w, r, fault, release)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || !s.isSigned(form.Get("assertion"), "http://"+r.Host+r.URL.Path) {
		w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant", "error_description": "Invalid JWT"})
		return
	}
	token, err := newAccessToken()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	s.mu.Lock()
	s.counts.AccessTokens++
	s.access[token] = s.now().Add(tokenLife)
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": int(tokenLife.Seconds())})
}

// isSigned reports whether an assertion is the service account's, for here and now.
func (s *Standin) isSigned(assertion, audience string) bool {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return false
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return false
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&s.key.PublicKey, crypto.SHA256, sum[:], signature) != nil {
		return false
	}
	var claims struct {
		Iss, Scope, Aud string
		Iat, Exp        int64
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		return false
	}
	now := s.now()
	fresh := now.Sub(time.Unix(claims.Iat, 0)).Abs() <= maxSkew && time.Unix(claims.Exp, 0).After(now) && claims.Exp-claims.Iat <= int64(tokenLife.Seconds())
	return fresh && claims.Iss == email && claims.Aud == audience && claims.Scope == scope
}
