package zendesk

// TicketField is a field of tickets: one of the system's, or one that the account
// added. Which of the last members it has tells its type.
type TicketField struct {
	URL                 string  `json:"url"`
	ID                  int64   `json:"id"`
	Type                string  `json:"type"`
	Title               string  `json:"title"`
	RawTitle            string  `json:"raw_title"`
	Description         string  `json:"description"`
	RawDescription      string  `json:"raw_description"`
	Position            int64   `json:"position"`
	Active              bool    `json:"active"`
	Required            bool    `json:"required"` // to solve a ticket
	CollapsedForAgents  bool    `json:"collapsed_for_agents"`
	RegexpForValidation *string `json:"regexp_for_validation"`
	TitleInPortal       string  `json:"title_in_portal"`
	RawTitleInPortal    string  `json:"raw_title_in_portal"`
	VisibleInPortal     bool    `json:"visible_in_portal"`
	EditableInPortal    bool    `json:"editable_in_portal"`
	RequiredInPortal    bool    `json:"required_in_portal"`
	AgentCanEdit        bool    `json:"agent_can_edit"`
	Tag                 *string `json:"tag"` // of a checkbox
	CreatedAt           *Time   `json:"created_at"`
	UpdatedAt           *Time   `json:"updated_at"`
	Removable           bool    `json:"removable"` // whether the account added it
	AgentDescription    *string `json:"agent_description"`

	SubTypeID          *int64             `json:"sub_type_id,omitempty"`          // of priority and status
	SystemFieldOptions []SystemOption     `json:"system_field_options,omitempty"` // of tickettype, priority and status
	CustomFieldOptions *[]TicketFieldItem `json:"custom_field_options,omitempty"` // of tagger and multiselect
}

// SystemOption is a value that a field of the system can have.
type SystemOption struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// TicketFieldItem is a value that a field which an account added can have. Its
// value is a tag.
type TicketFieldItem struct {
	ID      int64  `json:"id"`
	Name    string `json:"name"`
	RawName string `json:"raw_name"`
	Value   string `json:"value"`
	Default bool   `json:"default"`
}

// TicketFieldEnvelope is the body that holds one field.
type TicketFieldEnvelope struct {
	TicketField TicketField `json:"ticket_field"`
}
