package privacy

import (
	"testing"

	"homeroom/store"
)

func TestAnIDIsQuotedForVisibility(t *testing.T) {
	for id, want := range map[string]string{
		"learner/u_42":        `'learner/u_42'`,
		"learner/o'neill":     `'learner/o\'neill'`,
		`learner/a\b' OR 1=1`: `'learner/a\\b\' OR 1=1'`,
	} {
		if got := quoteForQuery(id); got != want {
			t.Errorf("quote(%q) = %s, want %s", id, got, want)
		}
	}
}

func TestWhatIsNoJSONIsExportedToo(t *testing.T) {
	for _, tt := range []struct{ data, body, text, coded string }{
		{`{"id": 1}`, `{"id": 1}`, "", ""},
		{`{"id": `, "", `{"id": `, ""},
		{"\xff\xfe", "", "", "//4="},
	} {
		got := newStoredRecord(store.Message{Subject: "s", Data: []byte(tt.data)})
		if string(got.Body) != tt.body || got.Text != tt.text || got.Base64 != tt.coded {
			t.Errorf("%q is exported as %+v", tt.data, got)
		}
	}
}
