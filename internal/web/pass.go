package web

import (
	"strconv"
	"strings"
)

// Names of form fields on the pages of passes.
const (
	FieldLink    = "link"
	FieldComment = "comment"
	FieldFiles   = "files"
	FieldSending = "sending"
	FieldDo      = "do"

	DoDiscard = "discard" // of FieldDo; anything else finishes
)

// PassText is what the holder of a pass is told: a key such as "why.expired" or
// "obstacle.ticket_gone".
func PassText(l Lang, key string) string { return T(l, "pass."+key) }

// PassTexts are the keys of PassText.
var PassTexts = []string{
	"tries", "why.unknown", "why.expired", "why.used_up", "why.revoked", "why.not_allowed", "why.type", "why.file_too_large",
	"why.too_many_files", "why.bytes_used_up", "why.file_empty", "why.nothing", "why.text_too_long", "why.too_many_now",
	"why.sending_over", "why.other_pass", "why.broke_off",
	"obstacle.ticket_gone", "obstacle.ticket_refused", "obstacle.zendesk_busy", "obstacle.zendesk_fails",
	"obstacle.zendesk_refused", "obstacle.zendesk_silent", "obstacle.connection_broken", "obstacle.connection_later",
}

// AskPass asks for the link to a pass. Its script reads it from the address.
type AskPass struct {
	Page
	Action  string
	Problem string // for PassText; empty: none
}

func (p AskPass) frame() frame {
	return frame{Template: "pass_ask", Brand: Broker, Title: p.T("pass.ask.title"), Script: "pass.js", Follows: true}
}

// Title is the page's title and first heading; for the template.
func (p AskPass) Title() string { return p.frame().Title }

// ProblemText is the problem in words; for the template.
func (p AskPass) ProblemText() string {
	if p.Problem == "" {
		return ""
	}
	return PassText(p.Lang, p.Problem)
}

// Pass is the page on which its holder sends files and a comment.
type Pass struct {
	Page
	ID         int64
	Name       string // as whoever handed it out named it
	Account    string // who asks, e.g. "acme.zendesk.com": nobody should send files to a page that does not say
	CanUpload  bool
	CanComment bool
	Public     bool
	Types      []string
	Until      Moment
	UsesLeft   int
	FileMost   int64 // bytes
	BytesLeft  int64
	Over       string // why nothing can be sent any more, for PassText; empty: it can
	Problem    string // what went wrong just now
	Failed     []FailedFile
	Comment    string // what was written
	Done       bool   // it was sent just now
	Open       []PassSending
	Sent       []PassSending
	Curl       string // empty hides it
}

// FailedFile is one that was not sent.
type FailedFile struct {
	Name    string // empty: it is not known
	Problem string // for PassText
}

// PassSending is what was sent at one time.
type PassSending struct {
	ID    int64
	At    Moment
	State string // sent, finishing, in_doubt, lapsed, open
	Files []PassFile
}

// PassFile is a file that was sent.
type PassFile struct {
	Name string
	Size int64 // bytes
}

func (p Pass) frame() frame {
	title := "pass.title.both"
	switch {
	case p.Over != "":
		title = "pass.title.over"
	case !p.CanComment:
		title = "pass.title.upload"
	case !p.CanUpload:
		title = "pass.title.comment"
	}
	return frame{Template: "pass", Brand: Broker, Title: p.T(title), Script: "pass.js", Follows: true}
}

// Title is the page's title and first heading; for the template.
func (p Pass) Title() string { return p.frame().Title }

// ProblemText is the problem in words; for the template.
func (p Pass) ProblemText() string { return AskPass{Page: p.Page, Problem: p.Problem}.ProblemText() }

// OverText says why nothing can be sent; for the template.
func (p Pass) OverText() string { return AskPass{Page: p.Page, Problem: p.Over}.ProblemText() }

// Why is a failed file's problem in words; for the template.
func (p Pass) Why(f FailedFile) string {
	return AskPass{Page: p.Page, Problem: f.Problem}.ProblemText()
}

// UsesText is how often something may still be sent; for the template.
func (p Pass) UsesText() string { return Count(p.Lang, "pass.uses", p.UsesLeft) }

// Accept is the attribute of the file box; for the template.
func (p Pass) Accept() string { return strings.Join(p.Types, ",") }

// TypesText names the types; for the template.
func (p Pass) TypesText() string {
	if len(p.Types) == 0 {
		return p.T("pass.types.any")
	}
	return strings.ReplaceAll(strings.Join(p.Types, ", "), "image/*", p.T("pass.types.images"))
}

// To is the address of a form of the page. It names the pass, since the browser may come
// to have another one's cookie while the page is open; for the template.
func (p Pass) To(path string) string {
	return Within(path, FieldPass, strconv.FormatInt(p.ID, 10))
}

// SizeText says how large files may be; for the template.
func (p Pass) SizeText() string { return p.T("pass.size.most", Bytes(p.FileMost), Bytes(p.BytesLeft)) }

// SeenText says who sees what is sent; for the template.
func (p Pass) SeenText() string {
	if p.Public {
		return p.T("pass.seen.public")
	}
	return p.T("pass.seen.internal")
}

// StateText is a sending's state in words; for the template.
func (p Pass) StateText(s PassSending) string { return p.T("pass.state." + s.State) }

// ListedFile is a file with its size in words.
type ListedFile struct{ Name, Size string }

// List are a sending's files; for the template.
func (p Pass) List(s PassSending) (all []ListedFile) {
	for _, f := range s.Files {
		all = append(all, ListedFile{f.Name, Bytes(f.Size)})
	}
	return all
}

// Bytes is a size as people read it, such as "12 kB": powers of 1000, as SI has them.
func Bytes(n int64) string {
	units := []string{"B", "kB", "MB", "GB"}
	size, at := float64(n), 0
	for size >= 999.5 && at < len(units)-1 {
		size /= 1000
		at++
	}
	if at == 0 || size >= 99.5 {
		return strconv.FormatFloat(size, 'f', 0, 64) + " " + units[at]
	}
	return strconv.FormatFloat(size, 'g', 2, 64) + " " + units[at]
}
