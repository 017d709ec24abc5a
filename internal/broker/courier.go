package broker

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// Courier carries what the holders of passes send to Zendesk, and back only whether it
// arrived.
//
//	Begin ──► Pass.Use ──► BeginSending                 a use is taken
//	  │
//	Send ───► Pass.Accept ──► BeginFile ──► POST /uploads, streamed ──► KeepFile   any number
//	  │                        bytes taken                 └── failed ──► DropFile: given back
//	  │
//	Finish ─► Sending.finish ──► finishing, written down ──► PUT ticket: one comment
//	  │                              │ answered no ──► open again, and may be finished later
//	  │                              └ no answer ────► in doubt
//	Discard ► ReturnSending ──► the uploads are deleted    the use is given back
type Courier struct {
	Broker *Broker
	Calls  http.RoundTripper // the way to Zendesk, without a bound on whole requests

	mu        sync.Mutex
	carried   map[PassID]int // files under way
	begun     map[PassID]int // files of the minute that began at minute
	minute    time.Time      // machine time
	refused   map[string]time.Time
	strangers int // refusals without a pass that were noted since
	since     time.Time
}

// carriedMost bounds how many files of one pass this process carries at a time.
const carriedMost = 4

// begunMost bounds how many files of one pass this process begins in a minute. What is
// given up gives its use back; without a bound a holder could spend the requests that
// Zendesk grants the whole account, for nothing.
const begunMost = 60

// courierTries bounds how often another may come between a decision and its step.
const courierTries = 50

// Begin takes a use of the pass. The error may be *PassRefused.
func (c *Courier) Begin(ctx context.Context, id PassID, address string) (Sending, error) {
	b := c.Broker
	for range courierTries {
		p, err := b.Store.Pass(ctx, id)
		if err != nil {
			return Sending{}, err
		}
		now := b.now()
		next, err := p.Use(now)
		if err != nil {
			return Sending{}, err
		}
		s, err := b.Store.BeginSending(ctx, next, Sending{Pass: id, State: SendingOpen, Began: now, Moved: now, Address: address})
		if !errors.Is(err, ErrConflict) {
			return s, err
		}
	}
	return Sending{}, ErrConflict
}

// Send carries a file into an open sending. Size is -1 where it is not known; no more
// than the pass allows is read. The error may be *PassRefused or *Undelivered; the
// file then counts for nothing.
func (c *Courier) Send(ctx context.Context, id PassID, sending SendingID, name string, size int64, body io.Reader) (SentFile, error) {
	if !c.enter(id) {
		return SentFile{}, &PassRefused{id, TooManyNow}
	}
	defer c.leave(id)
	in := Incoming{Name: CleanFileName(name), Size: size}
	read := bufio.NewReaderSize(body, 32<<10)
	var err error
	if in.Head, err = read.Peek(headMost); err != nil && !errors.Is(err, io.EOF) {
		return SentFile{}, &PassRefused{id, BrokeOff}
	}
	in.Head = append([]byte(nil), in.Head...) // what is read next takes its place
	p, f, err := c.accept(ctx, id, sending, in)
	if err != nil {
		return SentFile{}, err
	}
	taken := f.Bytes
	bounded := &bounded{from: read, most: taken, tooLong: p.tooLong(taken)}
	token, expires, err := c.upload(ctx, p, in, bounded)
	if err == nil && size >= 0 && bounded.n != size {
		err = p.refuse(BrokeOff)
	}
	if err == nil {
		f.Bytes, f.Expires = bounded.n, expires
		if f.Token, err = c.Broker.seal(ctx, token, f.place()); err == nil {
			err = insist(ctx, func(ctx context.Context) error { return c.Broker.Store.KeepFile(ctx, id, f, taken) })
		}
		if err != nil { // the sending was given up meanwhile
			c.deleteUpload(ctx, p, token)
		}
		if errors.Is(err, ErrConflict) {
			return f, p.refuse(SendingOver)
		}
		return f, err
	}
	gone := insist(ctx, func(ctx context.Context) error { return c.Broker.Store.DropFile(ctx, id, f) })
	if errors.Is(gone, ErrConflict) {
		gone = nil
	}
	if bounded.failed != nil { // what the holder sent is why, not Zendesk
		err = bounded.failed
	}
	return f, errors.Join(err, gone)
}

// accept takes the bytes of a file.
func (c *Courier) accept(ctx context.Context, id PassID, sending SendingID, in Incoming) (Pass, SentFile, error) {
	b := c.Broker
	for range courierTries {
		p, err := b.Store.Pass(ctx, id)
		if err != nil {
			return p, SentFile{}, err
		}
		s, err := b.Store.Sending(ctx, id, sending)
		if errors.Is(err, ErrNotFound) {
			return p, SentFile{}, p.refuse(SendingOver)
		} else if err != nil {
			return p, SentFile{}, err
		}
		now := b.now()
		if err := s.takes(p, now); err != nil {
			return p, SentFile{}, err
		}
		next, most, err := p.Accept(now, in)
		if err != nil {
			return p, SentFile{}, err
		}
		f, err := b.Store.BeginFile(ctx, next, SentFile{Sending: sending, Name: in.Name, Bytes: most})
		if !errors.Is(err, ErrConflict) {
			return p, f, err
		}
	}
	return Pass{}, SentFile{}, ErrConflict
}

// Finish ends a sending in one comment, at which its files stand. The error may be
// *PassRefused or *Undelivered; after the latter the sending may be finished later,
// with the files that are there, unless it is in doubt.
func (c *Courier) Finish(ctx context.Context, id PassID, sending SendingID, text string) (Sending, error) {
	b := c.Broker
	p, err := b.Store.Pass(ctx, id)
	if err != nil {
		return Sending{}, err
	}
	s, err := b.Store.Sending(ctx, id, sending)
	if errors.Is(err, ErrNotFound) {
		return s, p.refuse(SendingOver)
	} else if err != nil {
		return s, err
	}
	text = CleanText(text)
	now := b.now()
	if err := s.finish(p, text, now); err != nil {
		return s, err
	}
	s = s.moved(SendingFinishing, now)
	if err := b.Store.MoveSending(ctx, s, SendingOpen, Event{}); errors.Is(err, ErrConflict) {
		return s, p.refuse(SendingOver)
	} else if err != nil {
		return s, err
	}
	// Whether it arrives is not for a browser that leaves to decide.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commentTime)
	defer cancel()
	ctx, ended := b.began(ctx, Work{Kind: PassUse, Connection: p.Connection, Account: p.Account, Pass: id})
	failed := c.comment(ctx, p, s, text)
	ended(sendingEnded(failed))
	return c.settle(ctx, p, s, text != "", failed)
}

// commentTime bounds a comment's request.
const commentTime = time.Minute

// settle writes down what came of a comment.
func (c *Courier) settle(ctx context.Context, p Pass, s Sending, wrote bool, failed error) (Sending, error) {
	now := c.Broker.now()
	var event Event
	var u *Undelivered
	switch {
	case failed == nil:
		s = s.moved(SendingSent, now)
		event = p.used(s, wrote, PassUsed, now, "")
	case errors.As(failed, &u) && u.Obstacle == ZendeskSilent:
		s = s.moved(SendingInDoubt, now)
		event = p.used(s, wrote, PassUsed, now, "in doubt")
	default:
		s = s.moved(SendingOpen, now)
	}
	err := insist(ctx, func(ctx context.Context) error {
		return c.Broker.Store.MoveSending(ctx, s, SendingFinishing, event)
	})
	return s, errors.Join(failed, err)
}

// Discard gives up a sending that is open, and gives the use back. What Zendesk has of
// it is deleted there. The error may be *PassRefused.
func (c *Courier) Discard(ctx context.Context, id PassID, sending SendingID) error {
	b := c.Broker
	p, err := b.Store.Pass(ctx, id)
	if err != nil {
		return err
	}
	s, err := b.Store.Sending(ctx, id, sending)
	if errors.Is(err, ErrNotFound) {
		return p.refuse(SendingOver)
	} else if err != nil {
		return err
	}
	if s.Shown(b.now()) != SendingOpen {
		return p.refuse(SendingOver)
	}
	if err := b.Store.ReturnSending(ctx, s); errors.Is(err, ErrConflict) {
		return p.refuse(SendingOver)
	} else if err != nil {
		return err
	}
	for _, f := range s.Arrived() {
		if token, err := b.open(ctx, f.Token, f.place()); err == nil {
			c.deleteUpload(ctx, p, token)
		}
	}
	return nil
}

// Refused notes in the audit trail that something was refused, by whom, at most once a
// minute for each pass, or address where there is no pass. Of the latter, which anybody
// can bring about, only so many are noted in all.
func (c *Courier) Refused(ctx context.Context, p Pass, refusal *PassRefused, address string) error {
	_, ended := c.Broker.began(ctx, Work{Kind: PassUse, Connection: p.Connection, Account: p.Account, Pass: p.ID})
	ended(sendingEnded(refusal))
	key := block(address)
	if p.ID != 0 {
		key = "pass " + p.number()
	}
	if !c.first(key, p.ID == 0) {
		return nil
	}
	said := string(refusal.Why) + ", from " + address
	if p.ID != 0 {
		said = "pass " + p.number() + ": " + said
	}
	return c.Broker.Store.AddEvent(ctx, p.event(PassDenied, c.Broker.now(), said))
}

// refusedEvery is how often a refusal of the same is worth an event; machine time.
const (
	refusedEvery = time.Minute
	refusedKept  = 1000 // passes and addresses a minute

	// strangersMost bounds the events that those make who have no pass, in strangersIn.
	strangersMost = 60
	strangersIn   = time.Hour
)

// first tells whether nothing was refused of the same for a while.
func (c *Courier) first(key string, stranger bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if last, there := c.refused[key]; there && now.Sub(last) < refusedEvery {
		return false
	}
	if stranger && !c.notable(now) { // nor do they take the place of those who have one
		return false
	}
	if len(c.refused) >= refusedKept {
		for k, at := range c.refused {
			if now.Sub(at) >= refusedEvery {
				delete(c.refused, k)
			}
		}
		if len(c.refused) >= refusedKept {
			return false
		}
	}
	if c.refused == nil {
		c.refused = map[string]time.Time{}
	}
	c.refused[key] = now
	return true
}

// notable takes one of the places of strangers in the audit trail.
func (c *Courier) notable(now time.Time) bool {
	if now.Sub(c.since) >= strangersIn {
		c.since, c.strangers = now, 0
	}
	if c.strangers >= strangersMost {
		return false
	}
	c.strangers++
	return true
}

// enter takes one of the places of a pass.
func (c *Courier) enter(id PassID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); c.begun == nil || now.Sub(c.minute) >= time.Minute {
		c.minute, c.begun = now, map[PassID]int{}
	}
	if c.carried[id] >= carriedMost || c.begun[id] >= begunMost {
		return false
	}
	if c.carried == nil {
		c.carried = map[PassID]int{}
	}
	c.carried[id]++
	c.begun[id]++
	return true
}

func (c *Courier) leave(id PassID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.carried[id]--; c.carried[id] == 0 {
		delete(c.carried, id)
	}
}

// bounded reads no more than most bytes of a file, and fails when there are more: what
// is sent on then breaks off, and Zendesk keeps nothing of it.
type bounded struct {
	from    io.Reader
	most    int64
	n       int64
	tooLong error
	failed  error // why it could not be read
}

func (r *bounded) Read(p []byte) (int, error) {
	if r.failed != nil {
		return 0, r.failed
	}
	n, err := r.from.Read(p)
	r.n += int64(n)
	switch {
	case r.n > r.most:
		r.failed = r.tooLong
		return 0, r.failed
	case err != nil && !errors.Is(err, io.EOF):
		r.failed = &PassRefused{Why: BrokeOff}
		return n, r.failed
	}
	return n, err
}
