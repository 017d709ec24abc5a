package broker

import (
	"encoding/hex"
	"time"

	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/oauth"
)

// FlowID is the number of a flow.
type FlowID int64

// flowLife is how long a person may take at Zendesk.
const flowLife = 10 * time.Minute

// Flow is one sign-in on its way: what the broker must remember while the browser
// is at Zendesk. Everything about the sign-in comes from here, nothing from the
// callback but the code (RFC 9700 §4.4: mix-up).
type Flow struct {
	ID          FlowID
	Purpose     Purpose
	Invitation  secret.Digest // of the first operator, when it is their sign-in; zero otherwise
	State       secret.Digest // of the state parameter (RFC 6749 §10.12)
	Binding     secret.Digest // of the cookie of the browser that began
	Client      ClientID
	Account     string
	Product     Product
	RedirectURI string
	Scope       oauth.Scope
	Verifier    Sealed // PKCE (RFC 7636); zero where the product has none
	ReturnTo    string
	Device      DeviceID // that waits for it; 0 = none
	Link        LinkID   // that it spends; 0 = none
	Created     time.Time
	Expires     time.Time
	Spent       time.Time    // zero while it is open
	Outcome     Kind         // why it failed, once it did
	Connection  ConnectionID // what it became, once it was redeemed
}

// pending is the reason for which a pending connection holds the flow's tokens. Those
// of a sign-in become nobody's connection: they are kept only so that they can be
// ended, whatever happens meanwhile.
func (f Flow) pending() Reason {
	if f.Purpose == SigningIn {
		return ForSignIn
	}
	return NoReason
}

// verifierPlace is what the PKCE verifier is sealed for. The row's number does not
// exist yet when it is sealed; the digest of its state is as unique.
func (f Flow) verifierPlace() string {
	return "broker_flows/" + hex.EncodeToString(f.State.Bytes()) + "/verifier"
}

// Accept decides whether a callback may spend the flow. It asks first whose it is, so that another browser learns nothing more; then
// whether it was used; then whether it is too late. An empty Kind accepts.
//
// A used flow in its own browser is a page loaded again: the caller shows again
// what became of it.
func (f Flow) Accept(now time.Time, binding secret.Plain) Kind {
	switch {
	case binding.IsZero() || !f.Binding.Equal(binding.Digest()):
		return WrongBrowser
	case !f.Spent.IsZero():
		return StateUsed
	case !now.Before(f.Expires):
		return StateExpired
	}
	return ""
}
