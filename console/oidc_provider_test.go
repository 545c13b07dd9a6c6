package console_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// provider is an identity provider with real signatures. It signs in whoever its claims say, without asking.
type provider struct {
	t      *testing.T
	server *httptest.Server
	key    *rsa.PrivateKey
	secret string

	mu     sync.Mutex
	codes  map[string]url.Values // what was asked for, by code
	claims map[string]any        // of the next ID token, besides those of every token; nil removes one
	forge  func(header map[string]any, signed []byte) (signature []byte)
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{t: t, key: key, secret: "a secret of the client", codes: map[string]url.Values{}, claims: map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		root := p.server.URL
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": root, "authorization_endpoint": root + "/authorize", "token_endpoint": root + "/token", "jwks_uri": root + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "kid": "k1", "alg": "RS256", "use": "sig", "n": encode(p.key.N.Bytes()), "e": encode(big.NewInt(int64(p.key.E)).Bytes()),
		}}})
	})
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.giveToken)
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	return p
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// say changes the claims of the tokens from here on.
func (p *provider) say(claims map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.claims = claims
}

func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	if asked.Get("response_type") != "code" || asked.Get("code_challenge_method") != "S256" || !strings.Contains(asked.Get("scope"), "openid") {
		http.Error(w, "not the flow with a code and PKCE", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.mu.Lock()
	p.codes[code] = asked
	p.mu.Unlock()
	back, err := url.Parse(asked.Get("redirect_uri"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	back.RawQuery = url.Values{"code": {code}, "state": {asked.Get("state")}}.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}

func (p *provider) giveToken(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked, known := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	id, secret, _ := r.BasicAuth()
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if secret, _ = url.QueryUnescape(secret); !known || id != "homeroom" || secret != p.secret || encode(challenge[:]) != asked.Get("code_challenge") {
		http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		return
	}
	claims := map[string]any{
		"iss": p.server.URL, "aud": "homeroom", "sub": "1", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(), "nonce": asked.Get("nonce"),
		"email": "maya@academy.example", "email_verified": true, "groups": []string{"staff", "editors"},
	}
	maps.Copy(claims, p.claims)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": p.sign(claims)})
}

// sign returns a JSON Web Token.
func (p *provider) sign(claims map[string]any) string {
	header := map[string]any{"alg": "RS256", "kid": "k1", "typ": "JWT"}
	body, err := json.Marshal(claims)
	if err != nil {
		p.t.Error(err)
	}
	write := func() string {
		head, err := json.Marshal(header)
		if err != nil {
			p.t.Error(err)
		}
		return encode(head) + "." + encode(body)
	}
	if p.forge != nil {
		signature := p.forge(header, nil)
		return write() + "." + encode(signature)
	}
	signed := write()
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, p.key, crypto.SHA256, sum[:])
	if err != nil {
		p.t.Error(err)
	}
	return signed + "." + encode(signature)
}

func signWith(key *rsa.PrivateKey) []byte {
	sum := sha256.Sum256([]byte("something else"))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return nil
	}
	return signature
}
