package web

import (
	"encoding/base64"
	"html/template"
	"strings"
)

// Shown shows a secret of the broker's, once and never again: a key, or what a webhook's
// receiver verifies by.
type Shown struct {
	Board
	Webhook int64  // whose it is; 0: it is a key
	Name    string // of the key, or the webhook's address
	Secret  string
	Site    string // the broker's address, e.g. "https://connect.example.com"; of a key
	Try     string // what of the API the key may read, e.g. "/v1/connections"
}

func (p Shown) frame() frame {
	at := AtKeys
	if p.Webhook != 0 {
		at = AtWebhooks
	}
	return p.Board.frame("shown", p.Title(), at)
}

// Title is the page's title and first heading; for the template.
func (p Shown) Title() string {
	if p.Webhook != 0 {
		return p.T("operator.webhook.shown.title")
	}
	return p.T("operator.key.shown.title")
}

// Facts are what it belongs to, and it; for the template.
func (p Shown) Facts() []Fact {
	if p.Webhook != 0 {
		return []Fact{{p.T("operator.webhook.url"), p.Name}}
	}
	return []Fact{{p.T("operator.key.name"), p.Name}}
}

// Label is what the secret is called; for the template.
func (p Shown) Label() string {
	if p.Webhook != 0 {
		return p.T("edit_client.secret")
	}
	return p.T("operator.key.shown.label")
}

// Line is a command to try a key with; for the template.
func (p Shown) Line() string {
	if p.Webhook != 0 {
		return ""
	}
	return "curl -H " + quoted("Authorization: Bearer "+p.Secret) + " " + p.Site + p.Try
}

// File is the name of the file that programs read the secret from; for the template.
func (p Shown) File() string {
	if p.Webhook != 0 {
		return "webhook.env"
	}
	return "deskauth.env"
}

// Back is where whoever saved it goes on; for the template.
func (p Shown) Back() string {
	if p.Webhook != 0 {
		return idPath(PathWebhooks, p.Webhook)
	}
	return PathKeys
}

// EnvURL is that file as an address that holds it: so the server keeps nothing to be
// downloaded later; for the template.
func (p Shown) EnvURL() template.URL {
	if p.Webhook != 0 {
		return envURL([]Fact{{"WEBHOOK_SECRET", p.Secret}})
	}
	return envURL([]Fact{{"DESKAUTH_URL", p.Site}, {"DESKAUTH_KEY", p.Secret}})
}

// Fact is a name and a value.
type Fact struct{ Name, Value string }

// envURL is a file of such lines, as shells read them.
func envURL(lines []Fact) template.URL {
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(line.Name + "=" + quoted(line.Value) + "\n")
	}
	return template.URL("data:text/plain;base64," + base64.StdEncoding.EncodeToString([]byte(text.String()))) //nolint:gosec // G203: nothing of it but base64 comes from outside
}
