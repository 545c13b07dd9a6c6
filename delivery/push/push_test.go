package push_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"homeroom/delivery"
	"homeroom/delivery/push"
	"homeroom/internal/pushstandin"
)

const app = "phone:0123456789abcdef"

// firebase is a stand-in with a client whose account it knows.
type firebase struct {
	*pushstandin.Standin
	url     string
	account push.Account
	client  *push.Client
}

// newFirebase starts a stand-in whose clock is off by skew.
func newFirebase(t *testing.T, skew time.Duration) *firebase {
	t.Helper()
	standin, err := pushstandin.New(pushstandin.Options{Now: func() time.Time { return time.Now().Add(skew) }})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(standin)
	t.Cleanup(server.Close)
	file, err := standin.Account(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	account, err := push.ReadAccount(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return &firebase{Standin: standin, url: server.URL, account: account, client: newClient(t, account, server.URL)}
}

// newClient returns a client that waits longer for an answer than a busy machine takes.
func newClient(t *testing.T, account push.Account, url string) *push.Client {
	t.Helper()
	return newClientWithin(t, time.Minute, account, url)
}

// newClientWithin returns a client that waits so long for an answer.
func newClientWithin(t *testing.T, timeout time.Duration, account push.Account, url string) *push.Client {
	t.Helper()
	client, err := push.New(push.Options{Account: account, Host: url, Timeout: timeout, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// pushTo makes one attempt.
func (f *firebase) pushTo(t *testing.T, token string) error {
	t.Helper()
	body := fmt.Sprintf(`{"message":{"token":%q,"notification":{"title":"Soon"},"data":{"send_id":"snd-1"}}}`, token)
	_, err := f.client.Push(t.Context(), push.Push{Token: token, Body: []byte(body)})
	return err
}

func TestWhatAnswersMean(t *testing.T) {
	f := newFirebase(t, 0)
	for _, c := range []struct {
		name  string
		fault pushstandin.Fault
		class delivery.Class
		after time.Duration
		words string
	}{
		{"taken", pushstandin.Fault{}, "", 0, ""},
		{"a bad request", pushstandin.Fault{Status: 400, Code: "INVALID_ARGUMENT"}, delivery.Final, 0, "400 INVALID_ARGUMENT"},
		{"another project's token", pushstandin.Fault{Status: 403, Code: "SENDER_ID_MISMATCH"}, delivery.Retry, 10 * time.Minute, "another Firebase project"},
		{"no APNs key", pushstandin.Fault{Status: 401, Code: "THIRD_PARTY_AUTH_ERROR"}, delivery.Retry, 10 * time.Minute, "APNs"},
		{"not allowed", pushstandin.Fault{Status: 403}, delivery.Refused, 0, "may not send"},
		{"not known", pushstandin.Fault{Status: 401}, delivery.Refused, 0, "may not send"},
		{"no such project", pushstandin.Fault{Status: 404}, delivery.Refused, 0, "no such project"},
		{"too many", pushstandin.Fault{Status: 429, Code: "QUOTA_EXCEEDED"}, delivery.Retry, time.Minute, "QUOTA_EXCEEDED"},
		{"too many, and until when", pushstandin.Fault{Status: 429, RetryAfter: "600"}, delivery.Retry, 10 * time.Minute, "429"},
		{"too many, for ages", pushstandin.Fault{Status: 429, RetryAfter: "99999999"}, delivery.Retry, 24 * time.Hour, "429"},
		{"an error inside", pushstandin.Fault{Status: 500, Code: "INTERNAL"}, delivery.Retry, 0, "500 INTERNAL"},
		{"not now", pushstandin.Fault{Status: 503, RetryAfter: "120"}, delivery.Retry, 2 * time.Minute, "503"},
		{"a gateway", pushstandin.Fault{Status: 502, Taken: true}, delivery.Uncertain, 0, "502"},
		{"reset", pushstandin.Fault{Reset: true}, delivery.Uncertain, 0, "written"},
		{"no answer", pushstandin.Fault{Hold: true, Reset: true, Taken: true}, delivery.Uncertain, 0, "too long"},
		{"the token server is away", pushstandin.Fault{Status: 503, AtToken: true}, delivery.Retry, 0, "token server answered 503"},
		{"the token server refuses", pushstandin.Fault{Status: 403, AtToken: true}, delivery.Refused, 0, "token server answered 403"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.fault.AtToken { // a client that has no access token yet
				f = newFirebase(t, 0)
			}
			if c.fault != (pushstandin.Fault{}) {
				f.Fail(c.fault)
			}
			from := f
			if c.fault.Hold {
				from = &firebase{client: newClientWithin(t, 500*time.Millisecond, f.account, f.url)}
				for try := 0; from.client.Check() != nil && try < 60; try++ { // its access token may take longer on a busy machine
				}
			}
			err := from.pushTo(t, app)
			class, after := delivery.Classify(err)
			if err == nil {
				class = ""
			}
			if class != c.class || after != c.after || err != nil && !strings.Contains(err.Error(), c.words) {
				t.Errorf("%s after %s, %v; want %s after %s", class, after, err, c.class, c.after)
			}
			if err != nil && (strings.Contains(err.Error(), app) || strings.Contains(err.Error(), "refused by the stand-in")) {
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
}

// A message that a gateway refused with a body that nobody expects is classified by its status alone.
func TestStrangeAnswers(t *testing.T) {
	f := newFirebase(t, 0)
	for _, c := range []struct {
		status int
		body   string
		class  delivery.Class
	}{
		{404, `<html>not here</html>`, delivery.Refused},
		{404, `{"error": {"details": [{"errorCode": "UNREGISTERED"}, {}]}}`, delivery.Final},
		{400, `{"error": {"details": [{"fieldViolations": [{"field": "message.token"}, {"field": "message.data"}]}]}}`, delivery.Final},
		{400, `null`, delivery.Final},
		{503, `[]`, delivery.Retry},
		{302, ``, delivery.Final},
		{418, `{"error": {"status": "I'm a teapot, and here is a token"}}`, delivery.Final},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "t", "expires_in": 3600})
				return
			}
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		}))
		file, err := f.Account(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		account, err := push.ReadAccount(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		_, err = newClient(t, account, server.URL).Push(t.Context(), push.Push{Token: app, Body: []byte(`{}`)})
		if class, _ := delivery.Classify(err); class != c.class || strings.Contains(err.Error(), "teapot") {
			t.Errorf("%d %s: %v", c.status, c.body, err)
		}
		server.Close()
	}
}

// A refused access token is replaced at the next message; a clock that is wrong is said.
func TestAccessTokens(t *testing.T) {
	f := newFirebase(t, 0)
	for range 3 {
		if err := f.pushTo(t, app); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.Counts().AccessTokens; n != 1 {
		t.Errorf("%d access tokens for three messages", n)
	}
	f.RevokeAccess()
	if class, _ := delivery.Classify(f.pushTo(t, app)); class != delivery.Refused {
		t.Errorf("a revoked access token is %s", class)
	}
	if err := f.pushTo(t, app); err != nil {
		t.Errorf("after the access token was revoked: %v", err)
	}
	late := newFirebase(t, time.Hour)
	if err := late.client.Check(); err == nil || !strings.Contains(err.Error(), "invalid_grant") || !strings.Contains(err.Error(), "clock") {
		t.Errorf("with a clock that is an hour off: %v", err)
	}
	if err := f.client.Check(); err != nil {
		t.Errorf("with a right clock: %v", err)
	}
}

func TestAccountsAreRead(t *testing.T) {
	f := newFirebase(t, 0)
	file, err := f.Account(f.url)
	if err != nil {
		t.Fatal(err)
	}
	var good map[string]string
	if err := json.Unmarshal(file, &good); err != nil {
		t.Fatal(err)
	}
	account, err := push.ReadAccount(bytes.NewReader(file))
	if err != nil || account.Project != pushstandin.Project {
		t.Fatalf("%v, %v", account, err)
	}
	if printed := fmt.Sprintf("%v %+v %#v %s", account, account, &account, push.Options{Account: account}.Account); strings.Contains(printed, "PRIVATE") || !strings.Contains(printed, pushstandin.Project) {
		t.Errorf("printed as %s", printed)
	}
	for _, c := range []struct{ key, value, words string }{
		{"type", "authorized_user", "service_account"},
		{"type", "", "service_account"},
		{"project_id", "", "no project_id"},
		{"client_email", "", "no client_email"},
		{"private_key", "", "no private_key"},
		{"private_key", "MIIEsecret", "PEM"},
		{"private_key", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n", "RSA"},
		{"token_uri", "oauth2.googleapis.com", "token_uri"},
	} {
		bad := map[string]string{}
		for key, value := range good {
			bad[key] = value
		}
		bad[c.key] = c.value
		raw, err := json.Marshal(bad)
		if err != nil {
			t.Fatal(err)
		}
		_, err = push.ReadAccount(bytes.NewReader(raw))
		if err == nil || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "c2Vj") {
			t.Errorf("%s %q: %v", c.key, c.value, err)
		}
	}
	for _, bad := range []string{"", "secret", "[]", "null", `{"private_key": 5}`} {
		if _, err := push.ReadAccount(strings.NewReader(bad)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, bad := range []string{"fcm.googleapis.com", "ftp://a.example", "https://u:secret@a.example"} {
		if _, err := push.New(push.Options{Account: account, Host: bad, Now: time.Now}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Nobody listens: nothing was written, so that the message may be tried again.
func TestFirebaseCannotBeReached(t *testing.T) {
	f := newFirebase(t, 0)
	if err := f.client.Check(); err != nil {
		t.Fatal(err)
	}
	file, err := f.Account(f.url)
	if err != nil {
		t.Fatal(err)
	}
	account, err := push.ReadAccount(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.CloseClientConnections()
	nobody.Close()
	_, err = newClient(t, account, nobody.URL).Push(t.Context(), push.Push{Token: app, Body: []byte(`{}`)})
	var e *delivery.Error
	if !errors.As(err, &e) || e.Class != delivery.Retry {
		t.Errorf("got %v", err)
	}
}
