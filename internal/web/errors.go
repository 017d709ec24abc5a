package web

import "strings"

// NotFound is the page for an address that leads nowhere, and for a host name
// that no account has.
type NotFound struct {
	Page
	Brand              Brand
	Account, Subdomain string
	UnknownHost        string // the host, when it is the host that is unknown
	HomeURL            string // empty shows no link
}

func (p NotFound) frame() frame {
	key := "not_found.title"
	if p.UnknownHost != "" {
		key = "not_found.host.title"
	}
	return frame{Template: "not_found", Brand: p.Brand, Title: p.T(key), Account: p.Account, Subdomain: p.Subdomain}
}

// Title is the page's title and first heading; for the template.
func (p NotFound) Title() string { return p.frame().Title }

// BoardMissing is what somebody signed in is told of a page that is not there, or not for
// them. Both are one answer, but for the sections of operators, which everybody knows of.
type BoardMissing struct {
	Board
	Operators bool // the page is a section of theirs
}

func (p BoardMissing) frame() frame { return p.Board.frame("board_missing", p.Title(), nowhere) }

// Title is the page's title and first heading; for the template.
func (p BoardMissing) Title() string {
	if p.Operators {
		return p.T("board_missing.operators")
	}
	return p.T("not_found.title")
}

// Text says who is signed in, and what that means here; for the template.
func (p BoardMissing) Text() string {
	name := p.User.Name
	if p.Operators {
		return p.T("board_missing.operators.text", name)
	}
	return p.T("board_missing.text", name)
}

// MethodNotAllowed is the page for a method that the address does not take. Allow
// is sent as the header that RFC 9110 §15.5.6 asks for.
type MethodNotAllowed struct {
	Page
	Brand              Brand
	Account, Subdomain string
	Method             string
	Allow              []string
}

func (p MethodNotAllowed) frame() frame {
	return frame{
		Template: "method_not_allowed", Brand: p.Brand, Title: p.T("method_not_allowed.title"),
		Account: p.Account, Subdomain: p.Subdomain, Allow: p.Allow,
	}
}

// Title is the page's title and first heading; for the template.
func (p MethodNotAllowed) Title() string { return p.frame().Title }

// Allowed is the list of methods; for the template.
func (p MethodNotAllowed) Allowed() string { return strings.Join(p.Allow, ", ") }

// ServerError is the page for a fault of ours. It says nothing but the request id,
// under which the log has the rest.
type ServerError struct {
	Page
	Brand              Brand
	Account, Subdomain string
}

func (p ServerError) frame() frame {
	return frame{
		Template: "server_error", Brand: p.Brand, Title: p.T("server_error.title"),
		Account: p.Account, Subdomain: p.Subdomain,
	}
}

// Title is the page's title and first heading; for the template.
func (p ServerError) Title() string { return p.frame().Title }

// TooMany is the page for whoever must wait. RetryAfter, in seconds, is sent as
// the header of the same name (RFC 9110 §10.2.3).
type TooMany struct {
	Page
	Brand              Brand
	Account, Subdomain string
	RetryAfter         int
}

func (p TooMany) frame() frame {
	return frame{
		Template: "too_many", Brand: p.Brand, Title: p.T("too_many.title"),
		Account: p.Account, Subdomain: p.Subdomain, RetryAfter: p.RetryAfter,
	}
}

// Title is the page's title and first heading; for the template.
func (p TooMany) Title() string { return p.frame().Title }

// Wait is how long to wait, in words; for the template.
func (p TooMany) Wait() string { return p.wait(p.RetryAfter) }

// wait says a number of seconds as a person would.
func (p Page) wait(seconds int) string {
	switch {
	case seconds <= 0:
		return p.T("wait.moment")
	case seconds < 90:
		return Count(p.Lang, "wait.seconds", seconds)
	}
	return Count(p.Lang, "wait.minutes", (seconds+59)/60)
}
