package deskauth_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/deskauth/deskauth"
)

func TestTokenIsNotPrinted(t *testing.T) {
	token := deskauth.Token{AccessToken: "s3cret-of-ada"}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("lent", "token", token, "pointer", &token)
	for name, text := range map[string]string{
		"verbs":   fmt.Sprintf("%v %+v %#v %s %q %x", token, token, token, token, token, token),
		"pointer": fmt.Sprintf("%v %+v %#v %s", &token, &token, &token, &token),
		"inside":  fmt.Sprintf("%+v %#v", struct{ T deskauth.Token }{token}, []deskauth.Token{token}),
		"string":  token.String(),
		"log":     log.String(),
	} {
		if strings.Contains(text, "s3cret") || strings.Contains(text, fmt.Sprintf("%x", "s3cret")) {
			t.Errorf("%s: %s", name, text)
		}
	}
	// On the wire it is what it is for.
	if wire, err := json.Marshal(token); err != nil || !strings.Contains(string(wire), "s3cret-of-ada") {
		t.Errorf("wire: %s, %v", wire, err)
	}
}

func TestLinkIsNotPrinted(t *testing.T) {
	link := deskauth.NewLink{Link: deskauth.Link{ID: 7}, URL: "https://app.example/link/s3cret-of-ada"}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "link", link, "pointer", &link)
	for name, text := range map[string]string{
		"verbs":   fmt.Sprintf("%v %+v %#v %s %q", link, link, link, link, link),
		"pointer": fmt.Sprintf("%v %+v %#v %s", &link, &link, &link, &link),
		"inside":  fmt.Sprintf("%+v", struct{ L deskauth.NewLink }{link}),
		"log":     log.String(),
	} {
		if strings.Contains(text, "s3cret") || !strings.Contains(text, "7") {
			t.Errorf("%s: %s", name, text)
		}
	}
	if wire, err := json.Marshal(link); err != nil || !strings.Contains(string(wire), `"url":"https://app.example/link/s3cret-of-ada"`) {
		t.Errorf("wire: %s, %v", wire, err)
	}
}
