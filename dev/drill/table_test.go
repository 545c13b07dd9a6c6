package drill

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestWriteTable(t *testing.T) {
	reports := []Report{
		{
			Drill:      "kill",
			Published:  1234567,
			Unneeded:   1200000,
			HandedOver: 34500,
			Sent:       34490,
			Skipped:    8,
			Uncertain:  2,
			Dead:       67,
			NotTaken:   1,
			Seconds:    61.4,
			Notes:      []string{"kill 1: after 2s"},
			Doubtful:   []string{"ada retry q1: the provider has it", "ben retry q1: the provider does not have it"},
		},
		{Drill: "nats-away", Published: 1, HandedOver: 1, Waiting: 1, Lost: 1, Seconds: 2, Wrong: []string{"ada retry q2 is lost: nothing came of it"}},
	}
	var out bytes.Buffer
	if err := WriteTable(&out, reports); err != nil {
		t.Fatal(err)
	}
	want := `drill      published   unneeded  handed over    sent  skipped  failed  uncertain  dead  waiting  doubled  lost  took
kill       1,234,567  1,200,000       34,500  34,490        8       0          2    67        0        0     0  61 s
nats-away          1          0            1       0        0       0          0     0        1        0     1   2 s

kill: everything is accounted for
  kill 1: after 2s
  2 uncertain, not counted as lost: each has a decision and is never sent again; the provider has 1 of them
    ada retry q1: the provider has it
    ben retry q1: the provider does not have it

nats-away: FAILED
  wrong: ada retry q2 is lost: nothing came of it
  wrong: 1 still waited when patience ended
`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}

	out.Reset()
	if err := WriteJSON(&out, reports); err != nil {
		t.Fatal(err)
	}
	var again []Report
	if err := json.Unmarshal(out.Bytes(), &again); err != nil || len(again) != 2 || again[0].Published != 1234567 {
		t.Errorf("%v: %s", err, out.String())
	}
}

// TestNames: every drill has a name of its own and says what it is about.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range All() {
		if seen[d.Name] || d.About == "" || d.run == nil {
			t.Errorf("%q: a drill needs a name of its own, words about it and something to do", d.Name)
		}
		seen[d.Name] = true
	}
	if _, err := Find("earthquake"); err == nil {
		t.Error("there is a drill that nobody wrote")
	}
}
