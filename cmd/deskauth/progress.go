package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// showProgress shows how much of a file was read, where somebody looks at it, and leaves
// one line for each file that arrived. What it returns is as seekable as what it is given.
func showProgress(p process, f outgoing, from io.ReadSeeker) (body io.ReadSeeker, ended func(sent bool)) {
	said := func() { fmt.Fprintf(p.Err, "%s: sent, %s.\n", printable(f.Name), sizeText(f.Size)) }
	if !isTerminal(p.Err) {
		return from, func(sent bool) {
			if sent {
				said()
			}
		}
	}
	bar := progressbar.NewOptions64(f.Size,
		progressbar.OptionSetWriter(p.Err), progressbar.OptionSetDescription(printable(f.Name)), progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionFullWidth(),
		progressbar.OptionEnableColorCodes(false))
	_ = bar.RenderBlank() // Zendesk may take its time before it wants the file
	return &watched{from, bar}, func(sent bool) {
		_ = bar.Clear()
		if sent {
			said()
		}
	}
}

// watched tells a bar how far a file was read; what is sent anew begins anew.
type watched struct {
	io.ReadSeeker
	bar *progressbar.ProgressBar
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.ReadSeeker.Read(b)
	_ = w.bar.Add(n)
	return n, err
}

func (w *watched) Seek(offset int64, whence int) (int64, error) {
	at, err := w.ReadSeeker.Seek(offset, whence)
	if err == nil {
		_ = w.bar.Set64(at)
	}
	return at, err
}
