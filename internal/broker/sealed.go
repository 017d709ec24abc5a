package broker

import (
	"fmt"

	"github.com/deskauth/deskauth/internal/secret"
)

// SealedKind is a column of sealed values.
type SealedKind string

// The kinds.
const (
	AccessTokens  SealedKind = "access tokens"
	RefreshTokens SealedKind = "refresh tokens"
	ClientSecrets SealedKind = "client secrets"
	Verifiers     SealedKind = "sign-ins under way"
	SentFiles     SealedKind = "sent files"
	KeptAnswers   SealedKind = "kept answers"

	WebhookSecrets SealedKind = "webhook secrets"
)

// SealedKinds are all of them, in the order in which a rotation takes them.
var SealedKinds = []SealedKind{ClientSecrets, WebhookSecrets, Verifiers, SentFiles, KeptAnswers, RefreshTokens, AccessTokens}

// SealedRow names the row of a sealed value, in the order of the kind.
type SealedRow struct {
	ID     int64
	Number int64 // the connection's generation; the number of a client's or webhook's secret
}

// SealedValue is one sealed value, whatever it is.
type SealedValue struct {
	SealedRow
	Kind   SealedKind
	Sealed Sealed
	State  secret.Digest // of a sign-in
}

// Resealed is a value, and the same sealed with another key.
type Resealed struct {
	SealedValue
	Next Sealed
}

// SealedCount is how many values of a kind are sealed with a key.
type SealedCount struct {
	Kind  SealedKind
	Key   uint32
	Count int
}

// place is what the value is sealed for.
func (v SealedValue) place() string {
	switch v.Kind {
	case AccessTokens:
		return Connection{ID: ConnectionID(v.ID)}.place("access")
	case RefreshTokens:
		return Connection{ID: ConnectionID(v.ID)}.place("refresh")
	case ClientSecrets:
		return Client{ID: ClientID(v.ID)}.secretPlace(v.Number)
	case WebhookSecrets:
		return webhookSecretPlace(WebhookID(v.ID), v.Number)
	case SentFiles:
		return SentFile{ID: v.ID}.place()
	case KeptAnswers:
		return Answer{ID: AnswerID(v.ID)}.place()
	case Verifiers:
		return Flow{State: v.State}.verifierPlace()
	}
	return ""
}

// name is the value for people.
func (v SealedValue) name() string {
	switch v.Kind {
	case AccessTokens:
		return fmt.Sprintf("the access token of connection %d", v.ID)
	case RefreshTokens:
		return fmt.Sprintf("the refresh token of connection %d", v.ID)
	case ClientSecrets:
		return fmt.Sprintf("secret %d of client %d", v.Number, v.ID)
	case WebhookSecrets:
		return fmt.Sprintf("secret %d of webhook %d", v.Number, v.ID)
	}
	return fmt.Sprintf("%d of %s", v.ID, v.Kind)
}
