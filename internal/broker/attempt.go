package broker

import (
	"errors"
	"net/http"
	"time"

	"github.com/deskauth/deskauth/oauth"
)

// AttemptID is the number of an attempt.
type AttemptID int64

// Outcome says how an attempt ended.
type Outcome string

// The outcomes. Unanswered is the one that matters later: Zendesk may have
// replaced the tokens, and nobody here knows them.
const (
	Open       Outcome = "open"       // written down, perhaps sent
	Answered   Outcome = "answered"   // a new pair came and was stored
	Unanswered Outcome = "unanswered" // sent, and no answer that makes sense came
	Refused    Outcome = "refused"    // answered with a refusal: nothing was replaced
	Unsent     Outcome = "unsent"     // no byte left this machine
)

// Attempt is one refresh request. It is stored before it is sent, so that a crash
// cannot hide it.
type Attempt struct {
	ID         AttemptID
	Connection ConnectionID
	Generation int64 // of the refresh token that it presents
	Number     int   // first, second, … on this generation; given by the store
	Owner      string
	Forced     bool
	SentAt     time.Time
	Outcome    Outcome
	Error      string // code or kind of what went wrong, never a body
	ClosedAt   time.Time
}

// Result sorts what came back from the token endpoint by what it means for the
// tokens.
type Result string

// The results.
const (
	Renewed        Result = "renewed"
	GrantRefused   Result = "invalid_grant"
	ClientRejected Result = "invalid_client" // or unauthorized_client
	ScopeRefused   Result = "invalid_scope"
	Busy           Result = "busy"     // 429: surely nothing happened
	Failed         Result = "failed"   // 5xx and other answers without sense: perhaps something happened
	NotSent        Result = "not_sent" // nothing happened
	Lost           Result = "lost"     // sent, no answer, or a success that cannot be read
)

// Results are all of them, for those who count.
func Results() []Result {
	return []Result{Renewed, GrantRefused, ClientRejected, ScopeRefused, Busy, Failed, NotSent, Lost}
}

// Reply is what came back from the token endpoint.
type Reply struct {
	Result     Result
	Token      oauth.TokenResponse
	RetryAfter time.Duration
	Err        error
}

// ReadReply sorts the answer of oauth.Exchange.
func ReadReply(t oauth.TokenResponse, err error) Reply {
	if err == nil {
		return Reply{Result: Renewed, Token: t}
	}
	r := Reply{Result: Failed, Err: err}
	var remote *oauth.RemoteError
	if errors.As(err, &remote) {
		r.RetryAfter = remote.RetryAfter
	}
	switch code := oauth.ErrorCode(err); code {
	case oauth.InvalidGrant:
		r.Result = GrantRefused
	case oauth.InvalidClient, oauth.UnauthorizedClient:
		r.Result = ClientRejected
	case oauth.InvalidScope:
		r.Result = ScopeRefused
	case "":
		r.Result = remoteResult(remote)
	}
	return r
}

// remoteResult sorts an answer that is no OAuth error. An error that is not the
// exchange's own counts as lost: it is the cautious guess.
func remoteResult(e *oauth.RemoteError) Result {
	switch {
	case e == nil:
		return Lost
	case e.Status == 0 && !e.Sent:
		return NotSent
	case e.Status < 300: // no answer at all, or a success that cannot be read
		return Lost
	case e.Status == http.StatusTooManyRequests:
		return Busy
	}
	return Failed
}

// Outcome is what the attempt is closed with.
func (r Reply) Outcome() Outcome {
	switch r.Result {
	case Renewed:
		return Answered
	case Lost, Failed:
		return Unanswered
	case NotSent:
		return Unsent
	}
	return Refused
}

// Action is what to do after a reply.
type Action string

// The actions.
const (
	Keep       Action = "keep"        // store the new pair
	Again      Action = "again"       // one more attempt with the same token
	NextSecret Action = "next_secret" // the same with the client's next secret
	AwaitOther Action = "await_other" // another's attempt is open: its answer decides
	Wait       Action = "wait"        // leave the connection as it is, try later
	Name       Action = "name"        // say what is lost
)

// Verdict is what a reply means for its connection.
type Verdict struct {
	Action Action
	State  State // for Name
	Reason Reason
	Wait   time.Duration // for Wait
}

// Situation is what else a verdict depends on.
type Situation struct {
	Others      []Attempt // the other attempts on this generation, own earlier ones included
	MoreSecrets bool      // the client has a secret that was not tried yet
	SentAgain   bool      // the one more attempt was made
	Waited      bool      // the open attempts of others were waited for
}

func (s Situation) any(o Outcome) bool {
	for _, a := range s.Others {
		if a.Outcome == o {
			return true
		}
	}
	return false
}

// Judge decides what a reply means (design §6.6 to §6.8). A refused grant condemns
// a connection only when no other attempt can explain the refusal: its token may be
// refused because somebody used it, whose answer is on its way, or was lost.
func (c Connection) Judge(r Reply, s Situation) Verdict {
	switch r.Result {
	case Renewed:
		return Verdict{Action: Keep}
	case GrantRefused:
		switch {
		case c.unspent():
			return Verdict{Action: Name, State: Reauthorize, Reason: RefreshRefused}
		case s.any(Open) && !s.Waited:
			return Verdict{Action: AwaitOther, Reason: AnotherTries}
		case s.any(Open), s.any(Unanswered):
			return Verdict{Action: Name, State: InDoubt, Reason: AnswerLost}
		}
		return Verdict{Action: Name, State: Reauthorize, Reason: RefreshRefused}
	case ScopeRefused:
		return Verdict{Action: Name, State: Reauthorize, Reason: ScopeGone}
	case ClientRejected:
		if s.MoreSecrets {
			return Verdict{Action: NextSecret}
		}
		return Verdict{Action: Wait, Reason: CredentialsWrong, Wait: c.BackOff(r.RetryAfter)}
	case Lost:
		if !s.SentAgain {
			return Verdict{Action: Again}
		}
		return Verdict{Action: Wait, Reason: AnswerLost, Wait: c.BackOff(r.RetryAfter)}
	case NotSent:
		return Verdict{Action: Wait, Reason: NotReached, Wait: c.BackOff(r.RetryAfter)}
	}
	return Verdict{Action: Wait, Reason: ToldToWait, Wait: c.BackOff(r.RetryAfter)}
}
