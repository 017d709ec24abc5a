package desk

import (
	"time"

	"github.com/deskauth/deskauth/internal/secret"
)

// UploadMost is how large a file may be, in bytes.
const UploadMost = 50 << 20

// UploadLife is how long files wait for a comment: what Zendesk documents. It was
// seen to answer three days (facts section 7.3).
const UploadLife = time.Hour

// Upload is files that wait for a comment, under a token.
type Upload struct {
	ID          int64
	Account     AccountID
	Token       secret.Plain // where it is known
	Digest      secret.Digest
	User        UserID // who uploads
	Attachments []Attachment
	Created     time.Time
	Expires     time.Time
}

// IsOpen tells whether files can still be added, and be attached.
func (u Upload) IsOpen(now time.Time) bool { return now.Before(u.Expires) }

// Attachment is a file.
type Attachment struct {
	ID      int64
	Account AccountID
	User    UserID // who uploaded it
	// Token is in the address of the content. It opens that to whoever has it,
	// and is shown to all who see the comment.
	Token string
	File  string // by which Files knows the content
	Name  string
	Type  string // the media type, as whoever uploaded it said
	Size  int64  // in bytes
	// Width and Height are those of an image, in pixels; 0: not known.
	Width, Height int
	Created       time.Time
}
