package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
)

// chromiums are the names under which Chromium and its kin are installed.
var chromiums = []string{
	"chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
}

func findChromium(p process) (string, error) {
	if path, found := p.Lookup("DESKAUTH_CHROMIUM"); found && path != "" {
		return path, nil
	}
	for _, name := range chromiums {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("--browser: no Chromium found: install one, or set DESKAUTH_CHROMIUM to its path")
}

// chromium is a browser with a profile of its own, which goes with the run. It accepts
// our authority by the pin of its key, so that no store of certificates is touched, and
// goes to loopback directly, as browsers do.
func (o runOptions) chromium(t told, p process) (*exec.Cmd, error) {
	path, err := findChromium(p)
	if err != nil {
		return nil, err
	}
	args := []string{
		"--user-data-dir=" + filepath.Join(filepath.Dir(t.setup.Dir), "chromium"),
		"--proxy-server=http://" + t.proxy,
		"--ignore-certificate-errors-spki-list=" + t.setup.Authority.Pin(),
		// Names below zendesk.com are looked up by nobody but the proxy; QUIC would go past it.
		"--disable-quic", "--no-first-run", "--no-default-browser-check",
		// Its own calls home are not the program's.
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
	}
	args = append(args, o.BrowserArgs...)
	if t.account != "" {
		args = append(args, fmt.Sprintf("https://%s.zendesk.com/", t.account))
	}
	cmd := exec.CommandContext(context.Background(), path, args...) //nolint:gosec // the browser that the person has
	cmd.Stdout, cmd.Stderr = p.Out, p.Err
	together(cmd)
	return cmd, nil
}
