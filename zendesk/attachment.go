package zendesk

import (
	"fmt"
	"log/slog"
)

// Attachment is a file of a comment, or of an upload.
type Attachment struct {
	URL      string `json:"url"`
	ID       int64  `json:"id"`
	FileName string `json:"file_name"`
	// ContentURL is where the file is. Zendesk may host it elsewhere: do not send
	// credentials there.
	ContentURL            string       `json:"content_url"`
	MappedContentURL      string       `json:"mapped_content_url"`
	ContentType           string       `json:"content_type"`
	Size                  int64        `json:"size"` // in bytes
	Width                 *int64       `json:"width"`
	Height                *int64       `json:"height"`
	Inline                bool         `json:"inline"`
	Deleted               bool         `json:"deleted"`
	MalwareAccessOverride bool         `json:"malware_access_override"`
	MalwareScanResult     string       `json:"malware_scan_result"`
	Thumbnails            []Attachment `json:"thumbnails"`
}

// AttachmentEnvelope is the body that holds one attachment.
type AttachmentEnvelope struct {
	Attachment Attachment `json:"attachment"`
}

// Upload is files that wait for a comment to name their token.
type Upload struct {
	Token       string       `json:"token"`
	ExpiresAt   *Time        `json:"expires_at"`
	Attachments []Attachment `json:"attachments"`
	Attachment  Attachment   `json:"attachment"` // the one of this request
}

// UploadEnvelope is the body that holds an upload. Zendesk sends it as
// text/plain, though it is JSON.
type UploadEnvelope struct {
	Upload Upload `json:"upload"`
}

// String hides the token.
func (u Upload) String() string {
	return fmt.Sprintf("zendesk.Upload{attachment:%d file_name:%q}", u.Attachment.ID, u.Attachment.FileName)
}

// GoString hides the token from %#v.
func (u Upload) GoString() string { return u.String() }

// Format hides the token from every verb.
func (u Upload) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, u.String()) }

// LogValue hides the token from log/slog.
func (u Upload) LogValue() slog.Value { return slog.StringValue(u.String()) }
