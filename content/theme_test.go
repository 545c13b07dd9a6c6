package content

import (
	"fmt"
	"testing"

	"homeroom/internal/colors"
)

func TestEveryAccentCanBeRead(t *testing.T) {
	for n := 0; n < 1<<24; n += 9973 { // a prime, so that all channels move
		accent := fmt.Sprintf("#%06x", n)
		c := newTheme(accent)
		for _, pair := range []struct{ what, words, on string }{
			{"a button", c.onAccent, c.accent}, {"a link", c.link, cardColor}, {"a share link", c.link, tintColor},
			{"a button by night", c.onAccentDark, c.accentDark}, {"a link by night", c.linkDark, cardDark}, {"a share link by night", c.linkDark, tintDark},
		} {
			if got := colors.Contrast(pair.words, pair.on); got < 4.5 {
				t.Errorf("with the accent %s, %s has a contrast of %.2f:1", accent, pair.what, got)
			}
		}
	}
	if got := newTheme(""); got.accent != defaultAccent || got.onAccent != "#ffffff" || got.link != defaultAccent {
		t.Errorf("the quiet green became %+v", got)
	}
}
