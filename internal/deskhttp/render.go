package deskhttp

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/deskauth/deskauth/internal/apihttp"
	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/zendesk"
)

// How the desk's values look in the API. base is the account's root as the client
// sees it.

// view is how somebody sees tickets: with the fields that their account added.
type view struct {
	base   string
	fields []desk.Field
	by     desk.Person
}

func (s *Server) view(ctx context.Context, req apihttp.Request) (view, error) {
	fields, err := s.Desk.CustomFields(ctx, req.Caller)
	u := req.Caller.User
	return view{req.Base, fields, desk.Person{ID: desk.UserID(u.ID), Agent: desk.Answers(string(u.Role))}}, err
}

func (v view) ticket(t desk.Ticket) zendesk.Ticket {
	custom, base := customFields(t.Values(v.fields, v.by)), v.base
	return zendesk.Ticket{
		URL: fmt.Sprintf("%s%s/%d.json", base, zendesk.TicketsPath, t.Number), ID: t.Number,
		ExternalID: orNull(t.ExternalID), Via: zendesk.ViaOf(t.Channel),
		CreatedAt: zendesk.TimeOf(t.Created), UpdatedAt: zendesk.TimeOf(t.Updated), GeneratedTimestamp: t.Updated.Unix(),
		Type: orNull(t.Kind), Subject: orNull(t.Subject), RawSubject: orNull(t.Subject), Description: t.Description,
		Priority: orNull(t.Priority), Status: string(t.Status),
		RequesterID: int64(t.Requester), SubmitterID: int64(t.Submitter), AssigneeID: idOrNull(t.Assignee), GroupID: idOrNull(t.Group),
		CollaboratorIDs: []int64{}, FollowerIDs: []int64{}, EmailCCIDs: []int64{}, IsPublic: t.Public, Tags: list(t.Tags),
		CustomFields: custom, SharingAgreementIDs: []int64{}, Fields: custom,
		FollowupIDs: []int64{}, AllowAttachments: true,
	}
}

// ticketWith is a ticket with the audit that tells of its change, if it changed.
func (v view) ticketWith(t desk.Ticket, a desk.Audit) zendesk.TicketEnvelope {
	shown := zendesk.TicketEnvelope{Ticket: v.ticket(t)}
	if a.ID != 0 {
		told := audit(v.base, a)
		shown.Audit = &told
	}
	return shown
}

func (v view) request(t desk.Ticket) zendesk.Request {
	custom, base := customFields(t.Values(v.fields, v.by)), v.base
	return zendesk.Request{
		URL: fmt.Sprintf("%s%s/%d.json", base, zendesk.RequestsPath, t.Number), ID: t.Number, Status: string(t.Status),
		Priority: orNull(t.Priority), Type: orNull(t.Kind), Subject: orNull(t.Subject), Description: t.Description,
		Via: zendesk.ViaOf(t.Channel), CustomFields: custom, RequesterID: int64(t.Requester),
		CollaboratorIDs: []int64{}, EmailCCIDs: []int64{}, IsPublic: t.Public, CanBeSolvedByMe: t.SolvableBy(v.by),
		CreatedAt: zendesk.TimeOf(t.Created), UpdatedAt: zendesk.TimeOf(t.Updated),
		AssigneeID: idOrNull(t.Assignee), Fields: custom,
	}
}

func comment(base string, c desk.Comment) zendesk.Comment {
	return zendesk.Comment{
		ID: c.ID, Type: zendesk.EventComment, AuthorID: int64(c.Author),
		Body: c.Body, HTMLBody: zendesk.HTMLBody(c.Body), PlainBody: c.Body, Public: c.Public,
		Attachments: attachments(base, c.Attachments), AuditID: c.Audit, Via: zendesk.ViaOf(c.Channel),
		CreatedAt: zendesk.TimeOf(c.Created), Metadata: metadata(c.Origin),
	}
}

func metadata(o desk.Origin) zendesk.AuditMetadata {
	return zendesk.AuditMetadata{System: zendesk.AuditSystem{Client: o.Client, IPAddress: o.Address}, Custom: map[string]any{}}
}

func audit(base string, a desk.Audit) zendesk.Audit {
	shown := zendesk.Audit{
		ID: a.ID, TicketID: a.Ticket, CreatedAt: zendesk.TimeOf(a.Created), AuthorID: int64(a.Author),
		Metadata: metadata(a.Origin), Events: []zendesk.AuditEvent{}, Via: zendesk.ViaOf(a.Channel),
	}
	for _, e := range a.Events {
		shown.Events = append(shown.Events, event(base, e))
	}
	return shown
}

func event(base string, e desk.Event) zendesk.AuditEvent {
	if c := e.Comment; c != nil {
		return zendesk.AuditEvent{
			ID: e.ID, Type: zendesk.EventComment, AuthorID: int64(c.Author), Body: c.Body, HTMLBody: zendesk.HTMLBody(c.Body),
			PlainBody: c.Body, Public: c.Public, Attachments: attachments(base, c.Attachments), AuditID: c.Audit,
		}
	}
	shown := zendesk.AuditEvent{ID: e.ID, Type: string(e.Kind), FieldName: e.Field}
	if e.Field == "tags" {
		shown.Value, shown.PreviousValue = strings.Fields(value(e.Value)), strings.Fields(value(e.Previous))
		return shown
	}
	if e.Value != nil {
		shown.Value = *e.Value
	}
	if e.Previous != nil {
		shown.PreviousValue = *e.Previous
	}
	return shown
}

func attachments(base string, all []desk.Attachment) []zendesk.Attachment {
	shown := []zendesk.Attachment{}
	for _, a := range all {
		shown = append(shown, attachment(base, a))
	}
	return shown
}

func attachment(base string, a desk.Attachment) zendesk.Attachment {
	content := base + zendesk.AttachmentContentPath + a.Token + "/?name=" + url.QueryEscape(a.Name)
	return zendesk.Attachment{
		URL: fmt.Sprintf("%s%s/%d.json", base, zendesk.AttachmentsPath, a.ID), ID: a.ID, FileName: a.Name,
		ContentURL: content, MappedContentURL: content, ContentType: a.Type, Size: a.Size,
		Width: idOrNull(int64(a.Width)), Height: idOrNull(int64(a.Height)), MalwareScanResult: "not_scanned", Thumbnails: []zendesk.Attachment{},
	}
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func idOrNull[T ~int64](id T) *int64 {
	if id == 0 {
		return nil
	}
	n := int64(id)
	return &n
}

// list is never null on the wire.
func list(all []string) []string { return append([]string{}, all...) }
