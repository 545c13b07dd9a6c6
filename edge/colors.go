package edge

import "homeroom/internal/colors"

// The palette is that of the mails; see package content. The accent is the academy's, moved until it can be read.
const (
	defaultAccent = "#24584b"

	paper = "#f5f3ee" // the lightest gray that an accent stands on by day
	tint  = "#282c31" // likewise by night

	readableAt = 4.6 // contrast; WCAG 2.2 AA asks for 4.5
)

// accentColors are an accent by day and by night, each readable on its page, and as a button below onAccent's words.
func accentColors(accent string) (day, night string) {
	if !colors.Valid(accent) {
		accent = defaultAccent
	}
	day = colors.MixUntil(readableAt, paper, accent, "#000000", 0)
	return day, colors.MixUntil(readableAt, tint, accent, "#ffffff", 0.55)
}
