// Package logo makes a small square picture of a file that somebody sent.
//
//	file ──► what it is, by its first bytes ──► its size, before it is unpacked
//	     ──► unpacked ──► fitted into a square ──► PNG
//
// Nothing of the file itself is kept: neither its name, nor what a camera wrote
// into it, nor what might follow the picture.
package logo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
)

const (
	// Side is how wide and high a logo is, in pixels: four times what pages show.
	Side = 256
	// MostBytes bounds a file.
	MostBytes = 2 << 20
	// MostPixels bounds a picture: a file of a few kilobytes can hold gigabytes of
	// one colour. Unpacked it takes at most eight times as many bytes.
	MostPixels = 5_000_000
	// MostSide bounds its width and its height: what fitting it into the square takes
	// grows with each of them, some 10 MB at this many.
	MostSide = 10_000
	// mostScans bounds how often a JPEG goes over its picture; a usual one does so
	// ten times, and each of many thousands could take no bytes and much time.
	mostScans = 100
)

// Errors of files that are no logo.
var (
	ErrFormat = errors.New("is no JPG, GIF or PNG")
	ErrBytes  = fmt.Errorf("is larger than %d MB", MostBytes>>20)
	ErrPixels = fmt.Errorf("has more than %d million pixels, or is more than %d wide or high", MostPixels/1_000_000, MostSide)
	ErrBroken = errors.New("is damaged")
)

// format is a kind of file, known by how it begins: names and declared types are
// what the sender says.
type format struct {
	begins []string
	config func(data []byte) (image.Config, error)
	decode func(data []byte) (image.Image, error)
}

var formats = []format{
	{[]string{"\x89PNG\r\n\x1a\n"}, reading(png.DecodeConfig), reading(png.Decode)},
	{[]string{"\xff\xd8\xff"}, reading(jpeg.DecodeConfig), reading(jpeg.Decode)},
	// Of an animation, the first picture alone is unpacked.
	{[]string{"GIF87a", "GIF89a"}, reading(gif.DecodeConfig), reading(gif.Decode)},
}

// turn has one picture unpacked at a time.
var turn = make(chan struct{}, 1)

// Square returns a PNG of Side by Side pixels with the picture of a JPG, GIF or
// PNG in its middle, whole, on nothing. Which way up a camera was held is ignored.
//
// It returns one of the errors above, or that of ctx.
func Square(ctx context.Context, file []byte) ([]byte, error) {
	if len(file) > MostBytes {
		return nil, ErrBytes
	}
	f, err := formatOf(file)
	if err != nil {
		return nil, err
	}
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	size, err := f.size(file)
	if err != nil {
		return nil, err
	}
	picture, err := f.decode(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, fit(picture, size)); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func formatOf(file []byte) (format, error) {
	for _, f := range formats {
		for _, begin := range f.begins {
			if bytes.HasPrefix(file, []byte(begin)) {
				return f, nil
			}
		}
	}
	return format{}, ErrFormat
}

// size reads how large a picture is, before anything is unpacked.
func (f format) size(file []byte) (image.Rectangle, error) {
	c, err := f.config(file)
	switch {
	case err != nil:
		return image.Rectangle{}, fmt.Errorf("%w: %w", ErrBroken, err)
	case c.Width <= 0 || c.Height <= 0:
		return image.Rectangle{}, fmt.Errorf("%w: it is empty", ErrBroken)
	case max(c.Width, c.Height) > MostSide, c.Width > MostPixels/c.Height:
		return image.Rectangle{}, ErrPixels
	case bytes.Count(file, []byte{0xff, 0xda}) > mostScans && bytes.HasPrefix(file, []byte(formats[1].begins[0])):
		return image.Rectangle{}, fmt.Errorf("%w: it has more scans than a picture needs", ErrBroken)
	}
	return image.Rect(0, 0, c.Width, c.Height), nil
}

// fit draws a picture into the middle of a square. The picture may be a part of
// the size that was announced, as the first one of an animation can be.
func fit(picture image.Image, size image.Rectangle) image.Image {
	square := image.NewNRGBA(image.Rect(0, 0, Side, Side))
	longer := max(size.Dx(), size.Dy())
	scaled := func(n int) int { return n * Side / longer }
	left, top := (Side-scaled(size.Dx()))/2, (Side-scaled(size.Dy()))/2
	part := picture.Bounds()
	into := image.Rect(left+scaled(part.Min.X), top+scaled(part.Min.Y), left+scaled(part.Max.X), top+scaled(part.Max.Y))
	into.Max = image.Pt(max(into.Max.X, into.Min.X+1), max(into.Max.Y, into.Min.Y+1))
	draw.CatmullRom.Scale(square, into, picture, part, draw.Src, nil)
	return square
}

func reading[T any](read func(r io.Reader) (T, error)) func(data []byte) (T, error) {
	return func(data []byte) (T, error) { return read(bytes.NewReader(data)) }
}
