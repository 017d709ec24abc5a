package broker

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// post sends one token request, with the client's credentials in the body (facts
// §2.5) and the lifetimes asked for (facts §12.2). Nothing repeats it.
func (b *Broker) post(ctx context.Context, account string, p Product, c Client, s secret.Plain, r oauth.TokenRequest) Reply {
	ctx, cancel := whileRunning(ctx, b.Timing.Post)
	defer cancel()
	patient := *b.HTTP
	patient.Timeout = 0 // it would count time in which this process is stopped
	policy := policies[p]
	r.ClientID = c.Identifier
	if !s.IsZero() {
		r.ClientSecret, r.ClientAuth = s.Reveal(), oauth.ClientAuthBody
	}
	if policy.Lifetimes {
		asked := b.asked()
		if r.GrantType == oauth.GrantClientCredentials { // it gets no refresh token (facts §2.4)
			asked.RefreshTokenExpiresIn = nil
		}
		r.Extra = asked.Encode()
	}
	endpoint := b.Base.URL(account).JoinPath(policy.TokenPath).String()
	return ReadReply(oauth.Exchange(ctx, &patient, endpoint, r, policy.Encoding))
}

// pair reads an answer. What it does not say is as it was: the scope as asked (RFC
// 6749 §5.1) or granted before, the refresh token (§6).
func (b *Broker) pair(c Connection, t oauth.TokenResponse) Pair {
	policy, now := policies[c.Product], b.now()
	p := Pair{
		Access: secret.Of(t.AccessToken), Refresh: secret.Of(t.RefreshToken),
		Scope: oauth.ParseScope(plainText(t.Scope)), Issued: now,
	}
	if p.Scope.IsEmpty() {
		if p.Scope = c.Granted; c.Generation == 0 {
			p.Scope = c.Asked
		}
	}
	switch exp, ok := jwtExpiry(t.AccessToken); {
	case t.ExpiresIn != nil:
		p.AccessExpires = now.Add(seconds(*t.ExpiresIn))
	case ok:
		p.AccessExpires = exp
	case policy.AccessLife > 0:
		p.AccessExpires, p.Guessed = now.Add(policy.AccessLife), true
	}
	switch {
	case p.Refresh.IsZero():
	case t.RefreshTokenExpiresIn != nil:
		p.RefreshExpires = now.Add(seconds(*t.RefreshTokenExpiresIn))
	case policy.RefreshLife > 0:
		p.RefreshExpires = now.Add(policy.RefreshLife)
	}
	return p
}

// seconds is a lifetime, held within what a time can be added to.
func seconds(n int64) time.Duration {
	const century = 100 * 365 * 24 * 60 * 60
	return time.Duration(min(n, century)) * time.Second
}

// jwtExpiry reads the exp claim of an access token that is a JWT (RFC 9068), as
// Zendesk's are where expiry is enforced. Its signature is not checked: the token
// came straight from its issuer, and the worst a wrong exp does is a renewal at a
// wrong time.
func jwtExpiry(token string) (time.Time, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}, false
	}
	var c struct {
		Exp float64 `json:"exp"`
	}
	if json.Unmarshal(claims, &c) != nil || c.Exp <= 0 || c.Exp > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(int64(c.Exp), 0).UTC(), true
}
