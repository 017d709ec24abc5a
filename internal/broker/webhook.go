package broker

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
)

// WebhookID is the number of a webhook.
type WebhookID int64

// WebhookState says whether a webhook is told anything.
type WebhookState string

// The states.
const (
	WebhookNew WebhookState = "new"  // it has no secret yet: nobody sees it
	WebhookOn  WebhookState = "on"   //
	WebhookOff WebhookState = "gone" // its receiver answered 410

	WebhookDisabled WebhookState = "disabled" // by hand
	WebhookGivenUp  WebhookState = "given_up" // its receiver took nothing for days
)

// Webhook is an address that is told what happens, as Standard Webhooks describes.
type Webhook struct {
	ID      WebhookID
	URL     string
	Types   []NoticeType
	State   WebhookState
	Created time.Time
	Secrets []WebhookSecret // the present one last

	OnSince time.Time // machine time; when it was last enabled by hand; zero: never
	Dropped int       // deliveries that were too many, since then
}

// WebhookSecret signs what is sent. After a roll the old one signs too, until it ends.
type WebhookSecret struct {
	Number int64
	Sealed Sealed
	Added  time.Time
	Ends   time.Time // machine time, as deliveries have it; zero = does not
}

// rollOverlap is how long an old secret goes on signing beside the new one.
const rollOverlap = 24 * time.Hour

// webhookSecretPlace is what the secret is sealed for.
func webhookSecretPlace(id WebhookID, number int64) string {
	return fmt.Sprintf("broker_webhook_secrets/%d/%d", id, number)
}

// last is the number of the present secret.
func (w Webhook) last() int64 {
	if len(w.Secrets) == 0 {
		return 0
	}
	return w.Secrets[len(w.Secrets)-1].Number
}

// Signing are the secrets that sign at an instant, the present one first.
func (w Webhook) Signing(now time.Time) []WebhookSecret {
	var all []WebhookSecret
	for _, s := range slices.Backward(w.Secrets) {
		if s.Ends.IsZero() || now.Before(s.Ends) {
			all = append(all, s)
		}
	}
	return all
}

// urlMost bounds an address, in bytes.
const urlMost = 2048

// checkWebhookURL refuses what nothing is sent to: plain HTTP, unless it stays on this
// machine or private says that it may leave; credentials in it, which every list would
// show.
func checkWebhookURL(text string, private bool) error {
	wrong := func(why string) error { return &Invalid{"url", why} }
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > urlMost || strings.ContainsFunc(text, notVisible) || u.Host == "" || u.Hostname() == "":
		return wrong(fmt.Sprintf("it is an address such as https://example.com/hooks, of at most %d characters", urlMost))
	case u.User != nil || u.Fragment != "":
		return wrong("it has no user, password or fragment")
	case u.Scheme == "https", u.Scheme == "http" && (private || onLoopback(u.Hostname())):
		return nil
	}
	return wrong("it begins with https:// (or http:// on this machine)")
}

// onLoopback tells a name of this machine.
func onLoopback(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().IsLoopback()
	}
	host = strings.ToLower(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// Sign is the signature of a message as Standard Webhooks has it: HMAC-SHA-256 of id,
// time and body by the bytes that the secret stands for.
func Sign(key secret.Plain, message string, at time.Time, body string) (string, error) {
	_, encoded, _ := strings.Cut(key.Reveal(), "_")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", fmt.Errorf("the secret of a webhook is damaged")
	}
	mac := hmac.New(sha256.New, raw)
	mac.Write([]byte(message + "." + strconv.FormatInt(at.Unix(), 10) + "." + body))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}
