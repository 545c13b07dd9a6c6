package colors

import (
	"math"
	"testing"
)

// TestContrast compares with the published contrast of well-known pairs (https://webaim.org/resources/contrastchecker/).
func TestContrast(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want float64
	}{
		{"#000000", "#ffffff", 21},
		{"#ffffff", "#000000", 21},
		{"#ffffff", "#ffffff", 1},
		{"#777777", "#ffffff", 4.48}, // the gray that just fails AA
		{"#767676", "#FFFFFF", 4.54}, // and the one that just passes
		{"#ff0000", "#ffffff", 4.00},
		{"#0000ff", "#ffffff", 8.59},
	} {
		if got := Contrast(tt.a, tt.b); math.Abs(got-tt.want) > 0.005 {
			t.Errorf("%s on %s: %.3f, want %.2f", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestMixing(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{Mix("#000000", "#ffffff", 0), "#000000"},
		{Mix("#000000", "#ffffff", 1), "#ffffff"},
		{Mix("#000000", "#ffffff", 0.5), "#808080"},
		{Mix("#24584b", "#ffffff", 0.55), "#9cb4ae"},
		{MixUntil(4.5, "#ffffff", "#24584b", "#000000", 0), "#24584b"}, // is readable as it is
		{MixUntil(22, "#ffffff", "#24584b", "#000000", 0), "#000000"},  // nothing is enough
	} {
		if tt.got != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
	if c := Contrast(MixUntil(4.5, "#ffffff", "#ffee00", "#000000", 0), "#ffffff"); c < 4.5 || c > 6 {
		t.Errorf("a yellow was moved to a contrast of %.2f on white, want a little over 4.5", c)
	}
}

func TestValid(t *testing.T) {
	for color, want := range map[string]bool{
		"#24584b": true, "#FFee00": true, "": false, "#fff": false, "24584b": false, "#24584": false, "#24584bb": false, "#24584g": false, "#+24584": false,
		"#0x1234": false, "#24 584": false, "red": false, "#24584b;}": false,
	} {
		if got := Valid(color); got != want {
			t.Errorf("%q: %v, want %v", color, got, want)
		}
	}
}
