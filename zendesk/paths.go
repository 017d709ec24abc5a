package zendesk

// Paths below https://{subdomain}.zendesk.com. Zendesk takes every API path
// with ".json" too.
const (
	AuthorizePath = "/oauth/authorizations/new"
	TokenPath     = "/oauth/tokens"

	UsersMePath = "/api/v2/users/me"

	OAuthTokensPath        = "/api/v2/oauth/tokens"
	OAuthTokensCurrentPath = "/api/v2/oauth/tokens/current"
	OAuthClientsPath       = "/api/v2/oauth/clients"
	OAuthGlobalClientsPath = "/api/v2/oauth/global_clients"
	UsersMeClientsPath     = "/api/v2/users/me/oauth/clients"
	APITokensPath          = "/api/v2/api_tokens"

	UsersPath       = "/api/v2/users"
	UsersSearchPath = "/api/v2/users/search"

	SearchPath           = "/api/v2/search"
	TicketsPath          = "/api/v2/tickets"
	GroupsPath           = "/api/v2/groups"
	TicketFieldsPath     = "/api/v2/ticket_fields"
	GroupMembershipsPath = "/api/v2/group_memberships"
	JobStatusesPath      = "/api/v2/job_statuses"
	RequestsPath         = "/api/v2/requests"
	UploadsPath          = "/api/v2/uploads"
	AttachmentsPath      = "/api/v2/attachments"
	// AttachmentContentPath is followed by a token, "/?name=" and a file name.
	AttachmentContentPath = "/attachments/token/"
)
