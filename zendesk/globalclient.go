package zendesk

// GlobalClient is a client that lives outside accounts, as an account that
// authorized it sees it: all of it read-only.
type GlobalClient struct {
	ID          int64   `json:"id"`
	Identifier  string  `json:"identifier"` // begins with "zdg-"
	Name        string  `json:"name"`
	Company     *string `json:"company"`
	Description *string `json:"description"`
	Kind        string  `json:"kind"` // Public or Confidential
	LogoURL     *string `json:"logo_url"`
}

// GlobalClientEnvelope is the body that holds one global client.
type GlobalClientEnvelope struct {
	GlobalClient GlobalClient `json:"global_client"`
}

// TokenSummary tells how much an account uses a global client.
type TokenSummary struct {
	ID          int64 `json:"id"` // the global client's
	LastUsedAt  *Time `json:"last_used_at"`
	TokensCount int64 `json:"tokens_count"`
}
