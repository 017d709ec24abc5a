package zendesk

import (
	"net/url"
	"strconv"

	"github.com/deskauth/deskauth/oauth"
)

// Lifetimes in seconds. The bounds of what a request may ask are inclusive; the
// defaults are those of clients whose expiry is enforced. A client of the older
// era that asks for nothing gets tokens that never expire.
const (
	MinExpiresIn     = 300
	MaxExpiresIn     = 172_800 // two days
	DefaultExpiresIn = 1_800   // 30 minutes

	MinRefreshTokenExpiresIn     = 604_800   // a week
	MaxRefreshTokenExpiresIn     = 7_776_000 // 90 days
	DefaultRefreshTokenExpiresIn = 2_592_000 // 30 days

	CodeExpiresIn = 120
)

// Lifetimes is what a token request asks for, in seconds; nil = not asked.
type Lifetimes struct{ ExpiresIn, RefreshTokenExpiresIn *int64 }

// DecodeLifetimes reads them from a token request's Extra: decimal digits
// alone. Whether they are within bounds is Check's question.
func DecodeLifetimes(extra url.Values) (Lifetimes, *oauth.Error) {
	expires, err := decodeSeconds(extra, "expires_in")
	if err != nil {
		return Lifetimes{}, err
	}
	refreshExpires, err := decodeSeconds(extra, "refresh_token_expires_in")
	if err != nil {
		return Lifetimes{}, err
	}
	return Lifetimes{expires, refreshExpires}, nil
}

func decodeSeconds(extra url.Values, name string) (*int64, *oauth.Error) {
	all := extra[name]
	switch {
	case len(all) > 1:
		return nil, oauth.Errorf(oauth.InvalidRequest, "%q is repeated", name)
	case len(all) == 0 || all[0] == "":
		return nil, nil
	}
	n, err := strconv.ParseInt(all[0], 10, 64)
	if err != nil || !allDigits(all[0]) {
		return nil, oauth.Errorf(oauth.InvalidRequest, "%q is not a whole number of seconds", name)
	}
	return &n, nil
}

// Encode is the parameters to add to a token request's Extra.
func (l Lifetimes) Encode() url.Values {
	v := url.Values{}
	if l.ExpiresIn != nil {
		v.Set("expires_in", strconv.FormatInt(*l.ExpiresIn, 10))
	}
	if l.RefreshTokenExpiresIn != nil {
		v.Set("refresh_token_expires_in", strconv.FormatInt(*l.RefreshTokenExpiresIn, 10))
	}
	return v
}

// Check says which lifetime is out of bounds. That Zendesk answers
// invalid_request then is an assumption; nobody has recorded it.
func (l Lifetimes) Check() *oauth.Error {
	if n := l.ExpiresIn; n != nil && (*n < MinExpiresIn || *n > MaxExpiresIn) {
		return oauth.Errorf(oauth.InvalidRequest, "expires_in is not within %d and %d seconds", MinExpiresIn, MaxExpiresIn)
	}
	if n := l.RefreshTokenExpiresIn; n != nil && (*n < MinRefreshTokenExpiresIn || *n > MaxRefreshTokenExpiresIn) {
		return oauth.Errorf(oauth.InvalidRequest, "refresh_token_expires_in is not within %d and %d seconds",
			MinRefreshTokenExpiresIn, MaxRefreshTokenExpiresIn)
	}
	return nil
}
