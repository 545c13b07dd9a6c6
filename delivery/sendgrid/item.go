package sendgrid

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"homeroom/delivery"
	"homeroom/internal/links"
	"homeroom/profile"
)

// items is what a post of the webhook says.
type items struct {
	reports []delivery.ProviderReport
	ignored int // items that mean nothing here
	bad     int // items that cannot be understood
	// notes say of the first few ignored and bad items what they were. They hold no personal data.
	notes []string
	// warnings are about the SendGrid account itself.
	warnings []string
}

// maxNotes bounds what is remembered of items that are not taken in.
const maxNotes = 5

// errNoArray says that a post is not SendGrid's.
var errNoArray = errors.New("the post is not a JSON array")

// parseItems reads a post, item by item: one that cannot be understood does not touch the others. received stands in for
// timestamps that are missing or in the future.
func parseItems(body []byte, received time.Time) (items, error) {
	var b items
	dec := json.NewDecoder(bytes.NewReader(body))
	if first, err := dec.Token(); err != nil || first != json.Delim('[') {
		return b, errNoArray
	}
	for dec.More() {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			b.countUnreadable("the rest is not JSON")
			return b, nil
		}
		b.addItem(raw, received)
	}
	if _, err := dec.Token(); err != nil {
		b.countUnreadable("the array does not end")
	} else if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		b.countUnreadable("something follows the array")
	}
	return b, nil
}

func (b *items) countUnreadable(why string) {
	b.bad++
	b.addNote(why)
}

func (b *items) addNote(what string) {
	if len(b.notes) < maxNotes {
		b.notes = append(b.notes, what)
	}
}

// addItem reads one item, https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event. Only what decides is
// required: the type, and the address or the send. What else has the wrong type counts as missing.
func (b *items) addItem(raw []byte, received time.Time) {
	var f fields
	if err := json.Unmarshal(raw, &f); err != nil || f == nil {
		b.countUnreadable("an item is not an object")
		return
	}
	event := f.textField("event", maxID)
	rep := delivery.ProviderReport{
		ID:      f.textField("sg_event_id", maxID),
		SendID:  f.textField(delivery.SendIDArg, maxID),
		Email:   strings.TrimSpace(f.textField("email", maxEmail)),
		At:      f.timeField(received),
		Receipt: f.messageID(),
	}
	switch event {
	case "processed", "deferred":
		rep.Kind = delivery.ReportProcessed
		rep.Intake = event == "processed" // deferred tells of a later try
	case "delivered":
		rep.Kind = delivery.ReportDelivered
	case "open":
		rep.Kind = delivery.ReportOpened
		rep.Machine = f.boolField("sg_machine_open")
	case "click":
		rep.Kind = delivery.ReportClicked
		rep.URL = cleanURL(f.textField("url", maxText))
	case "bounce":
		rep.Kind = delivery.ReportBounced
		rep.BounceType = f.bounceType()
		rep.Reason = f.bounceReason()
	case "dropped":
		rep.Kind = delivery.ReportBounced
		rep.BounceType = delivery.BounceDropped
		rep.Reason = f.bounceReason()
		rep.DropCause = dropCause(rep.Reason)
	case "spamreport":
		rep.Kind = delivery.ReportSpamReported
	case "unsubscribe":
		rep.Kind = delivery.ReportUnsubscribed
	case "group_unsubscribe":
		rep.Kind = delivery.ReportTopicLeft
	case "group_resubscribe":
		b.ignored++
		b.addNote("group_resubscribe: learners come back through their preferences page only")
		return
	case "account_status_change":
		b.ignored++
		if len(b.warnings) < maxNotes {
			b.warnings = append(b.warnings, f.textField("type", maxID))
		}
		return
	case "":
		b.countUnreadable("an item has no event type")
		return
	default:
		b.countUnreadable(fmt.Sprintf("unknown event type %.40q", event))
		return
	}
	if rep.SendID == "" && rep.Email == "" {
		b.countUnreadable(event + " without address and send id")
		return
	}
	if rep.ID == "" {
		sum := sha256.Sum256(raw)
		rep.ID = "sha256-" + hex.EncodeToString(sum[:16])
	}
	b.reports = append(b.reports, rep)
}

// How long texts may be, in bytes. A longer one counts as missing, but for those that are cut.
const (
	maxID    = 128
	maxEmail = 320
	maxText  = 8 << 10
)

// fields are an item, each value as it stands.
type fields map[string]json.RawMessage

// textField is a field's text; empty if it is missing, no text, too long, or holds control characters.
func (f fields) textField(name string, most int) string {
	var text string
	if json.Unmarshal(f[name], &text) != nil || len(text) > most || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return ""
	}
	return text
}

func (f fields) boolField(name string) bool {
	var yes bool
	return json.Unmarshal(f[name], &yes) == nil && yes || f.textField(name, maxID) == "true"
}

// timeField is when it happened. SendGrid's clock may be ahead of ours, but what lies in our future would outlive what
// learners say until then; so it is at most now.
func (f fields) timeField(received time.Time) time.Time {
	text := string(f["timestamp"])
	if quoted := f.textField("timestamp", maxID); quoted != "" {
		text = quoted
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds >= 1 && seconds < float64(received.Unix())) {
		return received
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// messageID is the X-Message-Id that a send was answered with.
func (f fields) messageID() string {
	id, _, _ := strings.Cut(f.textField("sg_message_id", maxID), ".")
	return id
}

// bounceType returns BounceHard, which suppresses the address, only for the types that are known to be for good; any other is BounceBlocked.
func (f fields) bounceType() string {
	switch f.textField("type", maxID) {
	case "bounce", "":
		return delivery.BounceHard
	default:
		return delivery.BounceBlocked
	}
}

// dropCause returns why SendGrid does not write to an address, by the reason of a dropped item; empty: the reason is not about
// the address ("Spam Content", "Recipient List over Package Quota", "Invalid SMTPAPI header") or is not known. The reasons are those of
// https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event#dropped.
func dropCause(reason string) profile.Reason {
	switch strings.ToLower(strings.TrimSpace(reason)) {
	case "bounced address", "invalid", "invalid address":
		return profile.ReasonBounced
	case "spam reporting address":
		return profile.ReasonComplained
	case "unsubscribed address":
		return profile.ReasonUnsubscribed
	default:
		return ""
	}
}

// bounceReason is why a message was refused; servers write line breaks into it.
func (f fields) bounceReason() string {
	for _, name := range []string{"reason", "response", "status"} {
		var text string
		if json.Unmarshal(f[name], &text) != nil {
			continue
		}
		if text = strings.Join(strings.FieldsFunc(text, isSpaceOrControl), " "); text != "" {
			return strings.ToValidUTF8(text[:min(len(text), maxText)], "")
		}
	}
	return ""
}

func isSpaceOrControl(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// cleanURL returns the part of a link that says where it led: no query, no fragment, no user, and no token of ours.
func cleanURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	clean := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	if cut := withoutToken(u.Path); cut != u.Path {
		clean.Path = cut
		clean.RawPath = ""
	}
	return clean.String()
}

// withoutToken cuts a path after /u/, /p/, /s/ or /r/ if what follows looks like a token or code of package links, from
// whatever installation: an academy may have a /u/ of its own.
func withoutToken(path string) string {
	for _, prefix := range []struct {
		path, letters string
		least         int
	}{
		{links.PathUnsubscribe, tokenLetters, leastToken},
		{links.PathPreferences, tokenLetters, leastToken},
		{links.PathShare, tokenLetters, leastToken},
		{links.PathReferral, codeLetters, codeLength},
	} {
		for at := 0; ; {
			i := strings.Index(path[at:], prefix.path)
			if i < 0 {
				break
			}
			at += i + len(prefix.path)
			rest := path[at:]
			if len(rest)-len(strings.TrimLeft(rest, prefix.letters)) >= prefix.least {
				path = path[:at]
				break
			}
			at-- // the next prefix may begin with this slash
		}
	}
	return path
}

const (
	codeLetters  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	tokenLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	codeLength   = 8
	leastToken   = 40 // key id, nonce, expiry and tag alone are 48
)
