package web

import "strings"

// CSP builds the Content-Security-Policy of a page (CSP Level 3). Nothing but the
// page's own style sheet, images and forms is allowed; formActions are further
// origins that a form may lead to, such as "https://app.example".
//
// Chromium holds form-action against every redirect that a form submission leads
// to, not against the form's own target alone. A consent page must therefore name
// the origin of the verified redirect URI, or its Allow button does nothing, where
// it is answered by a redirect; an app that redirects on to yet another origin from
// there is stopped all the same, which only a page in between, [Leaving], avoids.
func CSP(formActions ...string) string {
	policy := "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'"
	for _, origin := range formActions {
		if source, ok := hostSource(origin); ok {
			policy += " " + source
		}
	}
	return policy + "; base-uri 'none'; frame-ancestors 'none'"
}

// withScript lets a page load the scripts of this server, and still no inline one.
func withScript(policy string) string {
	return strings.Replace(policy, "; style-src", "; script-src 'self'; style-src", 1)
}

// withStream lets the scripts of a page ask this server, and no other.
func withStream(policy string) string {
	return strings.Replace(policy, "; style-src", "; connect-src 'self'; style-src", 1)
}

// hostSource is an origin as a CSP source expression. What could end the directive
// or the header is dropped. A CSP host cannot be an IPv6 literal (CSP3 §2.3.1), so
// that such an origin can only be allowed by its scheme.
func hostSource(origin string) (string, bool) {
	scheme, host, ok := strings.Cut(origin, "://")
	if !ok || host == "" || (scheme != "https" && scheme != "http") {
		return "", false
	}
	if strings.HasPrefix(host, "[") {
		return scheme + ":", true
	}
	if strings.IndexFunc(host, notInHost) >= 0 {
		return "", false
	}
	return origin, true
}

func notInHost(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune(".-_:*", r)
}
