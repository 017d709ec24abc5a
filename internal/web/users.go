package web

// Names of form fields on the pages of users, beside those of the sign-in.
const (
	FieldRole      = "role"
	FieldSuspended = "suspended" // its values are those of a Go bool
)

// roles are Zendesk's, the least first.
var roles = []string{"end-user", "agent", "admin"}

// UserRow is a user in the list.
type UserRow struct {
	ID          int64
	Person      Person
	Suspended   bool
	HasPassword bool
	Created     Moment
}

// Path is the page of the user; for the template.
func (u UserRow) Path() string { return idPath(PathUsers, u.ID) }

// Called is what people call the user; for the template.
func (u UserRow) Called() string {
	if u.Person.Name == "" {
		return u.Person.Email
	}
	return u.Person.Name
}

// Users is the list of an account's users.
type Users struct {
	Center
	Search string
	Role   string // of whom they are; empty: any
	Users  []UserRow
	Pager  Pager
}

func (p Users) frame() frame { return p.Center.frame("users", p.Title(), AtUsers) }

// Title is the page's title and first heading; for the template.
func (p Users) Title() string { return p.T("users.title") }

// Filtered tells whether only some were asked for; for the template.
func (p Users) Filtered() bool { return p.Search != "" || p.Role != "" }

// Roles are the roles to filter by; for the template.
func (p Users) Roles() []Choice {
	all := []Choice{{Value: "", Text: p.T("users.role.any"), Chosen: p.Role == ""}}
	for _, role := range roles {
		all = append(all, Choice{Value: role, Text: p.RoleText(role), Chosen: role == p.Role})
	}
	return all
}

// StateText is whether a user can sign in, in words; for the template.
func (c Center) StateText(u UserRow) string {
	switch {
	case u.Suspended:
		return c.T("user.state.suspended")
	case !u.HasPassword:
		return c.T("user.state.no_password")
	default:
		return c.T("user.state.active")
	}
}

// UserForm is what somebody typed of a user; a password is never shown again.
type UserForm struct{ Name, Email, Role string }

// EditUser is the page on which a user is made or changed.
type EditUser struct {
	Center
	UserRow  // as they are kept; its ID is 0 for one to be made
	Form     UserForm
	Seen     string
	Problems Problems

	Overtaken  bool // somebody else changed them while this form was open
	Self       bool // it is whoever is signed in
	Refused    bool // they tried to take from themselves what they may not
	Tokens     int  // that are live
	TokensMore bool // or more
}

func (p EditUser) frame() frame { return p.Center.frame("edit_user", p.Title(), AtUsers) }

// Title is the page's title and first heading; for the template.
func (p EditUser) Title() string {
	if p.ID == 0 {
		return p.T("edit_user.new.title")
	}
	return p.Called()
}

// Action is where the form is posted to; for the template.
func (p EditUser) Action() string {
	if p.ID == 0 {
		return PathUsers
	}
	return p.Path()
}

// Fields are the plain fields of the form; for the template.
func (p EditUser) Fields() []Field {
	all := []Field{{Name: FieldName, Label: p.T("user.name"), Value: p.Form.Name, Wrong: p.Problems[FieldName], Needed: true}}
	if p.ID == 0 {
		all = append(all, Field{Name: FieldEmail, Label: p.T("sign_in.email"), Value: p.Form.Email, Wrong: p.Problems[FieldEmail], Needed: true, Type: "email"})
	}
	return all
}

// Roles are the roles to choose from; for the template.
func (p EditUser) Roles() Choices {
	c := Choices{Name: FieldRole, Label: p.T("user.role"), Wrong: p.Problems[FieldRole]}
	if p.ID != 0 {
		c.Help = p.T("edit_user.role.help")
	}
	for _, role := range roles {
		c.Values = append(c.Values, Choice{role, p.RoleText(role), p.T("user.role." + role + ".help"), role == p.Form.Role})
	}
	return c
}

// Password is the field for a new one; for the template.
func (p EditUser) Password() Field {
	f := Field{
		Name: FieldPassword, Label: p.T("edit_user.password"), Help: p.T("edit_user.password.help"), Wrong: p.Problems[FieldPassword],
		Type: "password", Auto: "new-password", Needed: p.ID != 0,
	}
	if p.ID == 0 {
		f.Help = p.T("edit_user.password.new.help")
	}
	return f
}

// TokensText tells how many of the user's tokens are live; for the template.
func (p EditUser) TokensText() string { return p.counted("user.tokens", p.Tokens, p.TokensMore) }

// Other is the state that the user is not in; for the template.
func (p EditUser) Other() string {
	if p.Suspended {
		return "false"
	}
	return "true"
}

// DeleteUser asks for a user's email before they go.
type DeleteUser struct {
	Center
	UserRow
	Tokens     int
	TokensMore bool
	Typed      string
	Mistyped   bool
}

func (p DeleteUser) frame() frame { return p.Center.frame("delete_user", p.Title(), AtUsers) }

// Title is the page's title and first heading; for the template.
func (p DeleteUser) Title() string { return p.T("delete_user.title", p.Called()) }

// TokensText tells how many tokens will end; for the template.
func (p DeleteUser) TokensText() string {
	return p.counted("delete_user.tokens", p.Tokens, p.TokensMore)
}

// Field is the one to type the email into; for the template.
func (p DeleteUser) Field() Field {
	f := Field{Name: FieldTyped, Label: p.T("delete_user.type", p.Person.Email), Value: p.Typed}
	if p.Mistyped {
		f.Wrong = []string{p.T("delete_user.mistyped")}
	}
	return f
}

// counted is Count, for a number that may be more than was counted.
func (c Center) counted(key string, n int, more bool) string {
	if more {
		return c.T(key+".least", n)
	}
	return Count(c.Lang, key, n)
}
