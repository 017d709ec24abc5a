package deskhttp

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/zendesk"
)

// What Zendesk takes of a ticket and we do not keep, or lets nobody set. Clients
// send back what they got, so it brings no warning.
var notKept = []string{
	"id", "url", "via", "created_at", "updated_at", "generated_timestamp", "recipient", "organization_id",
	"collaborator_ids", "collaborators", "additional_collaborators", "follower_ids", "followers", "email_cc_ids", "email_ccs",
	"forum_topic_id", "problem_id", "has_incidents", "is_public", "due_at", "satisfaction_rating",
	"sharing_agreement_ids", "custom_status_id", "followup_ids", "ticket_form_id", "brand_id", "allow_channelback",
	"allow_attachments", "from_messaging_channel", "metadata", "macro_id", "macro_ids", "can_be_solved_by_me", "followup_source_id",
}

// stranger is a user whom a request describes: Zendesk makes them, when nobody
// has the address yet.
type stranger struct{ name, email string }

// fields are the members that a new ticket and a change have in common.
type fields struct {
	subject, priority, kind, status, externalID *string
	tags                                        *[]string
	group                                       *desk.GroupID
	custom                                      map[desk.FieldID][]string
	requester, submitter, assignee              *desk.Ref
	stranger                                    stranger
	said                                        *desk.NewComment
}

func readFields(p *apihttp.Params) (f fields, err error) {
	f = fields{
		subject: p.Text("subject"), priority: p.Text("priority"), kind: p.Text("type"), status: p.Text("status"),
		externalID: p.Text("external_id"), tags: p.Texts("tags"),
		requester: userRef(p, "requester_id"), submitter: userRef(p, "submitter_id"), assignee: userRef(p, "assignee_id"),
	}
	f.group, f.custom = groupID(p), readCustom(p)
	if raw := p.Text("raw_subject"); raw != nil {
		f.subject = raw
	}
	if email := p.Text("assignee_email"); email != nil && f.assignee == nil {
		f.assignee = &desk.Ref{Email: *email}
	}
	// requester_id goes before requester, as at Zendesk.
	if by, who := requesterRef(p); f.requester == nil {
		f.requester, f.stranger = by, who
	}
	f.said, err = readComment(p)
	p.Ignored(notKept...)
	return f, err
}

// userRef reads the number of a user; null is nobody.
func userRef(p *apihttp.Params, name string) *desk.Ref {
	if raw := p.Raw(name); string(raw) == "null" {
		return &desk.Ref{}
	}
	id := p.Number(name)
	if id == nil {
		return nil
	}
	return &desk.Ref{ID: desk.UserID(*id)}
}

// groupID reads the number of a group; null is none.
func groupID(p *apihttp.Params) *desk.GroupID {
	if raw := p.Raw("group_id"); string(raw) == "null" {
		return new(desk.GroupID)
	}
	id := p.Number("group_id")
	if id == nil {
		return nil
	}
	group := desk.GroupID(*id)
	return &group
}

// requesterRef reads the ways to name a requester: an address, a number, or an
// object that describes a user.
func requesterRef(p *apihttp.Params) (*desk.Ref, stranger) {
	const name = "requester"
	raw := p.Raw(name)
	var email string
	var id int64
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return nil, stranger{}
	case json.Unmarshal(raw, &email) == nil:
		return &desk.Ref{Email: email}, stranger{}
	case json.Unmarshal(raw, &id) == nil:
		return &desk.Ref{ID: desk.UserID(id)}, stranger{}
	}
	var described struct {
		ID    int64  `json:"id"`
		Name  string `json:"name"`
		Email string `json:"email"`
	}
	if json.Unmarshal(raw, &described) != nil {
		p.Refuse(name, "must be a hash")
		return nil, stranger{}
	}
	if described.ID != 0 {
		return &desk.Ref{ID: desk.UserID(described.ID)}, stranger{}
	}
	return &desk.Ref{Email: described.Email}, stranger(struct{ name, email string }{described.Name, described.Email})
}

// readComment reads the comment of a ticket or a request; nil: there is none.
func readComment(p *apihttp.Params) (*desk.NewComment, error) {
	c := p.Object("comment")
	if c == nil {
		return nil, nil
	}
	said := &desk.NewComment{Public: c.Bool("public")}
	if author := userRef(c, "author_id"); author != nil {
		said.Author = *author
	}
	// "value" is what Zendesk's own Ruby client calls the body.
	for _, name := range []string{"value", "body"} {
		if text := c.Text(name); text != nil {
			said.Body = *text
		}
	}
	if text := c.Text("html_body"); text != nil && *text != "" {
		said.Body = plainText(*text)
	}
	if tokens := c.Texts("uploads"); tokens != nil {
		for _, token := range *tokens {
			said.Uploads = append(said.Uploads, secret.Of(token))
		}
	}
	c.Ignored("id", "type", "plain_body", "attachments", "audit_id", "via", "created_at", "metadata")
	return said, c.Err()
}

// expressions are what plainText looks for, made for the first comment that is HTML and
// not with each start of the program.
var expressions = sync.OnceValue(func() (e struct{ lineEnds, blocks, tags, manyEnds *regexp.Regexp }) {
	e.lineEnds = regexp.MustCompile(`(?i)<br\s*/?>`)
	e.blocks = regexp.MustCompile(`(?i)</(?:p|div|h[1-6]|li|tr|blockquote|pre)\s*>`)
	e.tags = regexp.MustCompile(`<[^>]*>`)
	e.manyEnds = regexp.MustCompile(`\n{3,}`)
	return e
})

// plainText is the text of a comment that was written as HTML. The desk keeps no
// markup, so there is none that could be shown to anybody.
func plainText(markup string) string {
	e := expressions()
	text := e.lineEnds.ReplaceAllString(markup, "\n")
	text = e.blocks.ReplaceAllString(text, "\n\n")
	text = html.UnescapeString(e.tags.ReplaceAllString(text, ""))
	return strings.TrimSpace(e.manyEnds.ReplaceAllString(text, "\n\n"))
}

// ticketDraft reads {"ticket":{…}} of a new ticket. Its first comment may be
// called its description.
func ticketDraft(req apihttp.Request) (desk.Draft, stranger, error) {
	p, err := req.Params("ticket")
	if err != nil {
		return desk.Draft{}, stranger{}, err
	}
	return readDraft(p)
}

func readDraft(p *apihttp.Params) (desk.Draft, stranger, error) {
	f, err := readFields(p)
	description := p.Text("description")
	if err = firstError(err, p.Err()); err != nil {
		return desk.Draft{}, stranger{}, err
	}
	d := desk.Draft{
		Subject: value(f.subject), Priority: value(f.priority), Kind: value(f.kind), Status: desk.Status(value(f.status)),
		ExternalID: value(f.externalID), Tags: value(f.tags),
		Requester: value(f.requester), Submitter: value(f.submitter), Assignee: value(f.assignee), Group: value(f.group), Comment: value(f.said),
		Custom: f.custom,
	}
	if d.Comment.Body == "" {
		d.Comment.Body = value(description)
	}
	return d, f.stranger, nil
}

// ticketChange reads {"ticket":{…}} of a change.
func ticketChange(req apihttp.Request) (desk.Change, stranger, error) {
	p, err := req.Params("ticket")
	if err != nil {
		return desk.Change{}, stranger{}, err
	}
	return readChange(p)
}

func readChange(p *apihttp.Params) (desk.Change, stranger, error) {
	f, err := readFields(p)
	more, less := p.Texts("additional_tags"), p.Texts("remove_tags")
	safety, outdated := readSafety(p)
	p.Ignored("description", "submitter_id")
	if err = firstError(err, p.Err(), outdated); err != nil {
		return desk.Change{}, stranger{}, err
	}
	change := desk.Change{
		Subject: f.subject, Priority: f.priority, Kind: f.kind, ExternalID: f.externalID, Tags: f.tags,
		AddTags: value(more), RemoveTags: value(less), Requester: f.requester, Assignee: f.assignee, Group: f.group, Comment: f.said, Custom: f.custom,
		UpdatedStamp: safety.UpdatedStamp,
	}
	if f.status != nil {
		status := desk.Status(*f.status)
		change.Status = &status
	}
	return change, f.stranger, nil
}

// readSafety reads what keeps a change from undoing another's: "safe_update",
// which Zendesk's own example gives as a text, and the time that the client knows.
func readSafety(p *apihttp.Params) (desk.Change, error) {
	safe := string(p.Raw("safe_update"))
	stamp := p.Text("updated_stamp")
	switch safe {
	case "true", `"true"`:
	case "", "null", "false", `"false"`:
		return desk.Change{}, nil
	default:
		p.Refuse("safe_update", "must be a boolean")
		return desk.Change{}, nil
	}
	at, err := time.Parse(time.RFC3339, value(stamp))
	if err != nil {
		return desk.Change{}, zendesk.RecordInvalid{"updated_stamp": {{
			Description: "Updated stamp: must be a date and time when safe_update is true", Error: zendesk.InvalidFormat,
		}}}
	}
	return desk.Change{UpdatedStamp: at}, nil
}

// meet makes a user of somebody whom an agent described as the requester, unless
// the account has one with the address.
func (s *Server) meet(ctx context.Context, req apihttp.Request, who stranger) error {
	if who.name == "" || who.email == "" {
		return nil
	}
	_, err := s.Issuer.Store.UserByEmail(ctx, req.Account.ID, issuer.NormalEmail(who.email))
	if !errors.Is(err, issuer.ErrNotFound) {
		return err
	}
	_, err = s.Issuer.CreateUser(ctx, req.Account,
		issuer.NewUser{Name: who.name, Email: who.email, Role: issuer.EndUser}, req.Caller.By(req.Origin()))
	return err
}

func firstError(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// value is what p points at, or nothing.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
