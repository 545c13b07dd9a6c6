package doctor

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"homeroom/delivery/push"
	"homeroom/internal/pushstandin"
)

// TestTheServiceAccountIsTried: a file that is none, an account that is refused because of the clock, a token server that is away, and one that is right.
func TestTheServiceAccountIsTried(t *testing.T) {
	for _, c := range []struct {
		name   string
		skew   time.Duration // of Google's clock
		away   bool
		broken bool
		status Status
		words  []string
	}{
		{"right", 0, false, false, OK, []string{"access"}},
		{"the clock is wrong", 90 * time.Minute, false, false, Failed, []string{"invalid_grant", "1h30m0s behind", "NTP"}},
		{"away", 0, true, false, Failed, []string{"could not be reached", "HTTPS_PROXY"}},
		{"no account", 0, false, true, Failed, []string{"not JSON", "Generate new private key"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			firebase, err := pushstandin.New(pushstandin.Options{Now: func() time.Time { return time.Now().Add(c.skew) }})
			if err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(firebase)
			t.Cleanup(server.Close)
			file, err := firebase.Account(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			if c.away {
				file = bytes.Replace(file, []byte(server.URL), []byte(closedServer()), 1)
			}
			e := &examination{opts: Options{Push: func() (Push, error) {
				if c.broken {
					_, err := push.ReadAccount(strings.NewReader("secret"))
					return nil, errors.Join(err)
				}
				account, err := push.ReadAccount(bytes.NewReader(file))
				if err != nil {
					return nil, err
				}
				return push.New(push.Options{Account: account, Host: server.URL, Now: time.Now})
			}}}
			e.checkPush(t.Context())
			if len(e.findings) != 1 || e.findings[0].Status != c.status {
				t.Fatalf("found %+v", e.findings)
			}
			said := e.findings[0].Says + e.findings[0].Do
			for _, word := range c.words {
				if !strings.Contains(said, word) {
					t.Errorf("%q is not said: %s", word, said)
				}
			}
			if strings.Contains(said, "secret") {
				t.Errorf("too much is said: %s", said)
			}
		})
	}
	e := &examination{}
	if e.checkPush(t.Context()); len(e.findings) > 0 {
		t.Error("an installation without push hears of it")
	}
}

// closedServer is the address of a server that has stopped.
func closedServer() string {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	return server.URL
}
