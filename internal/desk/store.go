package desk

import (
	"context"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
)

// Store keeps the helpdesk's state. Each method is one atomic step; none of them
// decides anything. A look-up that finds nothing returns ErrNotFound, a swap that
// lost its race ErrConflict.
type Store interface {
	// PlantTickets gives an account its first tickets, numbered from 1 in their
	// order, and returns how many. An account that ever had one gets none.
	PlantTickets(ctx context.Context, a AccountID, tickets []Opening) (added int, err error)

	// Person looks at the issuer's users.
	Person(ctx context.Context, a AccountID, id UserID) (Person, error)
	PersonByEmail(ctx context.Context, a AccountID, email string) (Person, error)

	Ticket(ctx context.Context, a AccountID, number int64) (Ticket, error)
	Tickets(ctx context.Context, a AccountID, f Filter, r Range) (Page[Ticket], error)
	// OpenTicket adds a ticket under the account's next number. The uploads are
	// spent: their files belong to the comment.
	OpenTicket(ctx context.Context, o Opening, spent []Upload) (Opening, error)
	// ChangeTicket swaps a ticket of old.Version.
	ChangeTicket(ctx context.Context, old, next Ticket, a Audit, spent []Upload) (Audit, error)
	// DeleteTicket deletes a ticket of its version, with all that belongs to it
	// but the files.
	DeleteTicket(ctx context.Context, t Ticket) error

	Group(ctx context.Context, a AccountID, id GroupID) (Group, error)
	Groups(ctx context.Context, a AccountID, withDeleted bool, r Range) (Page[Group], error)
	AddGroup(ctx context.Context, g Group) (Group, error)
	// ChangeGroup swaps a group of old.Version.
	ChangeGroup(ctx context.Context, old, next Group) error
	// DeleteGroup is ChangeGroup of one that is deleted: its memberships end.
	DeleteGroup(ctx context.Context, old, next Group) error

	// Memberships are those of people who answer, in groups that are not deleted.
	Memberships(ctx context.Context, a AccountID, f MembershipFilter, r Range) (Page[Membership], error)
	Membership(ctx context.Context, a AccountID, id int64) (Membership, error)
	GroupsOf(ctx context.Context, a AccountID, of UserID, r Range) (Page[Group], error)
	// DefaultGroup is zero for whoever has none.
	DefaultGroup(ctx context.Context, a AccountID, of UserID) (GroupID, error)
	// AddMembership makes it the user's default one where they have none. One that
	// is there is an ErrConflict.
	AddMembership(ctx context.Context, m Membership) (Membership, error)
	// MakeDefault makes it the user's default one, and no other.
	MakeDefault(ctx context.Context, m Membership, now time.Time) error
	// DeleteMembership makes the eldest one that is left the default one, where that goes.
	DeleteMembership(ctx context.Context, m Membership) error

	// PlantFields gives an account its first fields, numbered in their order, and
	// returns how many. An account that ever had one gets none.
	PlantFields(ctx context.Context, a AccountID, fields []Field) (added int, err error)
	// Fields are those that the account added, in the order of their numbers.
	Fields(ctx context.Context, a AccountID) ([]Field, error)
	// AddField adds a field under the account's next number.
	AddField(ctx context.Context, f Field) (Field, error)
	// ChangeField swaps a field of old.Version.
	ChangeField(ctx context.Context, old, next Field) error
	// DeleteField deletes a field of its version.
	DeleteField(ctx context.Context, f Field) error

	Comments(ctx context.Context, t Ticket, publicOnly bool, r Range) (Page[Comment], error)
	Audits(ctx context.Context, t Ticket, r Range) (Page[Audit], error)
	Audit(ctx context.Context, t Ticket, id int64) (Audit, error)

	Upload(ctx context.Context, a AccountID, token secret.Digest) (Upload, error)
	AddUpload(ctx context.Context, u Upload, file Attachment) (Upload, error)
	// ExtendUpload adds a file to an upload that is still there.
	ExtendUpload(ctx context.Context, u Upload, file Attachment) (Attachment, error)
	DeleteUpload(ctx context.Context, u Upload) error
	Attachment(ctx context.Context, a AccountID, id int64) (Attachment, error)
	AttachmentByToken(ctx context.Context, a AccountID, token string) (Attachment, error)

	// ExpireUploads deletes up to limit uploads that expired before a time.
	ExpireUploads(ctx context.Context, before time.Time, limit int) (int, error)
	// Forsaken returns attachments that lost what they belonged to.
	Forsaken(ctx context.Context, limit int) ([]Attachment, error)
	// Forget deletes an attachment that is forsaken.
	Forget(ctx context.Context, a Attachment) error
}

// Filter tells which tickets of an account a list has; its zero value: all.
type Filter struct {
	Requester  UserID
	Assignee   UserID
	Group      GroupID
	ExternalID string
	PublicOnly bool // not those that are internal as a whole
}
