package content

import (
	"fmt"
	"strconv"
)

// theme is the colors of a mail, by day and by night.
type theme struct {
	accent, onAccent         string // buttons
	link, linkDark           string
	accentDark, onAccentDark string
}

const (
	defaultAccent = "#24584b"
	paper         = "#f5f3ee" // around the sheet
	card          = "#ffffff"
	ink           = "#23262b"
	muted         = "#6d6a63"
	rule          = "#e6e2d9"
	tint          = "#f1efe9" // behind code and share links

	paperDark = "#131518"
	cardDark  = "#1c1f23"
	inkDark   = "#e7e5df"
	mutedDark = "#9d9a92"
	ruleDark  = "#33373d"
	tintDark  = "#282c31"
)

// newTheme derives a mail's colors from its accent, #rrggbb or empty.
func newTheme(accent string) theme {
	if accent == "" {
		accent = defaultAccent
	}
	dark := mix(accent, "#ffffff", 0.55)
	t := theme{accent: accent, onAccent: "#ffffff", link: accent, linkDark: dark, accentDark: dark, onAccentDark: "#14201c"}
	if luminance(accent) > 0.4 { // a light accent: dark words on it, and darker links
		t.onAccent, t.link = ink, mix(accent, "#000000", 0.55)
	}
	return t
}

func rgb(color string) [3]float64 {
	n, _ := strconv.ParseUint(color[1:], 16, 32) // colors are checked by NewLibrary
	return [3]float64{float64(n >> 16 & 255), float64(n >> 8 & 255), float64(n & 255)}
}

// mix moves a color towards another by a part of the way.
func mix(a, b string, part float64) string {
	x, y := rgb(a), rgb(b)
	var out [3]int
	for i := range out {
		out[i] = int(x[i] + (y[i]-x[i])*part + 0.5)
	}
	return fmt.Sprintf("#%02x%02x%02x", out[0], out[1], out[2])
}

// luminance is how light a color looks, 0 to 1.
func luminance(color string) float64 {
	c := rgb(color)
	return (0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]) / 255
}
