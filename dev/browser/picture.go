package browser

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"slices"
)

const gap = 10 // pixels between the pictures of a sheet

var between = color.RGBA{0xa9, 0xa7, 0xa1, 0xff}

// Sheet combines PNG pictures, given in rows of columns. A column is as wide as its widest picture and a row as high as its
// highest. The rest of a cell has the color of its picture's lowest pixel on the left.
func Sheet(rows [][][]byte) (image.Image, error) {
	var heights, widths []int
	pictures := make([][]image.Image, len(rows))
	for y, row := range rows {
		heights = append(heights, 0)
		for x, data := range row {
			picture, err := png.Decode(bytes.NewReader(data))
			if err != nil {
				return nil, fmt.Errorf("picture %d of row %d: %w", x+1, y+1, err)
			}
			if x == len(widths) {
				widths = append(widths, 0)
			}
			widths[x] = max(widths[x], picture.Bounds().Dx())
			heights[y] = max(heights[y], picture.Bounds().Dy())
			pictures[y] = append(pictures[y], picture)
		}
	}
	sheet := image.NewRGBA(image.Rect(0, 0, offsetAfter(widths)-gap, offsetAfter(heights)-gap))
	draw.Draw(sheet, sheet.Bounds(), image.NewUniform(between), image.Point{}, draw.Src)
	for y, row := range pictures {
		for x, picture := range row {
			corner := image.Pt(offsetAfter(widths[:x]), offsetAfter(heights[:y]))
			cell := image.Rectangle{Min: corner, Max: corner.Add(image.Pt(widths[x], heights[y]))}
			b := picture.Bounds()
			draw.Draw(sheet, cell, image.NewUniform(picture.At(b.Min.X, b.Max.Y-1)), image.Point{}, draw.Src)
			draw.Draw(sheet, b.Sub(b.Min).Add(corner), picture, b.Min, draw.Src)
		}
	}
	return sheet, nil
}

// offsetAfter returns where the next picture begins, in pixels.
func offsetAfter(sizes []int) int {
	at := 0
	for _, size := range sizes {
		at += size + gap
	}
	return at
}

// Small encodes a picture of a page as a PNG with at most 256 colors. The colors of areas stay; rare colors, such as those
// at the edges of letters, become a similar frequent color.
func Small(picture image.Image) ([]byte, error) {
	b := picture.Bounds()
	count := make(map[color.RGBA]int)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			count[opaqueColor(picture.At(x, y))]++
		}
	}
	entry := reduceColors(count)
	flat := image.NewPaletted(b, nil)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			flat.SetColorIndex(x, y, entry.index[opaqueColor(picture.At(x, y))])
		}
	}
	flat.Palette = entry.colors
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, flat); err != nil {
		return nil, fmt.Errorf("encode a picture: %w", err)
	}
	return out.Bytes(), nil
}

func opaqueColor(c color.Color) color.RGBA {
	r, g, b, _ := c.RGBA()
	return color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}
}

type colors struct {
	colors color.Palette
	index  map[color.RGBA]uint8
}

// reduceColors drops low bits of the colors until at most 256 differ. The most frequent color represents those that are
// equal then.
func reduceColors(count map[color.RGBA]int) colors {
	const most = 256
	all := make([]color.RGBA, 0, len(count))
	for c := range count {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	for bits := 0; ; bits++ {
		out := colors{index: make(map[color.RGBA]uint8, len(all))}
		stands := make(map[color.RGBA]uint8)
		for _, c := range all {
			like := color.RGBA{c.R >> bits, c.G >> bits, c.B >> bits, 0}
			at, known := stands[like]
			if !known {
				if len(out.colors) == most {
					break
				}
				at = uint8(len(out.colors))
				stands[like] = at
				out.colors = append(out.colors, c)
			}
			out.index[c] = at
		}
		if len(out.index) == len(all) {
			return out
		}
	}
}
