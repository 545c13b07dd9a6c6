package targetstandin_test

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"testing"

	"homeroom/delivery/webhook/webhooktest"
	"homeroom/internal/targetstandin"
)

func TestConformance(t *testing.T) {
	target, err := targetstandin.New(targetstandin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(target)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	webhooktest.Run(t, webhooktest.Options{
		URL:    server.URL + "/homeroom",
		Host:   u.Host,
		Secret: targetstandin.Secret,
		Arrived: func(_ *testing.T, id string) (json.RawMessage, int, bool) {
			p, taken := target.Post(id)
			return p.Body, p.Repeats, taken
		},
	})
	if c := target.Counts(); c.Requests != 8 || c.Taken != 3 || c.Repeats != 2 || c.Refused != 3 {
		t.Errorf("counted %+v", c)
	}
}
