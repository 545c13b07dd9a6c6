package sendgrid

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"homeroom/delivery"
	"homeroom/profile"
)

var received = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

func readOne(t *testing.T, items string) items {
	t.Helper()
	b, err := parseItems([]byte("["+items+"]"), received)
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	return b
}

func TestWhatAnItemSays(t *testing.T) {
	happened := time.Unix(1772445000, 0).UTC()
	about := func(change func(*delivery.ProviderReport)) *delivery.ProviderReport {
		rep := delivery.ProviderReport{ID: "e1", SendID: "snd-1", Email: "ada@example.org", At: happened, Receipt: "LRzXl_NH"}
		change(&rep)
		return &rep
	}
	const common = `"email":"ada@example.org","homeroom_send":"snd-1","sg_event_id":"e1","sg_message_id":"LRzXl_NH.filter-1.0","timestamp":1772445000`
	for _, tc := range []struct {
		name, item string
		want       *delivery.ProviderReport // nil: nothing to take in
		note       string
	}{
		{"processed", `"event":"processed"`, about(func(r *delivery.ProviderReport) {
			r.Kind = delivery.ReportProcessed
			r.Intake = true
		}), ""},
		{"deferred", `"event":"deferred","response":"421 busy","attempt":"3"`, about(func(r *delivery.ProviderReport) { r.Kind = delivery.ReportProcessed }), ""},
		{"delivered", `"event":"delivered","response":"250 OK"`, about(func(r *delivery.ProviderReport) { r.Kind = delivery.ReportDelivered }), ""},
		{"one category", `"event":"delivered","category":"win-back"`, about(func(r *delivery.ProviderReport) { r.Kind = delivery.ReportDelivered }), ""},
		{"many categories", `"event":"delivered","category":["win-back","come-back"]`, about(func(r *delivery.ProviderReport) { r.Kind = delivery.ReportDelivered }), ""},
		{"opened", `"event":"open","useragent":"Mozilla","ip":"203.0.113.7","sg_machine_open":false`, about(func(r *delivery.ProviderReport) { r.Kind = delivery.ReportOpened }), ""},
		{"opened by a machine", `"event":"open","sg_machine_open":true`, about(func(r *delivery.ProviderReport) {
			r.Kind = delivery.ReportOpened
			r.Machine = true
		}), ""},
		{"clicked", `"event":"click","url":"https://academy.example/go?learner=ada#top"`, about(func(r *delivery.ProviderReport) {
			r.Kind = delivery.ReportClicked
			r.URL = "https://academy.example/go"
		}), ""},
		{"bounced", `"event":"bounce","type":"bounce","reason":"550 unknown\r\nuser","status":"5.1.1"`,
			about(func(r *delivery.ProviderReport) {
				r.Kind = delivery.ReportBounced
				r.BounceType = "bounce"
				r.Reason = "550 unknown user"
			}), ""},
		{"bounced without reason", `"event":"bounce","status":"5.1.1"`,
			about(func(r *delivery.ProviderReport) {
				r.Kind = delivery.ReportBounced
				r.BounceType = "bounce"
				r.Reason = "5.1.1"
			}), ""},
		{"blocked", `"event":"bounce","type":"blocked","reason":"listed"`, about(func(r *delivery.ProviderReport) {
			r.Kind = delivery.ReportBounced
			r.BounceType = "blocked"
			r.Reason = "listed"
		}), ""},
		{"a type of bounce of tomorrow suppresses nobody", `"event":"bounce","type":"expired"`, about(func(r *delivery.ProviderReport) {
			r.Kind = delivery.ReportBounced
			r.BounceType = "blocked"
		}), ""},
		{"dropped: Bounced Address", `"event":"dropped","reason":"Bounced Address"`, about(func(r *delivery.ProviderReport) {
			r.Kind = delivery.ReportBounced
			r.BounceType = "dropped"
			r.Reason = "Bounced Address"
			r.DropCause = profile.ReasonBounced
		}), ""},
		{"dropped: Invalid", `"event":"dropped","reason":"Invalid"`, about(func(r *delivery.ProviderReport) {
			r.Kind = delivery.ReportBounced
			r.BounceType = "dropped"
			r.Reason = "Invalid"
			r.DropCause = profile.ReasonBounced
		}), ""},
		{"dropped: Spam Reporting Address", `"event":"dropped","reason":"Spam Reporting Address"`, about(func(r *delivery.ProviderReport) {
			r.Kind = delivery.ReportBounced
			r.BounceType = "dropped"
			r.Reason = "Spam Reporting Address"
			r.DropCause = profile.ReasonComplained
		}), ""},
		{"dropped: Unsubscribed Address", `"event":"dropped","reason":"Unsubscribed Address"`, about(func(r *delivery.ProviderReport) {
			r.Kind = delivery.ReportBounced
			r.BounceType = "dropped"
			r.Reason = "Unsubscribed Address"
			r.DropCause = profile.ReasonUnsubscribed
		}), ""},
		{"dropped: Spam Content (if Spam Checker app is enabled)", `"event":"dropped","reason":"Spam Content (if Spam Checker app is enabled)"`, about(func(r *delivery.ProviderReport) {
			r.Kind = delivery.ReportBounced
			r.BounceType = "dropped"
			r.Reason = "Spam Content (if Spam Checker app is enabled)"
			r.DropCause = ""
		}), ""},
		{"dropped: Recipient List over Package Quota", `"event":"dropped","reason":"Recipient List over Package Quota"`, about(func(r *delivery.ProviderReport) {
			r.Kind = delivery.ReportBounced
			r.BounceType = "dropped"
			r.Reason = "Recipient List over Package Quota"
			r.DropCause = ""
		}), ""},
		{"dropped: Invalid SMTPAPI header", `"event":"dropped","reason":"Invalid SMTPAPI header"`, about(func(r *delivery.ProviderReport) {
			r.Kind = delivery.ReportBounced
			r.BounceType = "dropped"
			r.Reason = "Invalid SMTPAPI header"
			r.DropCause = ""
		}), ""},
		{"reported as spam", `"event":"spamreport"`, about(func(r *delivery.ProviderReport) { r.Kind = delivery.ReportSpamReported }), ""},
		{"unsubscribed", `"event":"unsubscribe"`, about(func(r *delivery.ProviderReport) { r.Kind = delivery.ReportUnsubscribed }), ""},
		{"left a group", `"event":"group_unsubscribe","asm_group_id":7`, about(func(r *delivery.ProviderReport) { r.Kind = delivery.ReportTopicLeft }), ""},
		{"came back to a group", `"event":"group_resubscribe"`, nil, "preferences page"},
		{"an event of tomorrow", `"event":"teleported"`, nil, `unknown event type "teleported"`},
		{"no event", `"event":7`, nil, "no event type"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := readOne(t, "{"+tc.item+","+common+"}")
			if tc.want == nil {
				if len(b.reports) != 0 || b.bad+b.ignored != 1 || !strings.Contains(strings.Join(b.notes, ""), tc.note) {
					t.Errorf("%+v, want a note with %q", b, tc.note)
				}
				return
			}
			if diff := cmp.Diff([]delivery.ProviderReport{*tc.want}, b.reports); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheAccountsStatusIsAWarning(t *testing.T) {
	b := readOne(t, `{"event":"account_status_change","type":"compliance_suspend","timestamp":1772445000}`)
	if !slices.Equal(b.warnings, []string{"compliance_suspend"}) || b.bad != 0 {
		t.Errorf("%+v", b)
	}
}

func TestAnItemWithGapsSaysWhatItCan(t *testing.T) {
	for _, tc := range []struct {
		name, item string
		ok         bool
		check      func(delivery.ProviderReport) bool
	}{
		{"a timestamp as text", `{"event":"open","email":"a@b.example","timestamp":"1772445000"}`, true, func(r delivery.ProviderReport) bool { return r.At.Unix() == 1772445000 }},
		{"a timestamp with a fraction", `{"event":"open","email":"a@b.example","timestamp":1772445000.5}`, true, func(r delivery.ProviderReport) bool { return r.At.Unix() == 1772445000 }},
		{"no timestamp: now", `{"event":"open","email":"a@b.example"}`, true, func(r delivery.ProviderReport) bool { return r.At.Equal(received) }},
		{"a timestamp in the future: now", `{"event":"open","email":"a@b.example","timestamp":99999999999}`, true, func(r delivery.ProviderReport) bool { return r.At.Equal(received) }},
		{"a timestamp that is none: now", `{"event":"open","email":"a@b.example","timestamp":{"a":1}}`, true, func(r delivery.ProviderReport) bool { return r.At.Equal(received) }},
		{"a timestamp before all time: now", `{"event":"open","email":"a@b.example","timestamp":-1e300}`, true, func(r delivery.ProviderReport) bool { return r.At.Equal(received) }},
		{"a reason that is no text", `{"event":"bounce","email":"a@b.example","reason":[1]}`, true, func(r delivery.ProviderReport) bool { return r.Reason == "" && r.BounceType == "bounce" }},
		{"an address that is no text, and a send", `{"event":"open","email":7,"homeroom_send":"snd-1"}`, true, func(r delivery.ProviderReport) bool { return r.Email == "" && r.SendID == "snd-1" }},
		{"a send that is no text, and an address", `{"event":"open","email":"a@b.example","homeroom_send":{"x":1}}`, true, func(r delivery.ProviderReport) bool { return r.SendID == "" }},
		{"neither address nor send", `{"event":"open"}`, false, nil},
		{"an id that is far too long gets a short one", `{"event":"open","email":"a@b.example","sg_event_id":"` + strings.Repeat("x", 500) + `"}`, true, func(r delivery.ProviderReport) bool { return strings.HasPrefix(r.ID, "sha256-") && len(r.ID) < 50 }},
		{"null", `null`, false, nil},
		{"a number", `7`, false, nil},
		{"an array", `[{"event":"open","email":"a@b.example"}]`, false, nil},
		{"text", `"open"`, false, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := readOne(t, tc.item)
			switch {
			case !tc.ok:
				if len(b.reports) != 0 || b.bad != 1 {
					t.Errorf("%+v, want one bad item", b)
				}
			case len(b.reports) != 1 || !tc.check(b.reports[0]):
				t.Errorf("%+v", b)
			}
		})
	}
}

func TestAnItemWithoutIDIsKnownByItsBytes(t *testing.T) {
	one := `{"event":"open","email":"a@b.example","timestamp":1772445000}`
	other := `{"event":"open","email":"a@b.example","timestamp":1772445001}`
	b := readOne(t, one+","+other+", "+one)
	if len(b.reports) != 3 || b.reports[0].ID == b.reports[1].ID || b.reports[0].ID != b.reports[2].ID {
		t.Errorf("%+v", b.reports)
	}
}

func TestABrokenPostKeepsWhatCameBefore(t *testing.T) {
	const good = `{"event":"open","email":"a@b.example"}`
	for _, tc := range []struct {
		name, body    string
		reports, bads int
	}{
		{"whole, with CRLF", "[" + good + "]\r\n", 1, 0},
		{"empty", "[]", 0, 0},
		{"cut off", "[" + good + `,{"event":`, 1, 1},
		{"not closed", "[" + good, 1, 1},
		{"something after it", "[" + good + "] []", 1, 1},
		{"a stray comma", "[" + good + ",]", 1, 1},
	} {
		b, err := parseItems([]byte(tc.body), received)
		if err != nil || len(b.reports) != tc.reports || b.bad != tc.bads {
			t.Errorf("%s: %+v, %v", tc.name, b, err)
		}
	}
	for _, body := range []string{"", "{}", good, "null", "hello", "7", "\x00", "<xml/>"} {
		if _, err := parseItems([]byte(body), received); err == nil {
			t.Errorf("%q was taken for a batch", body)
		}
	}
}

func TestOneBadItemInAThousand(t *testing.T) {
	items := make([]string, 1000)
	for i := range items {
		items[i] = fmt.Sprintf(`{"event":"delivered","homeroom_send":"snd-%d","sg_event_id":"e%d"}`, i, i)
	}
	items[500] = `{"event":{"oops":[1,2,3]},"email":true}`
	b := readOne(t, strings.Join(items, ",\n"))
	if len(b.reports) != 999 || b.bad != 1 {
		t.Errorf("%d reports and %d bad items, want 999 and 1", len(b.reports), b.bad)
	}
}

func TestAClickedURLTellsOnlyWhereItLed(t *testing.T) {
	token := strings.Repeat("Ab3-_x", 10)
	for _, tc := range []struct{ url, want string }{
		{"https://academy.example/courses/go?utm_source=mail&learner=ada#top", "https://academy.example/courses/go"},
		{"https://ada:secret@academy.example/", "https://academy.example/"},
		{"https://academy.example/u/" + token, "https://academy.example/u/"},
		{"https://academy.example/base/p/" + token + "?x=1", "https://academy.example/base/p/"},
		{"https://academy.example/s/" + token + "/", "https://academy.example/s/"},
		{"https://academy.example/s/" + token + ").", "https://academy.example/s/"},
		{"https://academy.example/s/%41" + token, "https://academy.example/s/"},
		{"https://academy.example/u/u/" + token, "https://academy.example/u/u/"},
		{"https://academy.example/r/K7QX2MPA", "https://academy.example/r/"},
		{"https://academy.example/u/ada-lovelace/p/lesson-1", "https://academy.example/u/ada-lovelace/p/lesson-1"},
		{"https://academy.example/r/research", "https://academy.example/r/research"},
		{"https://academy.example/caf%C3%A9/a%2Fb", "https://academy.example/caf%C3%A9/a%2Fb"},
		{"mailto:ada@example.org", ""},
		{"javascript:alert(1)", ""},
		{"//academy.example/x", ""},
		{"https://[::1", ""},
		{"", ""},
	} {
		if got := cleanURL(tc.url); got != tc.want {
			t.Errorf("%s became %q, want %q", tc.url, got, tc.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(vectorBody))
	for _, seed := range []string{
		`[{"event":"bounce","email":"a@b.example","type":"blocked","reason":"\u0000\ud800","timestamp":"1e9"}]`,
		`[{"event":"click","homeroom_send":"s","url":"https://x/u/` + strings.Repeat("a", 50) + `","sg_event_id":""}, 7, null, [`,
		`[[[[[]]]]]`, `[{"event":"open","sg_machine_open":"true"},{"event":"account_status_change","type":5}] x`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := parseItems(body, received)
		if err != nil {
			if len(b.reports) > 0 {
				t.Error("an error, and reports")
			}
			return
		}
		for _, rep := range b.reports {
			switch {
			case rep.ID == "" || len(rep.ID) > maxID || rep.Kind == "":
				t.Errorf("no id or kind: %+v", rep)
			case rep.SendID == "" && rep.Email == "":
				t.Errorf("about nobody: %+v", rep)
			case rep.At.After(received) || rep.At.Unix() < 0:
				t.Errorf("at %s", rep.At)
			case len(rep.Reason) > maxText || !utf8.ValidString(rep.Reason+rep.URL+rep.Email+rep.SendID):
				t.Errorf("texts: %+v", rep)
			case strings.ContainsAny(rep.URL, "?#"):
				t.Errorf("URL %s", rep.URL)
			case (rep.Kind == delivery.ReportBounced) != (rep.BounceType != ""):
				t.Errorf("bounce type: %+v", rep)
			}
		}
		if len(b.notes) > maxNotes || len(b.warnings) > maxNotes {
			t.Error("too many notes")
		}
		// Whole batches: nothing is lost and nothing is made up.
		var items []json.RawMessage
		if json.Unmarshal(body, &items) == nil && len(b.reports)+b.bad+b.ignored != len(items) {
			t.Errorf("%d items became %d reports, %d bad, %d ignored", len(items), len(b.reports), b.bad, b.ignored)
		}
		// The same post again says the same.
		again, err := parseItems(bytes.Clone(body), received)
		if err != nil || cmp.Diff(b.reports, again.reports) != "" {
			t.Error("the same post again says something else")
		}
	})
}
