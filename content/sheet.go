package content

import (
	"fmt"
	"html"
	"io"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sheet holds what one rendering prints. Liquid runs before Markdown, but values must not be read as Markdown: so each
// printed value is put on the sheet and a mark of private-use runes stands for it in the text, until HTML and plain
// text are written and each value can be escaped for the very place it appears in.
type sheet struct {
	slots   []slot
	dialect *dialect // in the format of the mail's locale
	minor   bool
	samples bool              // values are made up: a SampleText may stand for a link
	share   map[string]string // nil: not offered or not possible
	missing map[string]error  // why a link or the share links have no value
	marker  marker
	actions []Action
}

type slotKind string

const (
	slotValue  slotKind = "" // text
	slotButton slotKind = "button"
	slotShare  slotKind = "share"
)

// slot is one printed thing.
type slot struct {
	kind    slotKind
	text    string // may hold marks of earlier slots: captured text
	href    string // with a button
	encoded bool   // percent-encoded already
}

// A mark is markStart, the slot's index in digits counted from markZero, markEnd. They are neither space nor
// punctuation nor letters with case, so Markdown and filters leave them alone.
const (
	markStart = '\uE000'
	markEnd   = '\uE001'
	markZero  = '\uE010'
	markLast  = '\uE019'
)

// markBytes are the bytes with which every rune of a mark begins.
const markBytes = "\xEE\x80"

// dropMarkRunes removes the runes that marks are made of from text that comes from outside.
func dropMarkRunes(s string) string {
	if !strings.Contains(s, markBytes) && utf8.ValidString(s) { // as nearly every text; Map would look at each rune, and mend what is not valid
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == markStart || r == markEnd || r >= markZero && r <= markLast {
			return -1
		}
		return r
	}, s)
}

// addSlot puts a slot on the sheet and returns the mark that stands for it.
func (s *sheet) addSlot(sl slot) string {
	digits := fmt.Sprint(len(s.slots))
	s.slots = append(s.slots, sl)
	return string(markStart) + strings.Map(func(r rune) rune { return r - '0' + markZero }, digits) + string(markEnd)
}

// writeParagraph writes a slot as a paragraph of its own.
func (s *sheet) writeParagraph(w io.Writer, sl slot) error {
	_, err := io.WriteString(w, "\n\n"+s.addSlot(sl)+"\n\n")
	return err
}

// walkMarks walks through text: literal for what stands between marks, filled for each mark's slot.
func (s *sheet) walkMarks(text string, literal func(string), filled func(slot)) {
	for {
		before, rest, found := strings.Cut(text, string(markStart))
		if before = dropMarkRunes(before); before != "" {
			literal(before)
		}
		if !found {
			return
		}
		digits, after, found := strings.Cut(rest, string(markEnd))
		if !found {
			text = rest // a filter cut the mark in two: what is left of it is dropped
			continue
		}
		n := 0
		for _, r := range digits {
			if r < markZero || r > markLast || n > len(s.slots) {
				n = len(s.slots)
				break
			}
			n = n*10 + int(r-markZero)
		}
		if digits == "" || n >= len(s.slots) {
			text = rest
			continue
		}
		filled(s.slots[n])
		text = after
	}
}

// fillText fills the marks in, as text.
func (s *sheet) fillText(text string) string {
	var b strings.Builder
	s.walkMarks(text,
		func(lit string) { b.WriteString(lit) },
		func(sl slot) { b.WriteString(visibleText(s.fillText(sl.text))) })
	return b.String()
}

// fillHTML fills the marks in and escapes for HTML, text and attributes alike.
func (s *sheet) fillHTML(text string) string { return html.EscapeString(s.fillText(text)) }

// fillLine is fillText on one line: for subjects, preheaders and labels.
func (s *sheet) fillLine(text string) string {
	return strings.Join(strings.Fields(visibleText(s.fillText(text))), " ")
}

// visibleText makes every run of white space in a value one space and drops control characters and the marks that turn
// the direction of text, so that a value cannot break out of its line or rearrange its neighbors.
func visibleText(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r >= '\u202A' && r <= '\u202E', r >= '\u2066' && r <= '\u2069', r == unicode.ReplacementChar:
			return -1
		default:
			return r
		}
	}, s)
	for strings.Contains(s, "  ") {
		s = strings.ReplaceAll(s, "  ", " ")
	}
	return s
}

// fillURL fills the marks of a link in. A value at its beginning is the link's own beginning; values further on are
// percent-encoded. Only links that are safe in a mail come back.
func (s *sheet) fillURL(text string) (string, error) {
	text = strings.TrimSpace(text)
	var b, shown strings.Builder // shown is for errors, which are kept: what a learner's values say is not for them
	s.walkMarks(text,
		func(lit string) { b.WriteString(lit); shown.WriteString(lit) },
		func(sl slot) {
			shown.WriteString("(value)")
			value := strings.TrimSpace(s.fillText(sl.text))
			if b.Len() == 0 && s.samples && value == SampleText {
				value = SampleLink
			}
			if b.Len() == 0 || sl.encoded {
				b.WriteString(value)
			} else {
				b.WriteString(percentEncode(value))
			}
		})
	return safeLink(b.String(), shown.String())
}

// fillHref is fillURL for a link that is there to be followed: it carries the campaign.
func (s *sheet) fillHref(text string) (string, error) {
	link, err := s.fillURL(text)
	if err != nil {
		return "", err
	}
	return s.marker.markLink(link), nil
}

// safeURL returns the link with everything that could end an attribute encoded, or an error if it is not a complete
// http, https, mailto or tel link.
func safeURL(link string) (string, error) { return safeLink(link, link) }

// safeLink is safeURL; shown is what an error calls the link.
func safeLink(link, shown string) (string, error) {
	bad := func(why string) error {
		return fmt.Errorf("%q is not a link for a mail: %s%swrite a complete address that begins with https://", shown, why, hintMark)
	}
	if i := strings.IndexFunc(link, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }); i >= 0 {
		return "", bad("it has a space or line break in it")
	}
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return "", bad("it cannot be read")
	case !slices.Contains([]string{"http", "https", "mailto", "tel"}, u.Scheme):
		return "", bad("it does not begin with https://")
	case u.Host == "" && (u.Scheme == "http" || u.Scheme == "https"):
		return "", bad("it has no host")
	}
	var b strings.Builder
	for _, c := range []byte(link) {
		if c >= 0x7f || strings.IndexByte("\"'<>`\\{}|^", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

// whyMissing says why a variable has no value, if the sheet knows better than "it has none".
func (s *sheet) whyMissing(name string) error {
	name, _, _ = strings.Cut(name, " ")
	root, _, _ := strings.Cut(name, ".")
	if root == "share" || root == referralRoot {
		name = root
	}
	if err := s.missing[name]; err != nil {
		return err
	}
	if s.minor && (name == "share" || name == referralRoot) {
		return fmt.Errorf("%s links are not offered to minors%sput {%% if %s %%} … {%% endif %%} around the words about them", name, hintMark, name)
	}
	return nil
}
