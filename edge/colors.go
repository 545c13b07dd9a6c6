package edge

import (
	"fmt"
	"math"
	"strconv"
)

// The palette is that of the mails; see package content. The accent is the academy's, moved until it can be read.
const (
	defaultAccent = "#24584b"

	paper = "#f5f3ee" // the lightest gray that an accent stands on by day
	tint  = "#282c31" // likewise by night

	readableAt = 4.6 // contrast; WCAG 2.2 AA asks for 4.5
)

// accentColors are an accent by day and by night, each readable on its page, and as a button below onAccent's words.
func accentColors(accent string) (day, night string) {
	if !isColor(accent) {
		accent = defaultAccent
	}
	day = adjustContrast(accent, "#000000", 0, paper)
	return day, adjustContrast(accent, "#ffffff", 0.55, tint)
}

// adjustContrast mixes a color with another, from a share on, until it is readable on a third.
func adjustContrast(color, end string, share float64, on string) string {
	for ; share < 1; share += 0.05 {
		if mixed := mixColors(color, end, share); contrastRatio(mixed, on) >= readableAt {
			return mixed
		}
	}
	return end
}

// isColor accepts #rrggbb. Nothing else gets into the style sheet.
func isColor(s string) bool {
	if len(s) != 7 || s[0] != '#' {
		return false
	}
	_, err := strconv.ParseUint(s[1:], 16, 32)
	return err == nil
}

func parseColor(color string) [3]float64 {
	n, _ := strconv.ParseUint(color[1:], 16, 32) // isColor
	return [3]float64{float64(n >> 16 & 255), float64(n >> 8 & 255), float64(n & 255)}
}

// mixColors moves a color toward another by a share of the way.
func mixColors(a, b string, share float64) string {
	x := parseColor(a)
	y := parseColor(b)
	var out [3]int
	for i := range out {
		out[i] = int(x[i] + (y[i]-x[i])*share + 0.5)
	}
	return fmt.Sprintf("#%02x%02x%02x", out[0], out[1], out[2])
}

// contrastRatio is the contrast ratio of WCAG 2.2, 1 to 21.
func contrastRatio(a, b string) float64 {
	x := relativeLuminance(a)
	y := relativeLuminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func relativeLuminance(color string) float64 {
	c := parseColor(color)
	for i, v := range c {
		if v /= 255; v <= 0.04045 {
			c[i] = v / 12.92
		} else {
			c[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
}
