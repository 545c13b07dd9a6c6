package content

import (
	"fmt"
	"math"
	"strconv"
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
	dark := mixColors(accent, "#ffffff", 0.55)
	t := theme{start: "left", accent: accent, onAccent: "#000000", accentDark: dark, onAccentDark: "#14201c"}
	for _, text := range []string{"#ffffff", inkColor} { // one of black and white can be read on every color
		if contrastRatio(text, accent) >= readableAt {
			t.onAccent = text
			break
		}
	}
	t.link = mixUntilReadable(accent, "#000000", 0, tintColor)
	t.linkDark = mixUntilReadable(accent, "#ffffff", 0.55, tintDark)
	return t
}

const readableAt = 4.5 // contrast, of WCAG 2.2 AA

// mixUntilReadable mixes a color with another, from a part on, until it can be read on a third.
func mixUntilReadable(color, end string, part float64, on string) string {
	for ; part < 1; part += 0.05 {
		if mixed := mixColors(color, end, part); contrastRatio(mixed, on) >= readableAt {
			return mixed
		}
	}
	return end
}

func rgb(color string) [3]float64 {
	n, _ := strconv.ParseUint(color[1:], 16, 32) // colors are checked by NewLibrary
	return [3]float64{float64(n >> 16 & 255), float64(n >> 8 & 255), float64(n & 255)}
}

// mixColors moves a color towards another by a part of the way.
func mixColors(a, b string, part float64) string {
	x := rgb(a)
	y := rgb(b)
	var out [3]int
	for i := range out {
		out[i] = int(x[i] + (y[i]-x[i])*part + 0.5)
	}
	return fmt.Sprintf("#%02x%02x%02x", out[0], out[1], out[2])
}

// contrastRatio is the contrast ratio of WCAG 2.2, 1 to 21.
func contrastRatio(a, b string) float64 {
	x := luminance(a)
	y := luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// luminance is the relative luminance of WCAG 2.2, 0 to 1.
func luminance(color string) float64 {
	c := rgb(color)
	for i, v := range c {
		if v /= 255; v <= 0.04045 {
			c[i] = v / 12.92
		} else {
			c[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
}
