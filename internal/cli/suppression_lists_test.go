package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homeroom/internal/natstest"
	"homeroom/store"
)

// TestSuppressionListsComeInAndGoOut imports SendGrid's lists, exports them, and imports what was exported into an installation that lifted one meanwhile.
func TestSuppressionListsComeInAndGoOut(t *testing.T) {
	server, js, _ := natstest.Open(t)
	nc, _ := server.Connect()
	ctx := t.Context()
	secrets, err := store.EnsureSecrets(ctx, js, nil)
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(ctx, js, store.OpenOptions{Secret: secrets[0]})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Control.Close)
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(code int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		args = append(append([]string{"suppressions"}, args...), "--nats", nc.ConnectedUrl())
		if got := Main(ctx, args, IO{Out: &out, Err: &out, Now: time.Now}); got != code {
			t.Errorf("%v: exit code %d, want %d:\n%s", args, got, code, out.String())
		}
		return out.String()
	}
	wants := func(out string, words ...string) {
		t.Helper()
		for _, word := range words {
			if !strings.Contains(out, word) {
				t.Errorf("no %q in:\n%s", word, out)
			}
		}
	}
	if _, err := st.Profiles.Merge(ctx, "u_1", map[string]any{"email": "ada@example.org"}, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	bounces := filepath.Join(dir, "bounces.csv")
	write("bounces.csv", "status,reason,email,created\n5.1.1,\"550 no such, user\",Ada@example.org,1443651141\n5.1.1,x,gone@example.org,1443651141\n5.1.1,x,no address,1443651141\n,,z@example.org,soon\n")
	write("groups.json", `[{"email":"ada@example.org","group_id":7,"group_name":"News","created_at":1443651141}]`)
	write("odd.csv", "name\nAda\n")

	wants(run(0, "import", bounces, "--list", "bounces", "--dry-run"), "4 entries read, 1 of them", "3 usable", "entry 4")
	if has, err := st.Suppressions.Has(ctx, "ada@example.org"); err != nil || has {
		t.Fatalf("a dry run wrote something: %v, %v", has, err)
	}
	out := run(0, "import", bounces, "--list", "bounces")
	wants(out, "2 suppressed now", "1 no address")
	if strings.Contains(out, "@") {
		t.Errorf("an address is printed:\n%s", out)
	}
	wants(run(0, "import", bounces, "--list", "bounces", "--format", "json"), `"known": 2`, `"rejected": 1`)
	wants(run(0, "import", filepath.Join(dir, "groups.json"), "--list", "group_unsubscribes"), "no topic is named for the group")
	run(0, "import", filepath.Join(dir, "groups.json"), "--list", "group_unsubscribes", "--topic", "7=offers")
	if p, err := st.Profiles.Profile(ctx, "u_1"); err != nil || len(p.Unsubscribed) != 1 || p.Unsubscribed[0] != "offers" {
		t.Errorf("the group's topic was not left: %+v, %v", p, err)
	}
	wants(run(2, "import", filepath.Join(dir, "odd.csv"), "--list", "bounces"), "no column is called email")

	if _, err := st.Profiles.Merge(ctx, "u_2", map[string]any{"email": "bob@example.org"}, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	soft := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	for n := range 5 {
		if err := st.Suppressions.AddSoftBounce(ctx, "bob@example.org", soft.Add(time.Duration(n)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	resting, rests, err := st.Suppressions.Get(ctx, "bob@example.org")
	if err != nil || !rests {
		t.Fatal(rests, err)
	}
	exported := run(0, "export")
	wants(exported, "resting,bob@example.org", ",resting until "+resting.Until.UTC().Format(time.RFC3339)+",")
	wants(exported, "list,email,created,reason,until", "bounces,ada@example.org,2015-09-30T22:12:21Z,bounced,", "1 more addresses")
	write("exported.csv", strings.Split(exported, "1 more")[0])
	if err := st.Suppressions.Lift(ctx, "ada@example.org", time.Now()); err != nil {
		t.Fatal(err)
	}
	wants(run(0, "import", filepath.Join(dir, "exported.csv")), "2 entries read, 0 of them", "lifted after they were listed", "1 were suppressed before")
	if has, err := st.Suppressions.Has(ctx, "ada@example.org"); err != nil || has {
		t.Errorf("what was lifted is suppressed again: %v, %v", has, err)
	}
}
