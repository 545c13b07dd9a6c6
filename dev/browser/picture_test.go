package browser_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"homeroom/dev/browser"
)

// plain is a picture of one color.
func plain(t *testing.T, w, h int, c color.RGBA) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, c)
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var (
	red   = color.RGBA{200, 0, 0, 255}
	green = color.RGBA{0, 200, 0, 255}
	blue  = color.RGBA{0, 0, 200, 255}
	line  = color.RGBA{0xa9, 0xa7, 0xa1, 0xff}
)

func TestSheet(t *testing.T) {
	sheet, err := browser.Sheet([][][]byte{
		{plain(t, 10, 5, red), plain(t, 20, 8, green)},
		{plain(t, 4, 3, blue)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sheet.Bounds(), image.Rect(0, 0, 40, 21); got != want {
		t.Fatalf("the sheet is %v, want %v", got, want)
	}
	for at, want := range map[image.Point]color.RGBA{
		{0, 0}: red, {9, 7}: red, {20, 0}: green, {39, 7}: green, {0, 18}: blue, {9, 20}: blue, {10, 0}: line, {0, 8}: line,
	} {
		if got := sheet.At(at.X, at.Y); got != want {
			t.Errorf("at %v it is %v, want %v", at, got, want)
		}
	}
	if _, err := browser.Sheet([][][]byte{{[]byte("no picture")}}); err == nil {
		t.Error("what is no picture passes")
	}
}

func TestSmallKeepsAreasAndRoundsEdges(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for y := range 64 {
		for x := range 64 {
			img.SetRGBA(x, y, color.RGBA{uint8(4 * x), uint8(4 * y), uint8(2 * (x + y)), 255}) // 4096 colors
			if y < 32 {
				img.SetRGBA(x, y, red)
			}
		}
	}
	data, err := browser.Small(img)
	if err != nil {
		t.Fatal(err)
	}
	got, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	flat, ok := got.(*image.Paletted)
	if !ok || len(flat.Palette) > 256 {
		t.Fatalf("it is a %T", got)
	}
	const most = 64 // of 255, in each channel
	for y := range 64 {
		for x := range 64 {
			a := img.RGBAAt(x, y)
			b := color.RGBAModel.Convert(got.At(x, y)).(color.RGBA)
			if y < 32 && a != b || apart(a.R, b.R) > most || apart(a.G, b.G) > most || apart(a.B, b.B) > most {
				t.Fatalf("at %d, %d: got %v, want %v", x, y, b, a)
			}
		}
	}
}

func apart(a, b uint8) int { return max(int(a), int(b)) - min(int(a), int(b)) }
