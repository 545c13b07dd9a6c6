package content

import (
	"strconv"

	"homeroom/internal/colors"
)

// theme is the colors of a mail, by day and by night.
type theme struct {
	accent, onAccent         string // buttons
	link, linkDark           string
	accentDark, onAccentDark string
	start                    string // the side on which lines begin: left or right
}

// padStart returns a CSS length for four sides from those at the top, the start of lines, the bottom and the end of lines, in pixels.
// Mail programs do not know CSS's own words for start and end.
func (t theme) padStart(top, start, bottom, end int) string {
	right := end
	left := start
	if t.start == "right" {
		right = start
		left = end
	}
	px := func(n int) string {
		if n == 0 {
			return "0"
		}
		return strconv.Itoa(n) + "px"
	}
	return px(top) + " " + px(right) + " " + px(bottom) + " " + px(left)
}

const (
	defaultAccent = "#24584b"
	paperColor    = "#f5f3ee" // around the sheet
	cardColor     = "#ffffff"
	inkColor      = "#23262b"
	mutedColor    = "#6d6a63"
	lineColor     = "#e6e2d9"
	tintColor     = "#f1efe9" // behind code and share links

	paperDark = "#131518"
	cardDark  = "#1c1f23"
	inkDark   = "#e7e5df"
	mutedDark = "#9d9a92"
	lineDark  = "#33373d"
	tintDark  = "#282c31"
)

// newTheme derives a mail's colors from its accent, #rrggbb or empty. The accent itself stays as it is; the words on it
// and the links are moved until they can be read.
func newTheme(accent string) theme {
	if accent == "" {
		accent = defaultAccent
	}
	dark := colors.Mix(accent, "#ffffff", 0.55)
	t := theme{start: "left", accent: accent, onAccent: "#000000", accentDark: dark, onAccentDark: "#14201c"}
	for _, text := range []string{"#ffffff", inkColor} { // one of black and white can be read on every color
		if colors.Contrast(text, accent) >= readableAt {
			t.onAccent = text
			break
		}
	}
	t.link = colors.MixUntil(readableAt, tintColor, accent, "#000000", 0)
	t.linkDark = colors.MixUntil(readableAt, tintDark, accent, "#ffffff", 0.55)
	return t
}

const readableAt = 4.5 // contrast, of WCAG 2.2 AA
