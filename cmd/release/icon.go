package main

import (
	"image"
	"image/color"
	"math"
)

// drawIcon is a white tick on a green disc, on nothing.
func drawIcon(size int) image.Image {
	icon := image.NewNRGBA(image.Rect(0, 0, size, size))
	tick := [][2]float64{{0.27, 0.53}, {0.44, 0.69}, {0.75, 0.34}} // in parts of the side
	for y := range size {
		for x := range size {
			at := [2]float64{(float64(x) + 0.5) / float64(size), (float64(y) + 0.5) / float64(size)}
			if math.Hypot(at[0]-0.5, at[1]-0.5) > 0.48 {
				continue
			}
			paint := color.NRGBA{R: 0x1a, G: 0x7f, B: 0x4b, A: 0xff}
			if toLine(at, tick[0], tick[1]) < 0.06 || toLine(at, tick[1], tick[2]) < 0.06 {
				paint = color.NRGBA{R: 0xff, G: 0xff, B: 0xff, A: 0xff}
			}
			icon.SetNRGBA(x, y, paint)
		}
	}
	return icon
}

// toLine is how far a point is from the line between two.
func toLine(at, from, to [2]float64) float64 {
	along := [2]float64{to[0] - from[0], to[1] - from[1]}
	part := ((at[0]-from[0])*along[0] + (at[1]-from[1])*along[1]) / (along[0]*along[0] + along[1]*along[1])
	part = min(max(part, 0), 1)
	return math.Hypot(at[0]-from[0]-part*along[0], at[1]-from[1]-part*along[1])
}
