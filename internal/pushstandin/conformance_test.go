package pushstandin_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"

	"homeroom/delivery/push/pushtest"
	"homeroom/internal/pushstandin"
)

func TestConformance(t *testing.T) {
	firebase, err := pushstandin.New(pushstandin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(firebase)
	t.Cleanup(server.Close)
	account, err := firebase.Account(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	another, err := pushstandin.New(pushstandin.Options{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := another.Account(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	const gone = "gone:0123456789abcdef"
	firebase.Expire(gone)
	pushtest.Run(t, pushtest.Options{
		URL:     server.URL,
		Account: account,
		Other:   other,
		Live:    [2]string{"phone:0123456789abcdef", "tablet:0123456789abcdef"},
		Gone:    gone,
		Bad:     "no.token.of.firebase/s",
		Arrived: func(_ *testing.T, send string) map[string][]json.RawMessage {
			arrived := map[string][]json.RawMessage{}
			for _, p := range firebase.Pushes() {
				if p.SendID == send {
					arrived[p.Token] = append(arrived[p.Token], p.Message)
				}
			}
			return arrived
		},
	})
	if c := firebase.Counts(); c.Taken != 6 || c.Repeats != 1 || c.Unregistered != 2 || c.Refused != 1 || c.Requests != 9 {
		t.Errorf("counted %+v", c)
	}
}
