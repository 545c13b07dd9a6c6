package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/delivery/sendgrid"
	"homeroom/subjects"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func TestVersions(t *testing.T) {
	for version, want := range map[string]bool{
		"2.11.0": true, "2.12.0-RC.1": true, "v3.0.0": true, "2.10.29": false, "1.99.0": false, "": false, "dev": false,
	} {
		if got := atLeast(version, 2, 11); got != want {
			t.Errorf("%q at least 2.11: %v, want %v", version, got, want)
		}
	}
}

func TestClocks(t *testing.T) {
	for _, tc := range []struct {
		name   string
		server time.Time
		rtt    time.Duration
		want   Status
	}{
		{"in step", noon.Add(time.Millisecond), 2 * time.Millisecond, OK},
		{"a slow answer proves nothing", noon.Add(3 * time.Second), 4 * time.Second, OK},
		{"two seconds ahead", noon.Add(2 * time.Second), 0, Warning},
		{"two seconds behind", noon.Add(-2 * time.Second), 0, Warning},
		{"a minute apart", noon.Add(time.Minute), 0, Failed},
		{"an old server tells no time", time.Time{}, 0, NotChecked},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &examination{}
			e.checkClock(noon, noon.Add(tc.rtt), tc.server)
			if got := e.findings[0]; got.Status != tc.want {
				t.Errorf("got %+v, want %s", got, tc.want)
			}
		})
	}
}

func TestWhatAConsumerMayNotBe(t *testing.T) {
	right := jetstream.ConsumerConfig{FilterSubject: subjects.Partition(3), AckPolicy: jetstream.AckExplicitPolicy, MaxDeliver: -1}
	for _, tc := range []struct {
		name   string
		change func(*jetstream.ConsumerConfig)
		want   string
	}{
		{"as it is made", func(*jetstream.ConsumerConfig) {}, ""},
		{"tuned", func(c *jetstream.ConsumerConfig) {
			c.AckWait = time.Minute
			c.MaxAckPending = 99
		}, ""},
		{"of another partition", func(c *jetstream.ConsumerConfig) { c.FilterSubject = subjects.Partition(4) }, "learning.4.>"},
		{"that acknowledges by itself", func(c *jetstream.ConsumerConfig) { c.AckPolicy = jetstream.AckNonePolicy }, "acknowledgements"},
		{"that gives up", func(c *jetstream.ConsumerConfig) { c.MaxDeliver = 3 }, "after 3 tries"},
		{"that begins now", func(c *jetstream.ConsumerConfig) { c.DeliverPolicy = jetstream.DeliverNewPolicy }, "first event"},
		{"that goes away", func(c *jetstream.ConsumerConfig) { c.InactiveThreshold = time.Hour }, "without readers"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			config := right
			tc.change(&config)
			got := strings.Join(consumerDifferences(config, 3), ", ")
			if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// account is a SendGrid account.
type account struct {
	permissions []string
	may         bool
	err         error // of the permissions
	asking      error // of the sender
}

func (a account) Permissions(context.Context) ([]string, error)   { return a.permissions, a.err }
func (a account) MaySendAs(context.Context, string) (bool, error) { return a.may, a.asking }

func TestTheKeyAndTheSender(t *testing.T) {
	send := []string{"mail.send", "sender_verification_eligible"}
	for _, tc := range []struct {
		name        string
		account     account
		key, sender Status
		words       string
	}{
		{"a key that may only send", account{permissions: send, asking: sendgrid.ErrNotPermitted}, OK, NotChecked, "as it should be"},
		{"a verified sender", account{permissions: send, may: true}, OK, OK, "is verified"},
		{"a sender that nobody knows", account{permissions: send}, OK, Failed, "authenticate the domain"},
		{"a key to everything", account{permissions: append(send, "api_keys.create"), may: true}, Warning, OK, "restricted access"},
		{"a key that may not send", account{permissions: []string{"stats.read"}, may: true}, Failed, OK, "Mail Send"},
		{"a wrong key", account{err: fmt.Errorf("%w (401: revoked)", sendgrid.ErrKeyUnknown)}, Failed, NotChecked, sendgrid.HostEU},
		{"a forbidden address", account{err: sendgrid.ErrNotPermitted}, Failed, NotChecked, "IP Access Management"},
		{"SendGrid is away", account{err: errors.New("no route to host")}, Failed, NotChecked, "over HTTPS"},
		{"SendGrid falters", account{permissions: send, asking: errors.New("500")}, OK, Warning, "ask again later"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &examination{senders: []string{"hello@academy.example"}, opts: Options{Mail: func() (Mail, error) { return tc.account, nil }}}
			e.checkMail(t.Context())
			if len(e.findings) != 2 || e.findings[0].Status != tc.key || e.findings[1].Status != tc.sender {
				t.Fatalf("got %+v, want %s and %s", e.findings, tc.key, tc.sender)
			}
			if said := fmt.Sprint(e.findings); !strings.Contains(said, tc.words) {
				t.Errorf("%s does not mention %q", said, tc.words)
			}
		})
	}
}

func TestSizes(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 B", 1023: "1023 B", 1024: "1 KB", 1536: "1.5 KB", 3 << 30: "3 GB"} {
		if got := formatSize(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
