package securitytest

import (
	"strings"
	"testing"

	"homeroom/internal/natstest"
	"homeroom/internal/temporaltest"
	"homeroom/store"
)

// TestDoctorNamesHeadersThatRemove: a bucket that an earlier version made allows roll-up; the doctor warns of it until the operator
// has done what it says.
func TestDoctorNamesHeadersThatRemove(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", temporaltest.StartRefusing(t))
	f := natstest.OpenAccounts(t, configDir, "")
	operator := f.Setup()
	stream, err := operator.Stream(deadlineOf(t), "KV_"+store.BucketControl)
	if err != nil {
		t.Fatal(err)
	}
	config := stream.CachedInfo().Config
	ask := func() string {
		out, _ := runCommand(t, "doctor", "--nats", f.URL("operator"))
		return out
	}
	const warning = "KV_homeroom_control: rollup"
	for _, allow := range []bool{true, false} {
		config.AllowRollup = allow
		if _, err := operator.UpdateStream(deadlineOf(t), config); err != nil {
			t.Fatal(err)
		}
		if out := ask(); strings.Contains(out, warning) != allow {
			t.Errorf("with roll-up %v the doctor says\n%s", allow, out)
		}
	}
}
