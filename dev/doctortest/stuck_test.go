package doctortest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/dev/harness"
	"homeroom/dev/instance"
	"homeroom/internal/cli"
	"homeroom/internal/standin"
)

// TestARefusedMessageIsStuck: a message that the provider refuses is listed with its words while it is tried again, and not before.
func TestARefusedMessageIsStuck(t *testing.T) {
	ctx := harness.Deadline(t)
	s := start(t, ctx, standin.Account{})
	harness.OpenInstance(t, ctx, s, instance.Options{Academy: academy(t)})
	stuck := func(format string) string {
		t.Helper()
		var out bytes.Buffer
		if code := cli.Main(ctx, []string{"learner", "stuck", "--format", format, "--nats", s.NATSURL}, cli.IO{In: strings.NewReader(""), Out: &out, Err: io.Discard, Now: time.Now}); code != 0 {
			t.Fatalf("exit code %d:\n%s", code, &out)
		}
		return out.String()
	}
	if got := stuck("json"); strings.TrimSpace(got) != "[]" {
		t.Errorf("nobody is stuck, and it lists %s", got)
	}
	s.Mail.Fail(standin.Fault{Times: -1, Status: 401})
	enroll(t, ctx, s, "u_1")
	var found []admin.DeliveryFailing
	harness.Eventually(t, ctx, "the message in the list", func() error {
		if err := json.Unmarshal([]byte(stuck("json")), &found); err != nil {
			return err
		}
		if len(found) != 1 {
			return fmt.Errorf("got %+v", found)
		}
		return nil
	})
	if d := found[0]; d.Learner != "u_1" || d.Step != "delivering" || d.Rule != "welcome" || d.Message != "hello" || d.Attempts != 1 || d.Since.IsZero() || !d.Next.After(d.Since) || !strings.Contains(d.Error, "401") {
		t.Errorf("got %+v", d)
	}
	text := stuck("text")
	if !strings.Contains(text, "Not delivered, and tried again: 1 message.") || !strings.Contains(text, "401") || strings.Contains(text, address) {
		t.Errorf("it prints\n%s", text)
	}
}
