package web

import (
	"regexp"
	"strings"
	"sync"
	"time"
)

// DetailText is what an event tells beside its kind, in words where there are some. What
// people wrote, such as a name, stands as it is; so does what no words are known for.
// account is the one that the event is of, e.g. "acme.zendesk.com".
func (b Board) DetailText(kind, detail, account string) string {
	first, rest, _ := strings.Cut(detail, ": ")
	switch kind {
	case "connected", "reconnected", "imported", "removed":
		return productText(detail)
	case "state_changed":
		return joined(b.StateText(ConnectionState(first)), b.ReasonText(rest))
	case "ordered": // that and by whom, whom the line names besides
		order, _, _ := strings.Cut(detail, " by ")
		if text, ok := languages().lookup(b.Lang, "order."+order); ok {
			return text
		}
	case "access_token_refused":
		if n, ok := strings.CutPrefix(detail, "generation "); ok {
			return b.T("connection.generation") + " " + n
		}
	case "sign_in_failed", "link_refused":
		if account == "" {
			account = b.T("connect_failed.somewhere")
		}
		if _, ok := languages().lookup(b.Lang, "connect_failed."+detail+".title"); ok {
			return T(b.Lang, "connect_failed."+detail+".title", account)
		}
	case "refresh_expiring":
		if at, err := time.Parse(time.RFC3339, detail); err == nil {
			return Moment{at}.Second()
		}
	case "pass_used", "pass_revoked":
		return b.usedText(detail)
	case "pass_refused":
		return b.refusedText(detail)
	}
	return b.numberText(kind, detail)
}

// numberText names what a detail has the bare number of.
func (b Board) numberText(kind, detail string) string {
	switch {
	case kind == "signed_in" || kind == "operator_named": // of who did it
		return ""
	case kind == "operator_removed":
		return b.T("who.user", detail)
	case kind == "key_ended":
		return b.T("who.key", detail)
	case strings.HasPrefix(detail, "webhook "):
		return b.T("operator.webhook.title", strings.TrimPrefix(detail, "webhook "))
	}
	return detail
}

// A pass's events begin with its number, and then the ticket or the refusal.
var (
	passUsed    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^pass (\d+), ticket (\d+)(?:, from )?(.*)$`) })
	passRefused = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:pass (\d+): )?(\w+), from (.*)$`) })
)

func (b Board) usedText(detail string) string {
	m := passUsed().FindStringSubmatch(detail)
	if m == nil {
		return detail
	}
	return joined(b.T("connection.pass", m[1], m[2]), m[3])
}

func (b Board) refusedText(detail string) string {
	m := passRefused().FindStringSubmatch(detail)
	if m == nil {
		return detail
	}
	why := m[2]
	if _, ok := languages().lookup(b.Lang, "pass.why."+why); ok {
		why = PassText(b.Lang, "why."+why)
	}
	return joined(why, m[3])
}

func joined(parts ...string) string {
	kept := parts[:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, " · ")
}

// productText is Zendesk's own name of a product.
func productText(product string) string {
	switch product {
	case "support":
		return "Support"
	case "chat":
		return "Chat"
	}
	return product
}
