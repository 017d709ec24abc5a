package zendesk

// Group is a group of the Groups API.
type Group struct {
	URL         string `json:"url"`
	ID          int64  `json:"id"`
	IsPublic    bool   `json:"is_public"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Default     bool   `json:"default"` // whether it is the account's default one
	Deleted     bool   `json:"deleted"`
	CreatedAt   *Time  `json:"created_at"`
	UpdatedAt   *Time  `json:"updated_at"`
}

// GroupEnvelope is the body that holds one group.
type GroupEnvelope struct {
	Group Group `json:"group"`
}
