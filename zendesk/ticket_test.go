package zendesk_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/zendesk"
)

func crashLog() zendesk.Attachment {
	const content = "https://acme.zendesk.com/attachments/token/tyBq1ms40dFaHefSIigx/?name=crash.log"
	return zendesk.Attachment{
		URL: "https://acme.zendesk.com/api/v2/attachments/498483.json", ID: 498483, FileName: "crash.log",
		ContentURL: content, MappedContentURL: content, ContentType: "text/plain", Size: 2532,
		MalwareScanResult: "not_scanned", Thumbnails: []zendesk.Attachment{},
	}
}

func fire(t *testing.T) zendesk.Ticket {
	return zendesk.Ticket{
		URL: "https://acme.zendesk.com/api/v2/tickets/35436.json", ID: 35436, ExternalID: ptr("ahg35h3jh"), Via: zendesk.ViaOf("api"),
		CreatedAt: at(t, "2009-07-20T22:55:29Z"), UpdatedAt: at(t, "2011-05-05T10:38:52Z"), GeneratedTimestamp: 1304591932,
		Type: ptr("incident"), Subject: ptr("Help, my printer is on fire!"), RawSubject: ptr("Help, my printer is on fire!"),
		Description: "The fire is very <colorful>.", Priority: ptr("high"), Status: "open", RequesterID: 20978392, SubmitterID: 76872,
		AssigneeID: ptr[int64](235323), CollaboratorIDs: []int64{}, FollowerIDs: []int64{}, EmailCCIDs: []int64{}, IsPublic: true,
		Tags: []string{"enterprise", "other_tag"}, CustomFields: []zendesk.CustomField{{ID: 27642, Value: "745"}},
		SharingAgreementIDs: []int64{}, Fields: []zendesk.CustomField{{ID: 27642, Value: "745"}}, FollowupIDs: []int64{}, AllowAttachments: true,
	}
}

func TestDeskGolden(t *testing.T) {
	metadata := zendesk.AuditMetadata{System: zendesk.AuditSystem{Client: "curl/8.14.1", IPAddress: "127.0.0.1"}, Custom: map[string]any{}}
	body := "Thanks for\nyour help!"
	both(t, "ticket.json", zendesk.TicketEnvelope{Ticket: fire(t)})
	both(t, "ticket_updated.json", zendesk.TicketEnvelope{Ticket: fire(t), Audit: &zendesk.Audit{
		ID: 35437, TicketID: 35436, CreatedAt: at(t, "2011-05-05T10:38:52Z"), AuthorID: 76872, Metadata: metadata, Via: zendesk.ViaOf("api"),
		Events: []zendesk.AuditEvent{
			{
				ID: 1564245, Type: zendesk.EventComment, AuthorID: 76872, Body: body, HTMLBody: zendesk.HTMLBody(body), PlainBody: body,
				Public: true, Attachments: []zendesk.Attachment{crashLog()}, AuditID: 35437,
			},
			{ID: 1564246, Type: zendesk.EventCreate, FieldName: "priority"},
			{ID: 1564247, Type: zendesk.EventChange, FieldName: "status", Value: "open", PreviousValue: "new"},
			{ID: 1564248, Type: zendesk.EventChange, FieldName: "tags", Value: []any{"a"}, PreviousValue: []any{}},
		},
	}})
	both(t, "comment.json", zendesk.CommentEnvelope{Comment: zendesk.Comment{
		ID: 1274, Type: zendesk.EventComment, AuthorID: 123123, Body: body, HTMLBody: zendesk.HTMLBody(body), PlainBody: body, Public: true,
		Attachments: []zendesk.Attachment{}, AuditID: 432567, Via: zendesk.ViaOf("web"), CreatedAt: at(t, "2009-07-20T22:55:29Z"), Metadata: metadata,
	}})
	both(t, "request.json", zendesk.RequestEnvelope{Request: zendesk.Request{
		URL: "https://acme.zendesk.com/api/v2/requests/33.json", ID: 33, Status: "open", Subject: ptr("Help!"), Description: "My printer is on fire!",
		Via: zendesk.ViaOf("web"), CustomFields: []zendesk.CustomField{}, RequesterID: 1462, CollaboratorIDs: []int64{}, EmailCCIDs: []int64{},
		IsPublic: true, CreatedAt: at(t, "2009-07-20T22:55:29Z"), UpdatedAt: at(t, "2011-05-05T10:38:52Z"), Fields: []zendesk.CustomField{},
	}})
	both(t, "upload.json", zendesk.UploadEnvelope{Upload: zendesk.Upload{
		Token: "6bk3gql82em5nmf0aaaa", ExpiresAt: at(t, "2026-11-22T11:00:00Z"), Attachments: []zendesk.Attachment{crashLog()}, Attachment: crashLog(),
	}})
	both(t, "ticket_field.json", zendesk.TicketFieldEnvelope{TicketField: zendesk.TicketField{
		URL: "https://acme.zendesk.com/api/v2/ticket_fields/101.json", ID: 101, Type: "tagger", Title: "Pie", RawTitle: "Pie", Position: 9999, Active: true,
		TitleInPortal: "Pie", RawTitleInPortal: "Pie", AgentCanEdit: true, CreatedAt: at(t, "2026-11-22T11:00:00Z"), UpdatedAt: at(t, "2026-11-22T11:00:00Z"),
		Removable: true, AgentDescription: ptr("Ask"),
		CustomFieldOptions: &[]zendesk.TicketFieldItem{{ID: 1, Name: "Apple Pie", RawName: "Apple Pie", Value: "apple", Default: true}},
	}})
	both(t, "ticket_field_system.json", zendesk.TicketFieldEnvelope{TicketField: zendesk.TicketField{
		URL: "https://acme.zendesk.com/api/v2/ticket_fields/5.json", ID: 5, Type: "priority", Title: "Priority", RawTitle: "Priority", Position: 5, Active: true,
		TitleInPortal: "Priority", RawTitleInPortal: "Priority", AgentCanEdit: true, CreatedAt: at(t, "2026-11-22T11:00:00Z"),
		UpdatedAt: at(t, "2026-11-22T11:00:00Z"), SubTypeID: ptr[int64](0), SystemFieldOptions: []zendesk.SystemOption{{Name: "Low", Value: "low"}},
	}})
	both(t, "group_membership.json", zendesk.GroupMembershipEnvelope{GroupMembership: zendesk.GroupMembership{
		URL: "https://acme.zendesk.com/api/v2/group_memberships/461.json", ID: 461, UserID: 72, GroupID: 88, Default: true,
		CreatedAt: at(t, "2012-04-03T12:34:01Z"), UpdatedAt: at(t, "2012-04-03T12:34:01Z"),
	}})
	both(t, "job_status.json", zendesk.JobStatusEnvelope{JobStatus: zendesk.JobStatus{
		ID: "82de0b044094f0c67893ac9fe64f1a99", JobType: "Bulk Create Ticket", URL: "https://acme.zendesk.com/api/v2/job_statuses/82de0b044094f0c67893ac9fe64f1a99.json",
		Total: ptr[int64](3), Progress: ptr[int64](3), Status: "completed", Message: ptr("Completed at 2018-03-08 10:07:04 +0000"),
		Results: &[]zendesk.JobResult{
			{Index: ptr[int64](0), ID: 244, Action: "create", Status: "Created", Success: true},
			{Index: ptr[int64](1), Action: "create", Error: "RecordInvalid", Details: "Description: cannot be blank"},
			{ID: 245, Action: "delete", Status: "Deleted", Success: true},
		},
	}})
	both(t, "job_status_queued.json", zendesk.JobStatusEnvelope{JobStatus: zendesk.JobStatus{ID: "a", JobType: "b", URL: "c", Total: ptr[int64](1), Status: "queued"}})
	both(t, "attachment.json", zendesk.AttachmentEnvelope{Attachment: crashLog()})
}

// An event of a type that is not ours keeps what it says of a field.
func TestForeignEvent(t *testing.T) {
	var e zendesk.AuditEvent
	if err := json.Unmarshal([]byte(`{"id":1,"type":"Notification","recipients":[7],"body":"b"}`), &e); err != nil || e.Type != "Notification" || e.Body != "b" {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestHTMLBody(t *testing.T) {
	const open, shut = `<div class="zd-comment" dir="auto">`, `</div>`
	for plain, want := range map[string]string{
		"":                     "",
		"a":                    `<p dir="auto">a</p>`,
		"a\r\nb\n\n\n\nc":      `<p dir="auto">a<br>b</p><p dir="auto">c</p>`,
		`<script>"&"</script>`: `<p dir="auto">&lt;script&gt;&#34;&amp;&#34;&lt;/script&gt;</p>`,
	} {
		if got := zendesk.HTMLBody(plain); got != open+want+shut {
			t.Errorf("%q became %s", plain, got)
		}
	}
}

func TestQuotaHeaders(t *testing.T) {
	h := http.Header{}
	q := zendesk.Quota{Limit: 700, Remaining: 663, Reset: 41500 * time.Millisecond}
	q.SetHeaders(h)
	q.SetEndpointHeader(h, "tickets-index")
	want := http.Header{
		"X-Rate-Limit": {"700"}, "X-Rate-Limit-Remaining": {"663"}, "Rate-Limit": {"700"}, "Rate-Limit-Remaining": {"663"}, "Rate-Limit-Reset": {"42"},
		"Ratelimit-Limit": {"700"}, "Ratelimit-Remaining": {"663"}, "Ratelimit-Reset": {"42"},
		"Zendesk-Ratelimit-Tickets-Index": {"total=700; remaining=663; resets=42"},
	}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	for wait, want := range map[time.Duration]string{time.Nanosecond: "1", 0: "1", time.Second: "1", 1001 * time.Millisecond: "2"} {
		if got := zendesk.RetryAfter(wait); got != want {
			t.Errorf("Retry-After of %s: %s, want %s", wait, got, want)
		}
	}
}
