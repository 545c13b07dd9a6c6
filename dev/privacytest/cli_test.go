package privacytest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homeroom/internal/cli"
	"homeroom/privacy"
)

// TestFromTheCommandLine: what an operator does when a learner asks.
func TestFromTheCommandLine(t *testing.T) {
	w := open(t)
	w.platform.life(ada)
	w.settled(ada)
	t.Setenv("TEMPORAL_ADDRESS", w.stack.TemporalAddress)
	t.Setenv("TEMPORAL_NAMESPACE", w.stack.Namespace)
	t.Setenv("HOMEROOM_NATS_URL", w.stack.NATSURL)
	run := func(want int, args ...string) (out, said string) {
		t.Helper()
		var o, e bytes.Buffer
		if got := cli.Main(w.ctx, append([]string{"learner"}, args...), cli.IO{In: strings.NewReader(""), Out: &o, Err: &e, Now: time.Now}); got != want {
			t.Fatalf("homeroom learner %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, want, &o, &e)
		}
		return o.String(), e.String()
	}

	file := filepath.Join(t.TempDir(), "export.json")
	if _, said := run(0, "export", ada.id, "--out", file); !strings.Contains(said, "events 7") {
		t.Errorf("the export said %q", said)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the export is %v, %v; want a file for its owner only", info, err)
	}
	var doc privacy.Document
	if data, err := os.ReadFile(file); err != nil || json.Unmarshal(data, &doc) != nil || doc.Learner != ada.id || !mentions(data, ada.address) {
		t.Errorf("the export holds %q, %v", doc.Learner, err)
	}
	if out, _ := run(0, "export", "nobody"); !json.Valid([]byte(out)) {
		t.Errorf("a stranger's export is %q", out)
	}

	before := w.traces(ada.marker)
	if _, said := run(2, "erase", ada.id); !strings.Contains(said, "--yes") {
		t.Errorf("without a terminal it said %q", said)
	}
	if out, _ := run(0, "erase", ada.id, "--dry-run"); !strings.Contains(out, "homeroom_profiles") {
		t.Errorf("the dry run said %q", out)
	}
	if after := w.traces(ada.marker); after["LEARNING"] != before["LEARNING"] {
		t.Fatalf("something was erased without a yes: %v before, %v after", before, after)
	}
	out, said := run(0, "erase", ada.id, "--yes")
	var receipt privacy.ErasureReceipt
	if err := json.Unmarshal([]byte(out), &receipt); err != nil || !receipt.Complete || receipt.Suppressed != 2 || len(receipt.Kept) == 0 {
		t.Errorf("the receipt is %s, %v", out, err)
	}
	if !strings.Contains(said, "Erased: Temporal 2, LEARNING 7") || mentions([]byte(out), ada.marker) {
		t.Errorf("it said %q and %q", said, out)
	}
	if found := w.traces(ada.marker); len(found) > 0 {
		t.Errorf("traces are left: %v", found)
	}
	w.refused(ada.address)
}
