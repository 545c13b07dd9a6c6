// Package colors moves an academy's accent until words in it can be read, by the contrast of WCAG 2.2
// (https://www.w3.org/TR/WCAG22/#contrast-minimum). Mails and web pages take their palettes from it.
package colors

import (
	"strings"

	"github.com/lucasb-eyer/go-colorful"
)

// Valid reports whether a text is a color of the form #rrggbb. Nothing else gets into a style sheet.
func Valid(color string) bool {
	_, err := colorful.Hex(color)
	return err == nil && len(color) == len("#rrggbb") && strings.Trim(color[1:], "0123456789abcdefABCDEF") == ""
}

// Mix moves a color towards another by a part of the way, 0 to 1. Both are valid.
func Mix(from, to string, part float64) string {
	return parseColor(from).BlendRgb(parseColor(to), part).Clamped().Hex()
}

// MixUntil moves a color towards another, from a part of the way on and in steps of a twentieth, until its contrast on a third is at
// least contrast. If no step is enough it returns the color it moves towards. All are valid.
func MixUntil(contrast float64, on, from, to string, part float64) string {
	for ; part < 1; part += 0.05 {
		if mixed := Mix(from, to, part); Contrast(mixed, on) >= contrast {
			return mixed
		}
	}
	return to
}

// Contrast is the contrast ratio of WCAG 2.2 between two valid colors, 1 to 21.
func Contrast(a, b string) float64 {
	x := relativeLuminance(a)
	y := relativeLuminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// relativeLuminance is the relative luminance of WCAG 2.2, 0 to 1.
func relativeLuminance(color string) float64 {
	red, green, blue := parseColor(color).LinearRgb()
	return 0.2126*red + 0.7152*green + 0.0722*blue
}

func parseColor(color string) colorful.Color {
	c, _ := colorful.Hex(color) // valid, as the doc comments ask
	return c
}
