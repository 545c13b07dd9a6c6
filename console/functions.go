package console

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/engine"
	"homeroom/internal/narrate"
)

// noticeCookie carries one sentence to the page after a form.
const noticeCookie = "homeroom_console_notice"

func encodeNotice(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// takeNotice returns what was done a moment ago, and forgets it.
func (c *Console) takeNotice(req *request) string {
	cookie, err := req.Cookie(noticeCookie)
	if err != nil {
		return ""
	}
	http.SetCookie(req.w, &http.Cookie{Name: noticeCookie, Path: c.prefix + "/", MaxAge: -1})
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return ""
	}
	return string(text)
}

// templateFunctions are what the templates may call.
func (c *Console) templateFunctions() template.FuncMap {
	return template.FuncMap{
		"link":          func(parts ...string) string { return c.linkTo(joinPath(parts)) },
		"asset":         func(name string) string { return c.linkTo("/static/" + name + "?" + assetVersion(name)) },
		"ago":           func(t time.Time) string { return describeAge(t, c.o.Installation.MachineNow()) }, // of what people did, and of what NATS stored
		"learnersAgo":   func(t time.Time) string { return describeAge(t, c.o.Installation.Now()) },        // of what learners did, and of what was decided
		"clock":         func(t time.Time) string { return t.UTC().Format("Mon 02 Jan 2006 15:04:05 UTC") },
		"describeAudit": admin.DescribeAudit,
		"age":           describeDuration,
		"afterVerb":     func(verb, words string) string { return strings.TrimPrefix(words, verb+" ") },
		"spaced":        func(text any) string { return strings.ReplaceAll(fmt.Sprint(text), "_", " ") },
		"runsWords":     describeRunPolicy,
		"roleWords":     describeProcess,
		"short":         func(hash string) string { return hash[:min(len(hash), 8)] },
		"thousands":     narrate.Thousands,
		"thousands64":   func(n int64) string { return narrate.Thousands(int(n)) },
		"rate":          func(n float64) string { return strconv.FormatFloat(n, 'f', 1, 64) },
		"count":         narrate.Count,
		"percent":       func(share float64) string { return keepTogether(strconv.FormatFloat(share*100, 'f', 1, 64) + " %") },
		"together":      keepTogether,
		"points":        func(share float64) string { return formatSigned(share * 100) },
		"lines":         func(text string) []string { return strings.Split(strings.TrimRight(text, "\n"), "\n") },
		"diffClass":     diffClass,
		"temporal":      func() string { return c.o.TemporalUI },
		"join":          strings.Join,
		"onScale":       onScale,
		"sentence":      asSentence,
		"reason":        func(code string) string { return narrate.Reason(engine.Reason(code)) },
		"reasonWords":   describeReasons,
		"zones":         func() []string { return commonZones[:] },
		"describeReads": admin.DescribeReads,
		"moment":        narrate.Moment,
		"channel":       narrate.Channel,
		"risk":          func(l admin.AtRiskLearner) string { return narrate.Risk(&l.RiskScore) },
		"withPath":      func(b broadcastData, path string) broadcastControls { return broadcastControls{b, path} },
		"date":          func(t time.Time) string { return t.UTC().Format("Mon 02 Jan 2006") },
	}
}

// commonZones are offered where a time zone is asked for. Every other one can be typed.
var commonZones = [...]string{
	"UTC", "Africa/Cairo", "Africa/Johannesburg", "Africa/Lagos", "Africa/Nairobi", "America/Bogota", "America/Chicago", "America/Denver", "America/Los_Angeles",
	"America/Mexico_City", "America/New_York", "America/Sao_Paulo", "America/Toronto", "Asia/Bangkok", "Asia/Dhaka", "Asia/Dubai", "Asia/Hong_Kong", "Asia/Jakarta",
	"Asia/Karachi", "Asia/Kolkata", "Asia/Manila", "Asia/Seoul", "Asia/Shanghai", "Asia/Singapore", "Asia/Tehran", "Asia/Tokyo", "Australia/Sydney", "Europe/Berlin",
	"Europe/Istanbul", "Europe/Kyiv", "Europe/London", "Europe/Madrid", "Europe/Paris", "Europe/Rome", "Europe/Warsaw", "Pacific/Auckland",
}

// keepTogether writes percentages with a space at which no line breaks.
func keepTogether(text string) string { return strings.ReplaceAll(text, " %", "\u00a0%") }

// asSentence begins a text with a capital letter and ends it with a full stop.
func asSentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// joinPath escapes the parts of a path that follow the first, which is written as it is.
func joinPath(parts []string) string {
	path := parts[0]
	for _, part := range parts[1:] {
		path += "/" + url.PathEscape(guardDots(part))
	}
	return path
}

// guardDots writes a ~ before a part that browsers would take for this folder (.) or the one above (..), escaped or not, and so lead a form elsewhere. A part that looks so
// written gets one more, so that [bareDots] finds every part again.
func guardDots(part string) string {
	if isDots(strings.TrimLeft(part, "~")) {
		return "~" + part
	}
	return part
}

// bareDots is the inverse of [guardDots].
func bareDots(part string) string {
	if rest, guarded := strings.CutPrefix(part, "~"); guarded && isDots(strings.TrimLeft(rest, "~")) {
		return rest
	}
	return part
}

func isDots(part string) bool { return part == "." || part == ".." }

// assetVersion names the content of a static file, so that browsers may keep it.
func assetVersion(name string) string {
	content, err := fs.ReadFile(staticFiles, "static/"+name)
	if err != nil {
		return "missing"
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:6])
}

// describeReasons says in words why something was not done, with how often, the most frequent first: "it was quiet hours where the learner lives (12); sending was paused (3)".
func describeReasons(by map[string]int) string {
	codes := slices.SortedFunc(maps.Keys(by), func(a, b string) int {
		return cmp.Or(cmp.Compare(by[b], by[a]), strings.Compare(a, b))
	})
	for i, code := range codes {
		words := cmp.Or(narrate.Reason(engine.Reason(code)), "no reason is recorded")
		codes[i] = words + " (" + narrate.Thousands(by[code]) + ")"
	}
	return strings.Join(codes, "; ")
}

// describeAge says how long ago something was.
func describeAge(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d := now.Sub(t)
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return narrate.Count(int(d/time.Minute), "minute") + " ago"
	case d < 48*time.Hour:
		return narrate.Count(int(d/time.Hour), "hour") + " ago"
	}
	return narrate.Count(int(d/(24*time.Hour)), "day") + " ago"
}

// describeDuration writes a duration in its greatest unit.
func describeDuration(d time.Duration) string {
	switch {
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + "\u00a0ms"
	case d < time.Minute:
		return narrate.Count(int(d/time.Second), "second")
	case d < time.Hour:
		return narrate.Count(int(d/time.Minute), "minute")
	}
	return narrate.Count(int(d/time.Hour), "hour")
}

// formatSigned writes points with their sign.
func formatSigned(points float64) string {
	text := strconv.FormatFloat(points, 'f', 1, 64)
	if points > 0 {
		return "+" + text
	}
	return strings.Replace(text, "-", "−", 1)
}

// diffClass names the class of a line of a unified diff.
func diffClass(line string) string {
	switch {
	case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"):
		return "file"
	case strings.HasPrefix(line, "@@"):
		return "place"
	case strings.HasPrefix(line, "+"):
		return "added"
	case strings.HasPrefix(line, "-"):
		return "removed"
	}
	return "same"
}

// onScale places a difference between two rates, −1 to 1, on a scale of 200 units on which 0.25 is the end.
func onScale(difference float64) string {
	const end = 0.25
	return strconv.FormatFloat(100+100*max(-1, min(1, difference/end)), 'f', 1, 64)
}
