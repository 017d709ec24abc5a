package zendesk

import (
	"encoding/json"
	"html"
	"strings"
)

// Via tells how something came in.
type Via struct {
	Channel string    `json:"channel"` // "api", "web"
	Source  ViaSource `json:"source"`
}

// ViaSource tells more of some channels.
type ViaSource struct {
	From map[string]any `json:"from"`
	To   map[string]any `json:"to"`
	Rel  *string        `json:"rel"`
}

// ViaOf is a channel of which there is no more to tell.
func ViaOf(channel string) Via {
	return Via{Channel: channel, Source: ViaSource{From: map[string]any{}, To: map[string]any{}}}
}

// Ticket is a ticket of the Tickets API, in Zendesk's order. A pointer is a
// field that may be null.
type Ticket struct {
	URL                  string          `json:"url"`
	ID                   int64           `json:"id"`
	ExternalID           *string         `json:"external_id"`
	Via                  Via             `json:"via"`
	CreatedAt            *Time           `json:"created_at"`
	UpdatedAt            *Time           `json:"updated_at"`
	GeneratedTimestamp   int64           `json:"generated_timestamp"` // Unix seconds
	Type                 *string         `json:"type"`                // problem, incident, question or task
	Subject              *string         `json:"subject"`
	RawSubject           *string         `json:"raw_subject"`
	Description          string          `json:"description"` // the first comment
	Priority             *string         `json:"priority"`    // urgent, high, normal or low
	Status               string          `json:"status"`      // new, open, pending, hold, solved or closed
	Recipient            *string         `json:"recipient"`
	RequesterID          int64           `json:"requester_id"`
	SubmitterID          int64           `json:"submitter_id"`
	AssigneeID           *int64          `json:"assignee_id"`
	OrganizationID       *int64          `json:"organization_id"`
	GroupID              *int64          `json:"group_id"`
	CollaboratorIDs      []int64         `json:"collaborator_ids"`
	FollowerIDs          []int64         `json:"follower_ids"`
	EmailCCIDs           []int64         `json:"email_cc_ids"`
	ForumTopicID         *int64          `json:"forum_topic_id"`
	ProblemID            *int64          `json:"problem_id"`
	HasIncidents         bool            `json:"has_incidents"`
	IsPublic             bool            `json:"is_public"` // whether any comment is
	DueAt                *Time           `json:"due_at"`
	Tags                 []string        `json:"tags"`
	CustomFields         []CustomField   `json:"custom_fields"`
	SatisfactionRating   json.RawMessage `json:"satisfaction_rating"`
	SharingAgreementIDs  []int64         `json:"sharing_agreement_ids"`
	CustomStatusID       *int64          `json:"custom_status_id"`
	Fields               []CustomField   `json:"fields"`
	FollowupIDs          []int64         `json:"followup_ids"`
	TicketFormID         *int64          `json:"ticket_form_id"`
	BrandID              *int64          `json:"brand_id"`
	AllowChannelback     bool            `json:"allow_channelback"`
	AllowAttachments     bool            `json:"allow_attachments"`
	FromMessagingChannel bool            `json:"from_messaging_channel"`
}

// CustomField is the value of a field that an account added to its tickets.
type CustomField struct {
	ID    int64 `json:"id"`
	Value any   `json:"value"`
}

// TicketEnvelope is the body that holds one ticket and, where it was just opened
// or changed, the audit that tells how.
type TicketEnvelope struct {
	Ticket Ticket `json:"ticket"`
	Audit  *Audit `json:"audit,omitempty"`
}

// TagsEnvelope is the body that holds the tags of a thing.
type TagsEnvelope struct {
	Tags []string `json:"tags"`
}

// Comment is one message of a ticket.
type Comment struct {
	ID          int64         `json:"id"`
	Type        string        `json:"type"` // EventComment
	AuthorID    int64         `json:"author_id"`
	Body        string        `json:"body"`
	HTMLBody    string        `json:"html_body"`
	PlainBody   string        `json:"plain_body"`
	Public      bool          `json:"public"`
	Attachments []Attachment  `json:"attachments"`
	AuditID     int64         `json:"audit_id"`
	Via         Via           `json:"via"`
	CreatedAt   *Time         `json:"created_at"`
	Metadata    AuditMetadata `json:"metadata"`
}

// CommentEnvelope is the body that holds one comment.
type CommentEnvelope struct {
	Comment Comment `json:"comment"`
}

// Audit is a change of a ticket.
type Audit struct {
	ID        int64         `json:"id"`
	TicketID  int64         `json:"ticket_id"`
	CreatedAt *Time         `json:"created_at"`
	AuthorID  int64         `json:"author_id"`
	Metadata  AuditMetadata `json:"metadata"`
	Events    []AuditEvent  `json:"events"`
	Via       Via           `json:"via"`
}

// AuditEnvelope is the body that holds one audit.
type AuditEnvelope struct {
	Audit Audit `json:"audit"`
}

// AuditMetadata tells where a change came from.
type AuditMetadata struct {
	System AuditSystem    `json:"system"`
	Custom map[string]any `json:"custom"`
}

// AuditSystem is what Zendesk itself notes of a change.
type AuditSystem struct {
	Client    string `json:"client,omitempty"` // the User-Agent
	IPAddress string `json:"ip_address,omitempty"`
}

// The types of an AuditEvent.
const (
	EventComment = "Comment"
	EventCreate  = "Create" // a field of a new ticket
	EventChange  = "Change"
)

// AuditEvent is one thing of an audit. Its type tells which members it has: those
// of a comment, or those of a field. Zendesk has more types than these.
type AuditEvent struct {
	ID   int64  `json:"id"`
	Type string `json:"type"`

	AuthorID    int64        `json:"author_id"`
	Body        string       `json:"body"`
	HTMLBody    string       `json:"html_body"`
	PlainBody   string       `json:"plain_body"`
	Public      bool         `json:"public"`
	Attachments []Attachment `json:"attachments"`
	AuditID     int64        `json:"audit_id"`

	Value         any    `json:"value"` // a text, a list of texts, or nil
	FieldName     string `json:"field_name"`
	PreviousValue any    `json:"previous_value"` // of EventChange
}

// MarshalJSON writes the members that the type has.
func (e AuditEvent) MarshalJSON() ([]byte, error) {
	type head struct {
		ID   int64  `json:"id"`
		Type string `json:"type"`
	}
	type field struct {
		Value     any    `json:"value"`
		FieldName string `json:"field_name"`
	}
	first := head{e.ID, e.Type}
	switch e.Type {
	case EventComment:
		return json.Marshal(struct {
			head
			AuthorID    int64        `json:"author_id"`
			Body        string       `json:"body"`
			HTMLBody    string       `json:"html_body"`
			PlainBody   string       `json:"plain_body"`
			Public      bool         `json:"public"`
			Attachments []Attachment `json:"attachments"`
			AuditID     int64        `json:"audit_id"`
		}{first, e.AuthorID, e.Body, e.HTMLBody, e.PlainBody, e.Public, e.Attachments, e.AuditID})
	case EventChange:
		return json.Marshal(struct {
			head
			field
			PreviousValue any `json:"previous_value"`
		}{first, field{e.Value, e.FieldName}, e.PreviousValue})
	default:
		return json.Marshal(struct {
			head
			field
		}{first, field{e.Value, e.FieldName}})
	}
}

// HTMLBody is how Zendesk shows a comment that was written as plain text: its
// paragraphs, escaped.
func HTMLBody(plain string) string {
	var b strings.Builder
	b.WriteString(`<div class="zd-comment" dir="auto">`)
	for paragraph := range strings.SplitSeq(strings.ReplaceAll(plain, "\r\n", "\n"), "\n\n") {
		if text := strings.Trim(paragraph, "\n"); text != "" {
			b.WriteString(`<p dir="auto">` + strings.ReplaceAll(html.EscapeString(text), "\n", "<br>") + `</p>`)
		}
	}
	b.WriteString(`</div>`)
	return b.String()
}
