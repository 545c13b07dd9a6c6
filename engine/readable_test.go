package engine_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"homeroom/engine"
)

// TestReadable: what is packed in a state is written out, and everything else stays as it is.
func TestReadable(t *testing.T) {
	at := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	state := engine.State{
		Learner: "u_1",
		Seq:     7,
		Seen:    make([]byte, 24),
		PastRuns: engine.PastRuns{
			{Key: 0xabc, Started: at.UnixMilli()},
			{Key: 0xdef, Armed: -at.UnixMilli()},
		},
	}
	got, err := json.Marshal(state.Readable())
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"v":0,"learner":"u_1","seq":7,"seen":3,"starts":[{"key":"0000000000000abc","started":"2026-11-02T08:00:00Z"},` +
		`{"key":"0000000000000def","armed":"2026-11-02T08:00:00Z","put_off":true}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	packed, err := json.Marshal(state)
	if err != nil || !strings.Contains(string(packed), `"starts":"AAAA`) {
		t.Errorf("the state itself is not packed any more: %v %s", err, packed)
	}
}
