package zendesk

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// CheckSubdomain says in plain words why a text cannot be an account's
// subdomain, nil when it can: one DNS label of 3 to 63 lower-case letters,
// digits and hyphens, a letter first and no hyphen last. It is what stands
// between a person's input and the host that requests go to.
func CheckSubdomain(s string) error {
	if s == "" {
		return errors.New("the subdomain is empty")
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return errors.New("a subdomain has only lower-case letters, digits and hyphens")
		}
	}
	switch {
	case len(s) < 3:
		return errors.New("a subdomain has at least 3 characters")
	case len(s) > 63:
		return errors.New("a subdomain has at most 63 characters")
	case s[0] < 'a' || s[0] > 'z':
		return errors.New("a subdomain begins with a letter")
	case s[len(s)-1] == '-':
		return errors.New("a subdomain does not end with a hyphen")
	}
	return nil
}

// reserved are labels below zendesk.com that have a host and are no customer's
// account: Zendesk's own sites and what serves their files and mail. Zendesk
// publishes no such list; this one holds what is known and what a host of that
// name could only be.
var reserved = []string{
	"account", "accounts", "admin", "api", "app", "apps", "assets", "auth", "blog", "cdn", "community", "contributor",
	"developer", "developers", "docs", "email", "help", "investor", "login", "mail", "marketplace", "media",
	"relay", "signup", "smtp", "static", "status", "support", "training", "web-assets", "www",
}

// Reserved tells whether a subdomain is Zendesk's own rather than a customer's, as
// far as is known. One that it does not name need not be an account either. Where
// the accounts are not Zendesk's, such a name may well be one.
func Reserved(subdomain string) bool { return slices.Contains(reserved, subdomain) }

// CleanSubdomain takes what a person types or pastes, "acme", "Acme ",
// "acme.zendesk.com", "https://acme.zendesk.com/agent/tickets/1" or
// "acme.localhost:4000", to the subdomain. The error is in plain words.
func CleanSubdomain(typed string) (string, error) {
	return cleanSubdomain(typed, "zendesk.com", "localhost")
}

func cleanSubdomain(typed string, domains ...string) (string, error) {
	s := strings.TrimSpace(typed)
	if s == "" {
		return "", errors.New("type the subdomain of your Zendesk, the acme in acme.zendesk.com")
	}
	// Before lowering: some letters that are not ASCII have an ASCII lower case.
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return "", errors.New("a subdomain has only letters, digits and hyphens")
		}
	}
	s = strings.ToLower(s)
	if _, rest, ok := strings.Cut(s, "://"); ok {
		if !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") {
			return "", errors.New("that is not the web address of a Zendesk")
		}
		s = rest
	}
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		s = s[:i]
	}
	if host, port, ok := strings.Cut(s, ":"); ok && allDigits(port) && strings.Contains(host, ".") {
		s = host
	}
	s = strings.TrimSuffix(s, ".")
	if label, domain, ok := strings.Cut(s, "."); ok {
		if !slices.Contains(domains, domain) {
			return "", fmt.Errorf("%q is not the address of a Zendesk: it should look like acme.%s", clip(s, 80), domains[0])
		}
		s = label
	}
	if s == "www" || s == "localhost" {
		return "", fmt.Errorf("%s is no account: type the subdomain of your Zendesk, the acme in acme.%s", s, domains[0])
	}
	if err := CheckSubdomain(s); err != nil {
		return "", err
	}
	return s, nil
}

// placeholder is where a Base's template takes the subdomain.
const placeholder = "{subdomain}"

// Base is where the accounts of one Zendesk are: a URL with the subdomain left
// open as its first label. The zero Base is none.
type Base struct {
	scheme, domain string // domain is what follows "{subdomain}.", port included
}

// BaseOption loosens ParseBase.
type BaseOption int

// AllowHTTP lets plain http name a host that is not this machine, where
// whoever sits on the way reads every token.
const AllowHTTP BaseOption = 1

// ParseBase reads a template such as "https://{subdomain}.zendesk.com" or
// "http://{subdomain}.localhost:4000": scheme, {subdomain} as the first label,
// and a host with perhaps a port; no user name, path, query or fragment. Plain
// http is for localhost alone, unless AllowHTTP.
func ParseBase(template string, options ...BaseOption) (Base, error) {
	fail := func(why string) (Base, error) {
		return Base{}, fmt.Errorf("%q: %s; it should look like https://{subdomain}.zendesk.com", template, why)
	}
	scheme, rest, ok := strings.Cut(template, "://")
	if scheme = strings.ToLower(scheme); !ok || scheme != "https" && scheme != "http" {
		return fail("it must begin with https://")
	}
	domain, ok := strings.CutPrefix(strings.TrimSuffix(rest, "/"), placeholder+".")
	if !ok {
		return fail("the host must begin with {subdomain}.")
	}
	if strings.ContainsAny(domain, "/?#@{}") {
		return fail("there must be nothing but a host, and perhaps a port, after {subdomain}.")
	}
	u, err := url.Parse(scheme + "://" + domain)
	if err != nil || u.Host != domain || !isDomain(u.Hostname()) || !validPort(u) {
		return fail("the host cannot be read")
	}
	b := Base{scheme: scheme, domain: strings.ToLower(domain)}
	if scheme == "http" && !isLocalhost(strings.ToLower(u.Hostname())) && !slices.Contains(options, AllowHTTP) {
		return fail("plain http would show every token to the network")
	}
	return b, nil
}

// URL is the root of an account, without a trailing slash: add a path with
// JoinPath. It is nil when CheckSubdomain refuses the subdomain, because no
// request may go to a host that was made up.
func (b Base) URL(subdomain string) *url.URL {
	if b.domain == "" || CheckSubdomain(subdomain) != nil {
		return nil
	}
	return &url.URL{Scheme: b.scheme, Host: subdomain + "." + b.domain}
}

// CleanSubdomain is the function of that name, for this base's domain too.
func (b Base) CleanSubdomain(typed string) (string, error) {
	host := b.domain
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if host == "" {
		return CleanSubdomain(typed)
	}
	return cleanSubdomain(typed, host, "zendesk.com", "localhost")
}

// String is the template; "" for the zero Base.
func (b Base) String() string {
	if b.domain == "" {
		return ""
	}
	return b.scheme + "://" + placeholder + "." + b.domain
}

// IsLocal tells whether the accounts are names of this machine.
func (b Base) IsLocal() bool {
	host, _, _ := strings.Cut(b.domain, ":")
	return isLocalhost(host)
}

func isLocalhost(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// isDomain takes DNS names. An address cannot have a subdomain.
func isDomain(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || host == "" || len(host) > 180 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i] | 0x20
			if (c < 'a' || c > 'z') && (label[i] < '0' || label[i] > '9') && label[i] != '-' {
				return false
			}
		}
	}
	return true
}
