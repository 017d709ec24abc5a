package broker

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
)

// PassID is the number of a pass.
type PassID int64

// PassAction is what the holder of a pass may do to its ticket.
type PassAction string

// The actions.
const (
	Upload  PassAction = "upload"  // send files, which stand at a comment
	Comment PassAction = "comment" // write in that comment
)

// Actions are all of them.
func Actions() []PassAction { return []PassAction{Upload, Comment} }

// Pass lets whoever holds its secret do one thing to one ticket, through one
// connection: no more often, no larger and no later than it says. Its secret is
// stored as a digest and shown once.
type Pass struct {
	ID         PassID
	Digest     secret.Digest
	Name       string // for those who hand it out, and for the readers of the ticket; may be empty
	Connection ConnectionID
	Account    string
	Ticket     int64
	Can        []PassAction
	Public     bool     // whether its comments are public
	Types      []string // ".log", "image/*", "image/png"; none: any
	FileMost   int64    // bytes of a file
	BytesMost  int64    // of all files together
	UsesMost   int      // how many sendings

	Bytes   int64 // of files that are at Zendesk, or on their way there
	Uses    int
	Version int64

	Maker   Actor
	Created time.Time
	Expires time.Time
	Revoked time.Time // zero = not
	Used    time.Time // its last sending began; zero = none did
}

// Bounds of a pass.
const (
	PassFileMost  = 50_000_000    // bytes; Zendesk takes files of up to 50 MB
	PassBytesMost = 1_000_000_000 // bytes
	PassUsesMost  = 1000
	PassLifeMost  = 90 * 24 * time.Hour
	PassLife      = 7 * 24 * time.Hour // where nothing else is said

	passNameMost = 100 // bytes
	passUses     = 10  // where nothing else is said
	passTypeMost = 32
)

// Why says in a word why a pass was refused. The holder's page has a text for each.
type Why string

// The reasons. PassUnknown is the one answer to a secret that is no pass's.
const (
	PassUnknown  Why = "unknown"
	PassExpired  Why = "expired"
	PassUsedUp   Why = "used_up"
	PassRevoked  Why = "revoked"
	NotAllowed   Why = "not_allowed" // not one of its actions
	WrongType    Why = "type"        // not one of its types of file
	FileTooLarge Why = "file_too_large"
	FilesTooMany Why = "too_many_files" // in one sending
	BytesUsedUp  Why = "bytes_used_up"  // all files together would be too large
	FileEmpty    Why = "file_empty"
	NothingSent  Why = "nothing" // neither a file nor a word
	TextTooLong  Why = "text_too_long"
	TooManyNow   Why = "too_many_now" // files at a time
	SendingOver  Why = "sending_over" // it was finished, or given up
	OtherPass    Why = "other_pass"   // the browser has come to have another since the page was opened
	BrokeOff     Why = "broke_off"    // the holder's file did not come in whole
)

// Whys are all of them, for tests and pages.
func Whys() []Why {
	return []Why{
		PassUnknown, PassExpired, PassUsedUp, PassRevoked, NotAllowed, WrongType, FileTooLarge, FilesTooMany,
		BytesUsedUp, FileEmpty, NothingSent, TextTooLong, TooManyNow, SendingOver, OtherPass, BrokeOff,
	}
}

// PassRefused says why the holder of a pass may not do what was asked.
type PassRefused struct {
	Pass PassID // 0: of no pass
	Why  Why
}

func (e *PassRefused) Error() string {
	if e.Pass == 0 {
		return "no pass: " + string(e.Why)
	}
	return fmt.Sprintf("pass %d: %s", e.Pass, e.Why)
}

func (p Pass) refuse(w Why) error { return &PassRefused{p.ID, w} }

// Allows tells whether an action is the pass's.
func (p Pass) Allows(a PassAction) bool { return slices.Contains(p.Can, a) }

// Left is how many bytes may still be sent.
func (p Pass) Left() int64 { return max(p.BytesMost-p.Bytes, 0) }

// UsesLeft is how many sendings may still begin.
func (p Pass) UsesLeft() int { return max(p.UsesMost-p.Uses, 0) }

// Good decides whether anything may begin by the pass; the error is *PassRefused.
func (p Pass) Good(now time.Time) error {
	switch {
	case !p.Revoked.IsZero():
		return p.refuse(PassRevoked)
	case !now.Before(p.Expires):
		return p.refuse(PassExpired)
	case p.Uses >= p.UsesMost:
		return p.refuse(PassUsedUp)
	}
	return nil
}

// PassState is how a pass stands.
type PassState string

// The states. Of those that fit it is the last.
const (
	GoodPass    PassState = "good"
	UsedUpPass  PassState = "used_up"
	ExpiredPass PassState = "expired"
	RevokedPass PassState = "revoked"
)

// PassStates are all of them.
func PassStates() []PassState { return []PassState{GoodPass, UsedUpPass, ExpiredPass, RevokedPass} }

// State is how the pass stands.
func (p Pass) State(now time.Time) PassState {
	if refused := (*PassRefused)(nil); errors.As(p.Good(now), &refused) {
		return PassState(refused.Why)
	}
	return GoodPass
}

// Words is what the pass is found by.
func (p Pass) Words() string {
	return strings.ToLower(p.Name + " " + p.Account + " " + strconv.FormatInt(p.Ticket, 10))
}

// Ended decides whether the pass is over for good, even for what began by it.
func (p Pass) ended(now time.Time) error {
	err := p.Good(now)
	if err != nil && err.(*PassRefused).Why == PassUsedUp { //nolint:errorlint,forcetypeassert // Good returns no other
		return nil
	}
	return err
}

// Use is the pass with one more use taken, for a sending that begins now.
func (p Pass) Use(now time.Time) (Pass, error) {
	if err := p.Good(now); err != nil {
		return p, err
	}
	p.Uses++
	p.Version++
	p.Used = now
	return p, nil
}

// Incoming is a file that a holder sends, as far as it is known before it is read.
type Incoming struct {
	Name string // clean: CleanFileName's
	Size int64  // -1: not known
	Head []byte // its beginning, headMost bytes or all of it
}

// headMost is how much of a file is looked at to see what it is.
const headMost = 512

// Accept decides whether a file may come, and returns the pass with the file's bytes
// taken, and how many they are: no more of it is let through. Of a file whose size is
// not known all that is left is taken, until it is there.
func (p Pass) Accept(now time.Time, f Incoming) (next Pass, most int64, err error) {
	if err := p.ended(now); err != nil {
		return p, 0, err
	}
	most = f.Size
	if f.Size < 0 {
		most = min(p.FileMost, p.Left())
	}
	switch {
	case !p.Allows(Upload):
		return p, 0, p.refuse(NotAllowed)
	case len(f.Head) == 0:
		return p, 0, p.refuse(FileEmpty)
	case !typesTake(p.Types, f):
		return p, 0, p.refuse(WrongType)
	case most > p.FileMost:
		return p, 0, p.refuse(FileTooLarge)
	case most > p.Left() || p.Left() == 0:
		return p, 0, p.refuse(BytesUsedUp)
	}
	p.Bytes += most
	p.Version++
	return p, most, nil
}

// tooLong is why no more than most bytes of a file were let through.
func (p Pass) tooLong(most int64) error {
	if most < p.FileMost {
		return p.refuse(BytesUsedUp)
	}
	return p.refuse(FileTooLarge)
}
