package desk

import (
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
)

// imageHead bounds how much of a file is read to learn its size: the formats tell it
// at their beginning, but a JPEG may put a preview and a profile before it.
const imageHead = 1 << 20

// imageFormats are those whose size is known, by their media types.
var imageFormats = map[string]func(io.Reader) (image.Config, error){
	"image/png": png.DecodeConfig, "image/jpeg": jpeg.DecodeConfig, "image/gif": gif.DecodeConfig,
}

// measure returns the size of an image in pixels: of a PNG, JPEG or GIF that says so
// in its type. Anything else, and what is broken, has none. No pixel is decoded.
func measure(kind string, r io.Reader) (width, height int) {
	config := imageFormats[strings.ToLower(kind)]
	if config == nil {
		return 0, 0
	}
	c, err := config(io.LimitReader(r, imageHead))
	if err != nil || c.Width <= 0 || c.Height <= 0 {
		return 0, 0
	}
	return c.Width, c.Height
}

// measured is a file with its size in pixels, where it has one.
func (f *Files) measured(a Attachment) Attachment {
	if imageFormats[strings.ToLower(a.Type)] == nil {
		return a
	}
	file, err := f.open(a.File)
	if err != nil {
		return a // it is kept all the same
	}
	defer file.Close()
	a.Width, a.Height = measure(a.Type, file)
	return a
}
