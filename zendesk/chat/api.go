package chat

import (
	"encoding/json"

	"github.com/deskauth/deskauth/zendesk"
)

// Client is an OAuth client in Chat's API (facts section 8.5). It is not wrapped
// in an envelope, unlike Support's.
type Client struct {
	ID               int64         `json:"id"`
	AgentID          int64         `json:"agent_id"` // who made it
	Name             string        `json:"name"`
	Company          string        `json:"company"`
	ClientIdentifier string        `json:"client_identifier"`
	ClientSecret     string        `json:"client_secret"` // full when made, cut short later
	ClientType       string        `json:"client_type"`   // public or confidential; set by an update alone
	RedirectURIs     Addresses     `json:"redirect_uris"`
	Scopes           string        `json:"scopes"`
	CreateDate       *zendesk.Time `json:"create_date"`
	UpdateDate       *zendesk.Time `json:"update_date"`
}

// IdentifierLength is how long Chat makes a client_identifier.
const IdentifierLength = 50

// Token is a token in Chat's API (facts section 8.6). Lists of them are bare
// arrays. The tokens are cut short, because nobody keeps them whole.
type Token struct {
	ID               int64         `json:"id"`
	AgentID          int64         `json:"agent_id"`
	ClientIdentifier string        `json:"client_identifier"`
	AccessToken      string        `json:"access_token"`
	RefreshToken     string        `json:"refresh_token"`
	TokenType        string        `json:"token_type"` // Bearer
	Scopes           string        `json:"scopes"`
	CreateDate       *zendesk.Time `json:"create_date"`
	ExpireDate       *zendesk.Time `json:"expire_date"` // null: never
}

// Account is a Chat account (facts section 7.5).
type Account struct {
	AccountKey string        `json:"account_key"`
	Status     string        `json:"status"`
	CreateDate *zendesk.Time `json:"create_date"`
	Plan       Plan          `json:"plan"`
	Billing    Billing       `json:"billing"`
}

// Plan is what callers were seen to read of an account's plan.
type Plan struct {
	Name      string `json:"name"`
	MaxAgents int    `json:"max_agents"`
}

// Billing is what callers were seen to read of an account's billing.
type Billing struct {
	Company string `json:"company"`
	Email   string `json:"email"`
}

// Addresses are redirect URLs. Zendesk documents a list and shows one text: both
// are read, and a list is written.
type Addresses []string

// UnmarshalJSON reads a list, or one text.
func (a *Addresses) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*a = Addresses{one}
		return nil
	}
	var all []string
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	*a = all
	return nil
}
