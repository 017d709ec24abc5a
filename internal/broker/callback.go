package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// Arrival is what a callback came to.
type Arrival struct {
	Connection Connection // the zero Connection when the flow's purpose was another
	Flow       Flow
	Program    string       // that waited for it, and was allowed; "": none
	Session    secret.Plain // of whoever signed in; the absent one otherwise, and when it has arrived before
	Left       error        // why tokens that have served could not be ended yet, for the log
	// Again tells that this sign-in has arrived elsewhere: a page was loaded again,
	// before or at the same time. It must not sign anybody in a second time.
	Again bool
}

// Callback ends a sign-in with what Zendesk sent back through the browser. The
// error is *Failure for whatever can be told to the person.
//
// State is spent once. The code is exchanged even if the browser leaves, because
// its tokens would be nowhere else; and they are stored before anything is done
// with them.
func (b *Broker) Callback(ctx context.Context, query url.Values, browser secret.Plain) (Arrival, error) {
	answer, malformed := oauth.DecodeAuthorizeResponse(query)
	flow, err := b.Store.Flow(ctx, secret.Of(answer.State).Digest())
	if errors.Is(err, ErrNotFound) {
		return Arrival{}, &Failure{Kind: StateExpired}
	} else if err != nil {
		return Arrival{}, err
	}
	switch kind := flow.Accept(b.now(), browser); {
	case kind == WrongBrowser:
		return Arrival{}, &Failure{Kind: kind} // and not a word about whose it is
	case kind == StateExpired:
		return Arrival{}, flow.failure(kind, nil)
	case kind == "" && malformed != nil:
		return Arrival{}, flow.failure(AnsweredWrongly, malformed)
	}
	arrival, first, err := fly(ctx, b, fmt.Sprintf("flow/%d", flow.ID), b.Timing.Flight, func(ctx context.Context) (Arrival, error) {
		arrival, err := b.finish(ctx, flow, answer)
		if err != nil {
			return arrival, b.deviceDenied(ctx, flow, err)
		}
		if flow.Link != 0 && !arrival.Again { // for the list; the link is spent already
			err = b.Store.LinkCame(ctx, flow.Link, arrival.Connection.ID)
		}
		if err != nil {
			return Arrival{}, err
		}
		return b.deviceArrives(ctx, arrival)
	})
	arrival.Again = arrival.Again || !first
	return arrival, err
}

// Result is what became of a sign-in, for the browser that began it.
func (b *Broker) Result(ctx context.Context, id FlowID, browser secret.Plain) (Arrival, error) {
	flow, err := b.Store.FlowByID(ctx, id)
	if err != nil {
		return Arrival{}, err
	}
	if flow.Purpose == SigningIn || flow.Accept(b.now(), browser) != StateUsed {
		return Arrival{}, ErrNotFound
	}
	arrival, err := b.arrived(ctx, flow)
	if err != nil || flow.Device == 0 {
		return arrival, err
	}
	d, err := b.Store.Device(ctx, flow.Device)
	switch {
	case err == nil && d.Connection == arrival.Connection.ID:
		arrival.Program = d.Program
	case err == nil || errors.Is(err, ErrNotFound):
		return Arrival{}, flow.failure(DeviceOver, nil)
	}
	return arrival, err
}

func (f Flow) failure(kind Kind, err error) *Failure {
	return &Failure{
		Kind: kind, Purpose: f.Purpose, Account: f.Account, ReturnTo: f.ReturnTo,
		Device: f.Device, Link: f.Link, Answer: answer(err), Err: err,
	}
}

// finish spends the flow, whatever Zendesk said.
func (b *Broker) finish(ctx context.Context, f Flow, answer oauth.AuthorizeResponse) (Arrival, error) {
	var arrival Arrival
	over, err := b.overtaken(ctx, f)
	if err != nil {
		return Arrival{}, err
	}
	served, err := b.serves(ctx, f)
	switch {
	case err != nil:
		return Arrival{}, err
	case !f.Spent.IsZero():
		return b.arrived(ctx, f)
	case !served: // not any more: no code and no secret goes there
		err = b.spend(ctx, f, NotServed, nil)
	case answer.Error != "":
		refused := &oauth.Error{Code: oauth.Code(answer.Error), Description: answer.ErrorDescription}
		err = b.spend(ctx, f, refusal(refused.Code), refused)
	case answer.Code == "":
		err = b.spend(ctx, f, AnsweredWrongly, errors.New("the callback has neither a code nor an error"))
	case over != "":
		err = b.spend(ctx, f, over, nil)
	default:
		arrival, err = b.redeem(ctx, f, secret.Of(answer.Code))
	}
	if errors.Is(err, ErrConflict) { // the same callback was faster, elsewhere
		if f, err = b.Store.FlowByID(ctx, f.ID); err != nil {
			return Arrival{}, err
		}
		return b.arrived(ctx, f)
	}
	return arrival, err
}

// overtaken tells why a flow need not be finished any more: what it was for is over.
func (b *Broker) overtaken(ctx context.Context, f Flow) (Kind, error) {
	if waits, err := b.deviceWaits(ctx, f); err != nil || !waits {
		return DeviceOver, err
	}
	if waits, err := b.linkWaits(ctx, f); err != nil || !waits {
		return LinkOver, err
	}
	return "", nil
}

// refusal is what an error code at the authorization endpoint means to a person
// (RFC 6749 §4.1.2.1).
func refusal(code oauth.Code) Kind {
	switch code {
	case oauth.AccessDenied:
		return Denied
	case oauth.InvalidScope:
		return ScopeNotAllowed
	case oauth.UnauthorizedClient, oauth.InvalidClient:
		return ClientRefused
	case oauth.TemporarilyUnavailable, oauth.ServerError:
		return Unreachable
	}
	return Misc
}

func (b *Broker) spend(ctx context.Context, f Flow, kind Kind, why error) error {
	if err := b.Store.SpendFlow(ctx, f.ID, b.now(), kind, b.signInFailed(f, kind)); err != nil {
		return err
	}
	return f.failure(kind, why)
}

func (b *Broker) signInFailed(f Flow, kind Kind) Event {
	return Event{At: b.now(), Kind: SignInFailed, Account: f.Account, Client: f.Client, Detail: string(kind)}
}

// redeem exchanges the code, once, and stores the tokens before it looks at them.
func (b *Broker) redeem(ctx context.Context, f Flow, code secret.Plain) (Arrival, error) {
	client, secrets, err := b.credentials(ctx, f.Client)
	if err != nil {
		return Arrival{}, err
	}
	verifier, err := b.open(ctx, f.Verifier, f.verifierPlace())
	if err != nil {
		return Arrival{}, err
	}
	c, err := b.Store.RedeemFlow(ctx, f.ID, Connection{
		Account: f.Account, Product: f.Product, Client: f.Client, Grant: oauth.GrantAuthorizationCode,
		State: Pending, Reason: f.pending(), Asked: f.Scope, Created: b.now(),
	})
	if err != nil {
		return Arrival{}, err
	}
	f.Connection = c.ID

	reply := b.exchange(ctx, f.Account, f.Product, client, secrets, oauth.TokenRequest{
		GrantType:    oauth.GrantAuthorizationCode,
		Code:         code.Reveal(),
		RedirectURI:  f.RedirectURI,
		CodeVerifier: verifier.Reveal(),
		Scope:        f.Scope.String(),
		HasScope:     true,
	})
	if reply.Result != Renewed {
		kind := exchangeFailure(reply)
		if err := b.Store.FailFlow(ctx, f.ID, c.ID, kind, b.signInFailed(f, kind)); err != nil {
			return Arrival{}, err
		}
		return Arrival{}, f.failure(kind, reply.Err)
	}
	pair := b.pair(c, reply.Token)
	if c, err = b.withPair(ctx, c.Next(pair, false), pair); err != nil {
		return Arrival{}, err
	}
	if err := b.keepAtAll(ctx, func(ctx context.Context) error { return b.Store.KeepTokens(ctx, c) }); err != nil {
		return Arrival{}, fmt.Errorf("store the tokens of %s: %w", f.Account, err)
	}
	if f.Purpose == SigningIn {
		return b.admit(ctx, f, c, pair)
	}
	if pair.Guessed {
		c = b.askExpiry(ctx, c, pair.Access)
	}
	return b.identify(ctx, f, c, pair)
}

// exchangeFailure is what a failed exchange means to a person.
func exchangeFailure(r Reply) Kind {
	switch r.Result {
	case ClientRejected:
		return ClientRefused
	case ScopeRefused:
		return ScopeNotAllowed
	case GrantRefused: // the code lives two minutes (facts §1.3)
		return StateExpired
	case NotSent, Busy:
		return Unreachable
	}
	var remote *oauth.RemoteError
	switch {
	case !errors.As(r.Err, &remote):
	case remote.Status == 0:
		return Unreachable
	case remote.Status == http.StatusNotFound: // every account has a token endpoint
		return NoSuchAccount
	}
	return AnsweredWrongly
}

// arrived shows again what became of a used flow. Tokens whose owner could not be
// found out then are asked about once more.
func (b *Broker) arrived(ctx context.Context, f Flow) (Arrival, error) {
	served, err := b.serves(ctx, f)
	switch {
	case err != nil:
		return Arrival{}, err
	case !served:
		return Arrival{}, f.failure(NotServed, nil)
	case f.Outcome != "":
		return Arrival{}, f.failure(f.Outcome, nil)
	case f.Purpose == SigningIn: // its tokens are nobody's connection, whoever asks again
		return Arrival{Flow: f, Again: true}, nil
	case f.Connection == 0:
		return Arrival{}, f.failure(StateUsed, nil)
	}
	c, err := b.Store.Connection(ctx, f.Connection)
	switch {
	case errors.Is(err, ErrNotFound):
		return Arrival{}, f.failure(StateUsed, nil)
	case err != nil:
		return Arrival{}, err
	case c.State != Pending:
		return Arrival{Connection: c, Flow: f, Again: true}, nil
	case c.Generation == 0: // elsewhere its code is being exchanged, or was when the power went
		return Arrival{}, f.failure(StateUsed, nil)
	}
	pair, err := b.pairOf(ctx, c)
	if err != nil {
		return Arrival{}, err
	}
	return b.identify(ctx, f, c, pair)
}
