package issuer

import (
	"context"
	"errors"
	"strings"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// Verdict is what a use case decided, for whoever watches an issuer: the journal
// of a demo. It holds no secret. Unlike an Event it is kept nowhere.
type Verdict struct {
	Name    VerdictName
	Account string // the subdomain
	Product Product
	Client  string // the identifier, as it was sent
	User    UserID
	Grant   oauth.GrantType
	Token   string // the hint of the token that was presented or, failing that, made
	Reason  string // why it was refused, or what was changed, in words
}

// VerdictName is one of a closed list.
type VerdictName string

// The verdicts. What ends in a name of its own is refused for that reason;
// "refused" is any other.
const (
	AuthorizeUnverified VerdictName = "authorize.unverified"
	AuthorizeRefused    VerdictName = "authorize.refused"
	ConsentAsked        VerdictName = "consent.asked"
	ConsentRemembered   VerdictName = "consent.remembered"
	ConsentAllowed      VerdictName = "consent.allowed"
	ConsentDenied       VerdictName = "consent.denied"

	SignInAllowed VerdictName = "signin.allowed"
	SignInRefused VerdictName = "signin.refused"
	SignInSlowed  VerdictName = "signin.slowed"

	ClientRefused VerdictName = "client.refused"
	ClientSlowed  VerdictName = "client.slowed"

	CodeRedeemed VerdictName = "code.redeemed"
	CodeUnknown  VerdictName = "code.unknown"
	CodeReplayed VerdictName = "code.replayed"
	CodeExpired  VerdictName = "code.expired"
	CodeRefused  VerdictName = "code.refused"

	RefreshRotated  VerdictName = "refresh.rotated"
	RefreshUnknown  VerdictName = "refresh.unknown"
	RefreshReplayed VerdictName = "refresh.replayed"
	RefreshEnded    VerdictName = "refresh.ended"
	RefreshExpired  VerdictName = "refresh.expired"
	RefreshRefused  VerdictName = "refresh.refused"

	TokenIssued  VerdictName = "token.issued"
	TokenRefused VerdictName = "token.refused"
	TokenRevoked VerdictName = "token.revoked"

	ClientCreated      VerdictName = "client.created"
	ClientUpdated      VerdictName = "client.updated"
	ClientSecretRolled VerdictName = "client.secret_rolled"
	ClientDeleted      VerdictName = "client.deleted"

	UserCreated         VerdictName = "user.created"
	UserUpdated         VerdictName = "user.updated"
	UserPromoted        VerdictName = "user.promoted"
	UserDemoted         VerdictName = "user.demoted"
	UserSuspended       VerdictName = "user.suspended"
	UserReinstated      VerdictName = "user.reinstated"
	UserPasswordChanged VerdictName = "user.password_changed"
	UserDeleted         VerdictName = "user.deleted"

	APITokenAdded       VerdictName = "api_token.added"
	APITokenUpdated     VerdictName = "api_token.updated"
	APITokenActivated   VerdictName = "api_token.activated"
	APITokenDeactivated VerdictName = "api_token.deactivated"
	APITokenDeleted     VerdictName = "api_token.deleted"

	SettingsChanged VerdictName = "settings.changed"

	BearerRefused VerdictName = "bearer.refused"
)

// refusal is a protocol error that knows which verdict it is.
type refusal struct {
	name  VerdictName
	cause *oauth.Error
}

func (r *refusal) Error() string { return r.cause.Error() }
func (r *refusal) Unwrap() error { return r.cause }

// because makes a refusal. The wire hears the code alone.
func (n VerdictName) because(code oauth.Code, reason string, args ...any) error {
	return &refusal{n, oauth.Errorf(code, reason, args...)}
}

// named is the verdict that an error tells of, or else otherwise.
func named(err error, otherwise VerdictName) VerdictName {
	var r *refusal
	if errors.As(err, &r) {
		return r.name
	}
	return otherwise
}

// reason is what a verdict says of an error. Only those of the protocol are
// verdicts; any other is a failure of ours, which the log tells.
func reason(err error) (words string, isVerdict bool) {
	if err == nil {
		return "", true
	}
	var known *oauth.Error
	var tooMany *TooMany
	var unverified *Unverified
	switch {
	case errors.As(err, &known), errors.As(err, &tooMany), errors.As(err, &unverified), errors.Is(err, ErrSignIn):
		return err.Error(), true
	default:
		return "", false
	}
}

// tell gives a verdict to whoever watches.
func (i *Issuer) tell(ctx context.Context, v Verdict, err error) {
	if i.Tell == nil {
		return
	}
	words, isVerdict := reason(err)
	if !isVerdict {
		return
	}
	v.Reason = words
	i.Tell(ctx, v)
}

// ofGrant are the verdicts of a grant: allowed, and refused for no special reason.
func ofGrant(g oauth.GrantType) (allowed, refused VerdictName) {
	switch g {
	case oauth.GrantAuthorizationCode:
		return CodeRedeemed, CodeRefused
	case oauth.GrantRefreshToken:
		return RefreshRotated, RefreshRefused
	default:
		return TokenIssued, TokenRefused
	}
}

// tellExchange tells of a token request. It is deferred, so it takes pointers.
func (i *Issuer) tellExchange(ctx context.Context, req TokenRequest, answer *oauth.TokenResponse, err *error) {
	if i.Tell == nil {
		return
	}
	allowed, refused := ofGrant(req.GrantType)
	v := Verdict{
		Name: allowed, Account: req.Account.Subdomain, Product: req.Product, Client: req.ClientID, Grant: req.GrantType,
		Token: hintOf(req.RefreshToken, answer.RefreshToken, answer.AccessToken),
	}
	var tooMany *TooMany
	switch {
	case errors.As(*err, &tooMany) && req.GrantType != oauth.GrantPassword:
		v.Name = ClientSlowed
	case oauth.ErrorCode(*err) == oauth.InvalidClient:
		v.Name = ClientRefused
	case *err != nil:
		v.Name = named(*err, refused)
	}
	i.tell(ctx, v, *err)
}

// hintOf is the hint of the first token that there is.
func hintOf(tokens ...string) string {
	for _, t := range tokens {
		if strings.Count(t, ".") == 2 {
			return jwtHint(secret.Of(t))
		}
		if t != "" {
			return hint(secret.Of(t), TokenHint)
		}
	}
	return ""
}

// tellAuthorize tells how far an authorization request came.
func (i *Issuer) tellAuthorize(ctx context.Context, req AuthorizeRequest, o *Outcome, err *error) {
	v := Verdict{Name: AuthorizeRefused, Account: req.Account.Subdomain, Product: req.Product, Client: req.ClientID, User: o.User.ID}
	var unverified *Unverified
	switch {
	case errors.As(*err, &unverified):
		v.Name = AuthorizeUnverified
	case *err != nil:
	case o.Step == StepConsent:
		v.Name = ConsentAsked
	case o.Step == StepAnswer:
		v.Name = ConsentRemembered
	default:
		return // somebody is to sign in first
	}
	i.tell(ctx, v, *err)
}

// tellDecide tells what a person answered.
func (i *Issuer) tellDecide(ctx context.Context, d Decision, err *error) {
	v := Verdict{Name: ConsentAllowed, Account: d.Account.Subdomain, Product: d.Product, Client: d.ClientID, User: d.User}
	var unverified *Unverified
	switch {
	case oauth.ErrorCode(*err) == oauth.AccessDenied:
		v.Name = ConsentDenied
	case errors.As(*err, &unverified):
		v.Name = AuthorizeUnverified
	case *err != nil:
		v.Name = AuthorizeRefused
	}
	i.tell(ctx, v, *err)
}

// tellBearer tells of an access token that opened nothing. One that did says
// itself by the request that it opened.
func (i *Issuer) tellBearer(ctx context.Context, a Account, p Product, access secret.Plain, err *error) {
	if i.Tell == nil || *err == nil {
		return
	}
	i.tell(ctx, Verdict{Name: BearerRefused, Account: a.Subdomain, Product: p, Token: hintOf(access.Reveal())}, *err)
}

// tellSignIn tells of a password or a pick.
func (i *Issuer) tellSignIn(ctx context.Context, a Account, u *User, err *error) {
	v := Verdict{Name: SignInAllowed, Account: a.Subdomain, User: u.ID}
	var tooMany *TooMany
	switch {
	case errors.As(*err, &tooMany):
		v.Name = SignInSlowed
	case *err != nil:
		v.Name = SignInRefused
	}
	i.tell(ctx, v, *err)
}
