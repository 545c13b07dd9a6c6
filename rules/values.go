package rules

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"homeroom/engine"
	"homeroom/internal/spelling"
	"homeroom/internal/yamlfile"
)

// maxDuration is the longest duration of a folder: a little over two years.
const maxDuration = 750 * 24 * time.Hour

var (
	percentForm  = regexp.MustCompile(`^([0-9]{1,3}(?:\.[0-9]{1,3})?)\s*%$`)
	weightForm   = regexp.MustCompile(`^[0-9]{1,4}(?:\.[0-9]{1,3})?$`)
	variableForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	clockForm    = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])$`)
	nameForm     = regexp.MustCompile(`^[a-z0-9]+(?:[-_][a-z0-9]+)*$`)
	stepIDForm   = regexp.MustCompile(`^[a-z](?:[a-z0-9_-]*[a-z0-9])?$`)
)

// readDuration reads 90s, 15m, 2h, 1h30m, 3d or 2w. A day is 24 hours.
func (d *decoder) readDuration(n *yamlfile.Node, what string) (time.Duration, bool) {
	text, ok := d.Text(n, what)
	if !ok {
		return 0, false
	}
	span, err := engine.ParseDuration(text)
	switch {
	case errors.Is(err, engine.ErrLongDuration) || err == nil && span > maxDuration:
		d.Fail(n.At, "use at most 750d", "%s is longer than two years", what)
	case err != nil:
		d.Fail(n.At, "write whole numbers and s, m, h, d or w, the longer unit first, for example 90s, 15m, 2h, 1h30m, 3d, 2w", "%s is not a duration: %q", what, text)
	case span == 0:
		d.Fail(n.At, "write a longer one or take it out", "%s is no time at all", what)
	default:
		return span, true
	}
	return 0, false
}

// readClock reads a time of day as minutes after midnight.
func (d *decoder) readClock(n *yamlfile.Node, what string) (int, bool) {
	text, ok := d.Text(n, what)
	if !ok {
		return 0, false
	}
	m := clockForm.FindStringSubmatch(text)
	if m == nil {
		d.Fail(n.At, `write hours and minutes with two digits each, "00:00" to "23:59"`, "%s is not a time of day: %q", what, text)
		return 0, false
	}
	hours, _ := strconv.Atoi(m[1])
	minutes, _ := strconv.Atoi(m[2])
	return hours*60 + minutes, true
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// readDays reads a list of weekdays, in the order of the week.
func (d *decoder) readDays(n *yamlfile.Node) (readDays []time.Weekday) {
	d.readList(n, "days", func(item *yamlfile.Node) {
		text, ok := d.Text(item, "a day")
		if !ok {
			return
		}
		day := slices.Index(weekdays, text)
		switch {
		case day < 0:
			fix := "use mon, tue, wed, thu, fri, sat, sun"
			day := ""
			if len(text) > 3 && slices.Contains(weekdays, strings.ToLower(text[:3])) {
				day = strings.ToLower(text[:3])
				fix = "write " + day
			}
			d.FailReplace(item.At, day, fix, "%q is not a weekday", text)
		case slices.Contains(readDays, time.Weekday(day)):
			d.Fail(item.At, "keep it once", "%s stands twice", text)
		default:
			readDays = append(readDays, time.Weekday(day))
		}
	})
	slices.Sort(readDays)
	return readDays
}

// readInteger reads a whole number from low to high.
func (d *decoder) readInteger(n *yamlfile.Node, what string, low, high int) (int, bool) {
	text, ok := d.Text(n, what)
	if !ok {
		return 0, false
	}
	v, err := strconv.Atoi(text)
	if err != nil || n.Style != yamlfile.Plain {
		d.Fail(n.At, "write it with digits only, without quotes", "%s is not a whole number: %q", what, text)
		return 0, false
	}
	if v < low || v > high {
		d.Fail(n.At, "", "%s is %d, but must be from %d to %d", what, v, low, high)
		return 0, false
	}
	return v, true
}

// readPercent reads a share of learners: 10%, 2.5%.
func (d *decoder) readPercent(n *yamlfile.Node, what string) (float64, bool) {
	text, ok := d.Text(n, what)
	if !ok {
		return 0, false
	}
	m := percentForm.FindStringSubmatch(text)
	if m == nil {
		fix := "write a number and a percent sign, for example 10%"
		percent := ""
		if share, err := strconv.ParseFloat(text, 64); err == nil && share > 0 && share < 1 {
			percent = strconv.FormatFloat(share*100, 'g', 4, 64) + "%"
		} else if err == nil {
			percent = text + "%"
		}
		if percent != "" {
			fix = "write " + percent
		}
		d.FailReplace(n.At, percent, fix, "%s is not a share of learners: %q", what, text)
		return 0, false
	}
	share, _ := strconv.ParseFloat(m[1], 64)
	if share > 100 {
		d.Fail(n.At, "use 0% to 100%", "%s is more than everybody", what)
		return 0, false
	}
	return share, true
}

// readRisk reads a risk: 0.6.
func (d *decoder) readRisk(n *yamlfile.Node, what string) (float64, bool) {
	text, ok := d.Text(n, what)
	if !ok {
		return 0, false
	}
	risk, err := strconv.ParseFloat(text, 64)
	if err != nil || !(risk > 0 && risk < 1) {
		fix := "write a number between 0 and 1, for example 0.6"
		if percent := percentForm.FindStringSubmatch(text); percent != nil {
			share, _ := strconv.ParseFloat(percent[1], 64)
			fix = "write " + strconv.FormatFloat(share/100, 'g', 4, 64)
		}
		d.Fail(n.At, fix, "%s is not a risk: %q", what, text)
		return 0, false
	}
	return risk, true
}

// readWeight reads how often an arm is chosen, relative to the others.
func (d *decoder) readWeight(n *yamlfile.Node) (float64, bool) {
	text, ok := d.Text(n, "weight")
	if !ok {
		return 0, false
	}
	w, err := strconv.ParseFloat(text, 64)
	if err != nil || w <= 0 || !weightForm.MatchString(text) {
		d.Fail(n.At, "write a number above 0; the arms share learners in proportion: 1 and 3 are a quarter and the rest",
			"weight is not a number above 0: %q", text)
		return 0, false
	}
	return w, true
}

// oneOf reads one of a few words.
func (d *decoder) oneOf(n *yamlfile.Node, what string, words ...string) (string, bool) {
	text, ok := d.Text(n, what)
	if !ok {
		return "", false
	}
	if !slices.Contains(words, text) {
		d.FailReplace(n.At, spelling.Nearest(text, words), spelling.Suggest(text, words), "%s cannot be %q", what, text)
		return "", false
	}
	return text, true
}

// readName reads the name of a message, topic or link: lower case words joined by - or _.
func (d *decoder) readName(n *yamlfile.Node, what string) (string, bool) {
	text, ok := d.Text(n, what)
	if !ok {
		return "", false
	}
	if !nameForm.MatchString(text) || len(text) > 64 {
		d.Fail(n.At, "use small letters, digits, - and _, at most 64", "%s is not a name: %q", what, text)
		return "", false
	}
	return text, true
}
