package desk

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"
)

// picture is an image of 7 by 5 in a format.
func picture(t testing.TB, kind string) []byte {
	t.Helper()
	img := image.NewPaletted(image.Rect(0, 0, 7, 5), color.Palette{color.Black, color.White})
	var b bytes.Buffer
	var err error
	switch kind {
	case "image/png":
		err = png.Encode(&b, img)
	case "image/jpeg":
		err = jpeg.Encode(&b, img, nil)
	case "image/gif":
		err = gif.Encode(&b, img, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestMeasure(t *testing.T) {
	for kind := range imageFormats {
		file := picture(t, kind)
		if w, h := measure(kind, bytes.NewReader(file)); w != 7 || h != 5 {
			t.Errorf("%s: %d by %d", kind, w, h)
		}
		if w, h := measure("text/plain", bytes.NewReader(file)); w != 0 || h != 0 {
			t.Errorf("%s that says it is text: %d by %d", kind, w, h)
		}
		if w, h := measure(kind, bytes.NewReader(file[:9])); w != 0 || h != 0 {
			t.Errorf("%s that breaks off: %d by %d", kind, w, h)
		}
	}
	if w, h := measure("image/gif", bytes.NewReader(picture(t, "image/png"))); w != 0 || h != 0 {
		t.Errorf("a PNG that says it is a GIF: %d by %d", w, h)
	}
	// What hides its size behind more than is read has none.
	file := picture(t, "image/jpeg")
	padding := append([]byte{0xff, 0xfe, 0xff, 0xff}, make([]byte, 0xfffd)...) // a comment
	long := append([]byte{}, file[:2]...)
	for len(long) < imageHead {
		long = append(long, padding...)
	}
	if w, h := measure("image/jpeg", bytes.NewReader(append(long, file[2:]...))); w != 0 || h != 0 {
		t.Errorf("far behind: %d by %d", w, h)
	}
}

// FuzzMeasure: no file makes it fail, and no side is negative.
func FuzzMeasure(f *testing.F) {
	for kind := range imageFormats {
		f.Add(kind, picture(f, kind))
	}
	f.Add("image/png", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\xff\xff\xff\xff\x7f\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, kind string, file []byte) {
		if w, h := measure(kind, bytes.NewReader(file)); w < 0 || h < 0 || (w == 0) != (h == 0) {
			t.Fatalf("%d by %d", w, h)
		}
	})
}
