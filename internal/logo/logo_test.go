package logo_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/deskauth/deskauth/internal/logo"
)

var (
	red   = color.NRGBA{0xe0, 0x10, 0x10, 0xff}
	green = color.NRGBA{0x10, 0xc0, 0x10, 0xff}
)

// plain is a picture of one colour.
func plain(w, h int, c color.Color) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.Draw(m, m.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
	return m
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// gifOf is an animation: each frame after the first is smaller and in the corner.
func gifOf(t testing.TB, frames ...color.Color) []byte {
	t.Helper()
	g := gif.GIF{}
	for n, c := range frames {
		side := 64 >> n
		m := image.NewPaletted(image.Rect(64-side, 64-side, 64, 64), color.Palette{c, color.Transparent})
		g.Image, g.Delay = append(g.Image, m), append(g.Delay, 10)
	}
	g.Config = image.Config{Width: 64, Height: 64}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func near(a, b color.Color) bool {
	x, y := color.NRGBAModel.Convert(a).(color.NRGBA), color.NRGBAModel.Convert(b).(color.NRGBA)
	off := func(p, q uint8) bool { return max(p, q)-min(p, q) > 12 }
	return !off(x.A, y.A) && (x.A == 0 || !off(x.R, y.R) && !off(x.G, y.G) && !off(x.B, y.B))
}

// A logo is the whole picture in the middle of a square, whatever it was.
func TestSquare(t *testing.T) {
	nothing := color.NRGBA{}
	for name, tt := range map[string]struct {
		file           []byte
		middle, corner color.Color
	}{
		"a large PNG":       {pngOf(t, plain(1000, 1000, red)), red, red},
		"a small PNG":       {pngOf(t, plain(3, 3, red)), red, red},
		"one pixel":         {pngOf(t, plain(1, 1, red)), red, red},
		"a wide PNG":        {pngOf(t, plain(600, 200, red)), red, nothing},
		"a high JPEG":       {jpegOf(t, plain(200, 600, green)), green, nothing},
		"a very wide PNG":   {pngOf(t, plain(logo.MostSide, 1, red)), red, nothing},
		"a very high PNG":   {pngOf(t, plain(1, logo.MostSide, red)), red, nothing},
		"a grey JPEG":       {jpegOf(t, image.NewGray(image.Rect(0, 0, 50, 50))), color.Black, color.Black},
		"a transparent":     {pngOf(t, plain(64, 64, nothing)), nothing, nothing},
		"sixteen bits":      {pngOf(t, image.NewRGBA64(image.Rect(0, 0, 40, 40))), nothing, nothing},
		"an animation":      {gifOf(t, red, green, green), red, red},
		"with a tail":       {append(pngOf(t, plain(64, 64, green)), "<script>alert(1)</script>"...), green, green},
		"with a page's own": {append(jpegOf(t, plain(64, 64, green)), "<?php echo 1; ?>"...), green, green},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := logo.Square(t.Context(), tt.file)
			if err != nil {
				t.Fatal(err)
			}
			m, err := png.Decode(bytes.NewReader(out))
			if err != nil {
				t.Fatal(err)
			}
			if m.Bounds() != image.Rect(0, 0, logo.Side, logo.Side) {
				t.Errorf("its size is %v", m.Bounds())
			}
			if got := m.At(logo.Side/2, logo.Side/2); !near(got, tt.middle) {
				t.Errorf("its middle is %v, want %v", got, tt.middle)
			}
			if got := m.At(0, 0); !near(got, tt.corner) {
				t.Errorf("its corner is %v, want %v", got, tt.corner)
			}
			if bytes.Contains(out, []byte("script")) || bytes.Contains(out, []byte("php")) {
				t.Error("something of the file was kept")
			}
			again, err := logo.Square(t.Context(), tt.file)
			if err != nil || !bytes.Equal(out, again) {
				t.Error("the same file makes another logo")
			}
		})
	}
}

// What a camera writes into a file is gone.
func TestMetadataIsGone(t *testing.T) {
	file := jpegOf(t, plain(64, 64, red))
	exif := append([]byte("\xff\xe1\x00\x18Exif\x00\x00where it was made"), 0)
	tagged := append(append(append([]byte{}, file[:2]...), exif[:2+0x18]...), file[2:]...)
	out, err := logo.Square(t.Context(), tagged)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(out, []byte("where it was")) {
		t.Error("the logo tells where it was made")
	}
}

// bombOf is a PNG that announces a size and holds nothing of it.
func bombOf(w, h uint32) []byte {
	head := binary.BigEndian.AppendUint32([]byte("IHDR"), w)
	head = append(binary.BigEndian.AppendUint32(head, h), 8, 6, 0, 0, 0)
	file := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	file = append(file, head...)
	return binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(head))
}

// scansOf is a JPEG that goes over its picture so many times.
func scansOf(t *testing.T, n int) []byte {
	t.Helper()
	file := jpegOf(t, plain(64, 64, red))
	at := bytes.Index(file, []byte{0xff, 0xda})
	scan := file[at : len(file)-2]
	return append(append(append([]byte{}, file[:at]...), bytes.Repeat(scan, n)...), 0xff, 0xd9)
}

func TestWhatIsNoLogo(t *testing.T) {
	good := pngOf(t, plain(64, 64, red))
	photo, moving := jpegOf(t, plain(64, 64, red)), gifOf(t, red, green)
	for name, tt := range map[string]struct {
		file []byte
		want error
	}{
		"nothing":                   {nil, logo.ErrFormat},
		"a text":                    {[]byte("hello"), logo.ErrFormat},
		"an SVG":                    {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), logo.ErrFormat},
		"an SVG with a PNG behind":  {append([]byte(`<svg/>`), good...), logo.ErrFormat},
		"a WebP":                    {[]byte("RIFF\x00\x00\x00\x00WEBPVP8 "), logo.ErrFormat},
		"a page":                    {[]byte("<!doctype html><script>alert(1)</script>"), logo.ErrFormat},
		"a page that begins as GIF": {[]byte("GIF89a<script>alert(1)</script>"), logo.ErrPixels},
		"the first bytes of a PNG":  {good[:8], logo.ErrBroken},
		"half a PNG":                {good[:len(good)/2], logo.ErrBroken},
		"half a JPEG":               {photo[:len(photo)/2], logo.ErrBroken},
		"half a GIF":                {moving[:len(moving)/4], logo.ErrBroken},
		"a bomb":                    {bombOf(50_000, 50_000), logo.ErrPixels},
		"a bomb beyond 32 bits":     {bombOf(1<<31-1, 1<<31-1), logo.ErrBroken},
		"a long bomb":               {bombOf(1<<31-1, 1), logo.ErrPixels},
		"a PNG that is too wide":    {pngOf(t, plain(logo.MostSide+1, 1, red)), logo.ErrPixels},
		"a PNG that is too high":    {pngOf(t, plain(1, logo.MostSide+1, red)), logo.ErrPixels},
		"no pixel":                  {bombOf(0, 100), logo.ErrBroken},
		"many scans":                {scansOf(t, 5000), logo.ErrBroken},
		"too many bytes":            {append(good, make([]byte, logo.MostBytes)...), logo.ErrBytes},
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := logo.Square(t.Context(), tt.file); !errors.Is(err, tt.want) || out != nil {
				t.Errorf("%d bytes, %v; want %v", len(out), err, tt.want)
			}
		})
	}
}

func TestSquareWaitsNoLongerThanItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	file := pngOf(t, plain(64, 64, red))
	for range 100 { // either the turn or the end comes first; never anything else
		if _, err := logo.Square(ctx, file); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
}

// Whatever is sent, the answer is a square or one of the errors.
func FuzzSquare(f *testing.F) {
	for _, seed := range [][]byte{
		pngOf(f, plain(5, 3, red)), jpegOf(f, plain(9, 9, green)), gifOf(f, red, green), bombOf(1<<31-1, 1<<31-1), []byte("GIF89a"), nil,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		out, err := logo.Square(t.Context(), file)
		if err != nil {
			for _, known := range []error{logo.ErrFormat, logo.ErrBytes, logo.ErrPixels, logo.ErrBroken} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatal(err)
		}
		if c, err := png.DecodeConfig(bytes.NewReader(out)); err != nil || c.Width != logo.Side || c.Height != logo.Side {
			t.Errorf("made %v, %v", c, err)
		}
	})
}
