package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/natstest"
)

// partlyImported is an accounts.conf whose operator is in an account beside that of the streams, and imports of its requests the state of streams, but not to read their records.
const partlyImported = `
accounts {
  OPERATOR: {
    users: [{user: operator, password: $NATS_OPERATOR_PASSWORD}]
    imports: [
      {service: {account: HOMEROOM, subject: "$JS.API.INFO"}}
      {service: {account: HOMEROOM, subject: "$JS.API.STREAM.INFO.*"}}
    ]
  }
  HOMEROOM: {
    jetstream: enabled
    users: [{user: homeroom-setup, password: $NATS_SETUP_PASSWORD}]
    exports: [{service: "$JS.API.>"}]
  }
}
`

// examineNATS returns what the doctor says of NATS to whoever connects so, by check.
func examineNATS(t *testing.T, connect func() (*nats.Conn, jetstream.JetStream, error)) map[string]Finding {
	t.Helper()
	e := &examination{opts: Options{Now: time.Now, NATS: connect}}
	e.checkNATS(t.Context())
	found := map[string]Finding{}
	for _, f := range e.findings {
		found[f.Check] = f
	}
	return found
}

// TestDoctorNamesMissingImports: what an account does not import nobody answers, and then nothing is known: neither that all is well nor that something is not there.
func TestDoctorNamesMissingImports(t *testing.T) {
	accounts := natstest.OpenAccountsOf(t, partlyImported, "")
	accounts.Setup()
	found := examineNATS(t, func() (*nats.Conn, jetstream.JetStream, error) {
		nc, js := accounts.Connect("operator")
		return nc, js, nil
	})
	for check, subject := range map[string]string{
		"consumers":   "$JS.API.CONSUMER.LIST.LEARNING",
		"instances":   "$JS.API.STREAM.MSG.GET.KV_homeroom_control",
		"rights":      "$JS.API.STREAM.MSG.GET.KV_homeroom_control",
		"kill-switch": "$JS.API.STREAM.MSG.GET.KV_homeroom_control",
		"write-keys":  "$JS.API.STREAM.MSG.GET.KV_homeroom_write_keys",
	} {
		if got := found[check]; got.Status != NotChecked || !strings.Contains(got.Says, "does not import "+subject) {
			t.Errorf("%s: got %+v, want not checked, for want of %s", check, got, subject)
		}
	}
	if got := found["streams"]; got.Status != OK {
		t.Errorf("what is imported is not checked: %+v", got)
	}
}

// TestDoctorFindsNoJetStream: on a server without it nobody serves any of it, and no import is missing.
func TestDoctorFindsNoJetStream(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(conf, []byte("listen: 127.0.0.1:-1"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := natstest.StartFile(t, conf, &natstest.RefusalLog{})
	found := examineNATS(t, func() (*nats.Conn, jetstream.JetStream, error) {
		nc, err := nats.Connect(server.ClientURL())
		if err != nil {
			return nil, nil, err
		}
		js, err := jetstream.New(nc)
		return nc, js, err
	})
	if got := found["jetstream"]; got.Status != Failed || !strings.Contains(got.Says, "no JetStream") {
		t.Errorf("got %+v, want a failure that says that there is no JetStream", got)
	}
	if got := found["streams"]; got.Status != NotChecked || strings.Contains(got.Says, "import") {
		t.Errorf("got %+v, want not checked, and nothing of imports", got)
	}
}
