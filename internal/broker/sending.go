package broker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// SendingID is the number of a sending.
type SendingID int64

// SendingState says how far a sending came.
type SendingState string

// The states. A sending is written down as finishing before its comment goes out: one
// that a crash left there may have arrived.
const (
	SendingOpen      SendingState = "open"      // files may come
	SendingFinishing SendingState = "finishing" // its comment is on its way
	SendingSent      SendingState = "sent"      // Zendesk has it
	SendingInDoubt   SendingState = "in_doubt"  // Zendesk's answer was lost
	SendingLapsed    SendingState = "lapsed"    // begun, and not finished in time
)

// Sending is one use of a pass: files, and the comment at which they come to stand.
type Sending struct {
	ID      SendingID
	Pass    PassID
	State   SendingState
	Began   time.Time
	Moved   time.Time // when it came to its state
	Address string    // the holder's
	Files   []SentFile
}

// SentFile is a file of a sending.
type SentFile struct {
	ID      int64
	Sending SendingID
	Name    string
	Bytes   int64  // taken from the pass's; of a file that arrived, its size
	Token   Sealed // the upload's at Zendesk; absent until it is there
	Expires time.Time
}

// Arrived tells whether Zendesk has the file.
func (f SentFile) Arrived() bool { return !f.Token.IsZero() }

func (f SentFile) place() string { return fmt.Sprintf("broker_sending_files/%d/token", f.ID) }

// Bounds of a sending.
const (
	sendingFilesMost = 20
	sendingTextMost  = 16 << 10 // bytes

	// sendingLife is how long a sending may stay open: Zendesk keeps an upload that no
	// comment has named for an hour (facts §7.3).
	sendingLife = time.Hour

	// finishingLife is how long a comment may be under way, by far.
	finishingLife = 10 * time.Minute
)

// Arrived are the files that Zendesk has.
func (s Sending) Arrived() (all []SentFile) {
	for _, f := range s.Files {
		if f.Arrived() {
			all = append(all, f)
		}
	}
	return all
}

// Shown is the state for people, which a crash may have left behind.
func (s Sending) Shown(now time.Time) SendingState {
	switch {
	case s.State == SendingFinishing && !now.Before(s.Moved.Add(finishingLife)):
		return SendingInDoubt
	case s.State == SendingOpen && !now.Before(s.Began.Add(sendingLife)):
		return SendingLapsed
	}
	return s.State
}

// takes decides whether another file may come.
func (s Sending) takes(p Pass, now time.Time) error {
	switch {
	case s.Shown(now) != SendingOpen:
		return p.refuse(SendingOver)
	case len(s.Files) >= sendingFilesMost:
		return p.refuse(FilesTooMany)
	}
	return nil
}

// finish decides whether the sending may end in a comment with this text. What began
// in time may be finished, though the pass expired since.
func (s Sending) finish(p Pass, text string, now time.Time) error {
	switch {
	case !p.Revoked.IsZero():
		return p.refuse(PassRevoked)
	case s.Shown(now) != SendingOpen:
		return p.refuse(SendingOver)
	case text != "" && !p.Allows(Comment):
		return p.refuse(NotAllowed)
	case len(text) > sendingTextMost:
		return p.refuse(TextTooLong)
	case text == "" && len(s.Arrived()) == 0:
		return p.refuse(NothingSent)
	}
	return nil
}

// moved is the sending in another state.
func (s Sending) moved(to SendingState, now time.Time) Sending {
	s.State, s.Moved = to, now
	return s
}

// CleanText is what a holder wrote, as it stands in a comment.
func CleanText(text string) string {
	return strings.TrimSpace(readable(strings.ReplaceAll(text, "\r\n", "\n"), "\n\t"))
}

// comment is the text of the comment: what the holder wrote, below whose words they
// are. Readers of the ticket see the connection's user as its author.
func (p Pass) comment(text string) string {
	said := fmt.Sprintf("Sent by the holder of pass %d", p.ID)
	if p.Name != "" {
		said += " (" + p.Name + ")"
	}
	said += "."
	if text != "" {
		said += "\n\n" + text
	}
	return withoutPlaceholders(said)
}

// withoutPlaceholders takes pairs of braces apart. In what an agent writes, Zendesk puts
// data of the ticket and its people where a placeholder such as {{ticket.title}} stands:
// the connection's user may be one, and the holder must not have it filled in.
func withoutPlaceholders(text string) string {
	var out strings.Builder
	before := rune(0)
	for _, r := range text {
		if before == '{' && (r == '{' || r == '%') {
			out.WriteByte(' ')
		}
		out.WriteRune(r)
		before = r
	}
	return out.String()
}

// used tells the audit trail what a sending was. The names of files are the holder's
// own words, and so are bounded.
func (p Pass) used(s Sending, commented bool, kind EventKind, now time.Time, how string) Event {
	var what []string
	for _, f := range s.Arrived() {
		what = append(what, fmt.Sprintf("%q (%d bytes)", f.Name, f.Bytes))
	}
	if commented {
		what = append(what, "a comment")
	}
	said := fmt.Sprintf("pass %d, ticket %d, from %s", p.ID, p.Ticket, s.Address)
	if how != "" {
		said += ", " + how
	}
	if len(what) > 0 {
		said += ": " + strings.Join(what, ", ")
	}
	return p.event(kind, now, said)
}

// eventDetailMost bounds what an event says, in bytes.
const eventDetailMost = 1000

// event is one of the holder's, where nobody else is named.
func (p Pass) event(kind EventKind, now time.Time, said string) Event {
	return Event{
		At: now, Kind: kind, By: p.Holder(), Account: p.Account, Connection: p.Connection, Pass: p.ID,
		Detail: clipped(said, eventDetailMost),
	}
}

// closeSendings writes down what became of sendings that nobody finished. Their use
// stays counted: some of it reached Zendesk, or may have.
func (b *Broker) closeSendings(ctx context.Context, now time.Time) error {
	all, err := b.Store.Unfinished(ctx, now.Add(-finishingLife), pruneMost)
	if err != nil {
		return err
	}
	for _, s := range all {
		p, err := b.Store.Pass(ctx, s.Pass)
		to := s.Shown(now)
		if errors.Is(err, ErrNotFound) || err == nil && to == s.State {
			continue
		} else if err != nil {
			return err
		}
		how := "not finished in time"
		if to == SendingInDoubt {
			how = "in doubt: its answer is not known"
		}
		err = b.Store.MoveSending(ctx, s.moved(to, now), s.State, p.used(s, false, PassUsed, now, how))
		if err != nil && !errors.Is(err, ErrConflict) { // it was finished just now, or another replica was faster
			return err
		}
	}
	return nil
}
