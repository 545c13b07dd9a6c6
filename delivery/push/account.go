package push

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/jwt"

	"homeroom/delivery"
)

// scope is what an access token is asked for.
const scope = "https://www.googleapis.com/auth/firebase.messaging"

// maxAccount bounds the file of a service account, in bytes.
const maxAccount = 64 << 10

// Account is a service account of Google's, as the file that the Firebase console makes has it. Printing it does not print the key.
type Account struct {
	Project string // that the messages are of
	Email   string // who the account is
	config  *jwt.Config
}

// Format keeps the key out of logs, however the account is printed.
func (a Account) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "push.Account{Project:%q Email:%q}", a.Project, a.Email)
}

// ReadAccount reads the file of a service account. No error tells the key.
func ReadAccount(r io.Reader) (Account, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxAccount))
	if err != nil {
		return Account{}, fmt.Errorf("read the service account: %w", err)
	}
	var file struct {
		Type         string `json:"type"`
		ProjectID    string `json:"project_id"`
		PrivateKeyID string `json:"private_key_id"`
		PrivateKey   string `json:"private_key"`
		ClientEmail  string `json:"client_email"`
		TokenURI     string `json:"token_uri"`
	}
	if json.Unmarshal(raw, &file) != nil { // its error may repeat what stands in the file
		return Account{}, errors.New("the service account is not JSON; take the file as the Firebase console made it (Project settings, Service accounts, Generate new private key)")
	}
	if file.Type != "service_account" {
		return Account{}, fmt.Errorf("the file is of the type %.40q, not service_account; take the one that the Firebase console makes under Project settings, Service accounts", file.Type)
	}
	for _, need := range []struct{ key, value string }{
		{"project_id", file.ProjectID}, {"client_email", file.ClientEmail}, {"private_key", file.PrivateKey}, {"token_uri", file.TokenURI},
	} {
		if need.value == "" {
			return Account{}, fmt.Errorf("the service account has no %s; take the file as the Firebase console made it", need.key)
		}
	}
	if err := checkKey(file.PrivateKey); err != nil {
		return Account{}, err
	}
	if u, err := url.Parse(file.TokenURI); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return Account{}, errors.New("the service account's token_uri is not a web address like https://oauth2.googleapis.com/token")
	}
	return Account{
		Project: file.ProjectID,
		Email:   file.ClientEmail,
		config: &jwt.Config{
			Email:        file.ClientEmail,
			PrivateKey:   []byte(file.PrivateKey),
			PrivateKeyID: file.PrivateKeyID,
			Scopes:       []string{scope},
			TokenURL:     file.TokenURI,
		},
	}, nil
}

// checkKey says why a private key cannot sign.
func checkKey(text string) error {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return errors.New("the service account's private_key is not a key in PEM; take the file as the Firebase console made it, with its \\n")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	if _, isRSA := key.(*rsa.PrivateKey); err != nil || !isRSA {
		return errors.New("the service account's private_key is not an RSA key; make a new one in the Firebase console")
	}
	return nil
}

// tokens gets access tokens and keeps one as long as it is valid. It may be used concurrently.
type tokens struct {
	account Account
	http    *http.Client
	now     func() time.Time

	mu       sync.Mutex
	kept     *oauth2.Token  // nil: ask for a new one
	question *tokenQuestion // nil: nobody asks
}

// tokenQuestion is a question to the token server. Everybody who waits for it gets its answer, also a failure: a server that does not answer is waited for once
// and not by one call after the other.
type tokenQuestion struct {
	answered chan struct{} // closed once token and err are set
	token    *oauth2.Token
	err      error // of type *[delivery.Error]
}

// accessToken returns a token. It asks the token server unless a token is kept or somebody asks already. Its errors are of type *[delivery.Error]: nothing of a
// message has gone out.
func (t *tokens) accessToken(ctx context.Context) (string, error) {
	t.mu.Lock()
	if t.kept.Valid() {
		defer t.mu.Unlock()
		return t.kept.AccessToken, nil
	}
	if t.question == nil {
		t.question = &tokenQuestion{answered: make(chan struct{})}
		go t.askServer(t.question)
	}
	question := t.question
	t.mu.Unlock()
	select {
	case <-question.answered:
	case <-ctx.Done():
		return "", &delivery.Error{Class: delivery.Retry, Message: "the attempt ended before Google's token server answered"}
	}
	if question.err != nil {
		return "", question.err
	}
	return question.token.AccessToken, nil
}

// askServer puts a question to the token server and keeps the token. The question ends within the client's timeout, whoever waits for it.
func (t *tokens) askServer(question *tokenQuestion) {
	// The context gives the client only.
	source := t.account.config.TokenSource(context.WithValue(context.Background(), oauth2.HTTPClient, t.http))
	token, err := source.Token()
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.kept = token
	} else {
		err = tokenError(err, t.now())
	}
	question.token = token
	question.err = err
	t.question = nil
	close(question.answered)
}

// forgetToken lets the next call ask for a new token: the one that was kept is refused.
func (t *tokens) forgetToken() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = nil
}

// tokenError says what it means that there is no access token.
func tokenError(err error, now time.Time) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.Response == nil {
		return &delivery.Error{Class: delivery.Retry, Message: "Google's token server could not be reached, or its answer could not be read"}
	}
	status := refused.Response.StatusCode
	if status == http.StatusTooManyRequests || status >= http.StatusInternalServerError {
		return &delivery.Error{Class: delivery.Retry, Status: status, Message: fmt.Sprintf("Google's token server answered %d", status)}
	}
	return &delivery.Error{
		Class:   delivery.Refused,
		Status:  status,
		Message: fmt.Sprintf("Google's token server answered %d%s to the service account; %s", status, errorWord(refused.Body), clockWords(refused.Response.Header, now)),
	}
}

// maxSkew is how far clocks may be apart without a word about it.
const maxSkew = time.Minute

// clockWords says how far this machine's clock is from the one of an answer, since a signature of another time is refused.
func clockWords(h http.Header, now time.Time) string {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return "is its key revoked, or is the clock of this machine wrong?"
	}
	switch ahead := now.Sub(at).Round(time.Minute); {
	case ahead > maxSkew:
		return fmt.Sprintf("the clock of this machine is %s ahead of Google's", ahead)
	case ahead < -maxSkew:
		return fmt.Sprintf("the clock of this machine is %s behind Google's", -ahead)
	}
	return "is its key revoked? The clock of this machine is right"
}

// errorWord returns the OAuth error of an answer, such as invalid_grant, if it is one word.
func errorWord(body []byte) string {
	var answer struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil || !isWord(answer.Error) {
		return ""
	}
	return " " + answer.Error
}

// isWord reports whether a text of an answer is one word, as codes are, so that it can be repeated.
func isWord(text string) bool {
	for _, r := range text {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return text != "" && len(text) <= 64
}
