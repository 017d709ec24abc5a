package zendesk

// GroupMembership says that an agent is in a group.
type GroupMembership struct {
	URL       string `json:"url"`
	ID        int64  `json:"id"`
	UserID    int64  `json:"user_id"`
	GroupID   int64  `json:"group_id"`
	Default   bool   `json:"default"` // whether tickets given to the agent alone get this group
	CreatedAt *Time  `json:"created_at"`
	UpdatedAt *Time  `json:"updated_at"`
}

// GroupMembershipEnvelope is the body that holds one membership.
type GroupMembershipEnvelope struct {
	GroupMembership GroupMembership `json:"group_membership"`
}
