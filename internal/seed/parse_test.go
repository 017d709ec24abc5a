package seed_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/internal/desk"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/secret"
	"github.com/deskauth/deskauth/internal/seed"
	"github.com/deskauth/deskauth/oauth"
)

// whole says everything that a seed file can.
const whole = `# comment
accounts:
  - subdomain: acme
    name: Acme Inc.
    era: legacy
    basic_auth: creation_blocked
    token_format: jwt
    password_grant: on
    revoke_replayed: on
    chat: chat_only
    plan: team
    users: [{email: Admin@Acme.example, name: Ada Admin, role: admin, password: "p: 1"}]
    clients:      [{identifier: app, name: App, description: Does, company: Co, kind: public, secret: s1, redirect_uri: ["http://localhost:8080/cb", "https://app.example/cb"], allowed_scopes: [read, "tickets:write"]}]
    chat_clients: [{identifier: app, name: Chat App, company: Co, secret: s2, redirect_uris: ["http://localhost/token"]}]
    api_tokens:   [{description: seed, token: t1}]
    ticket_fields:
      - {title: Serial number, type: regexp, description: On its back, required: on, regexp_for_validation: "^S[0-9]+$", visible_in_portal: on, editable_in_portal: on, required_in_portal: on}
      - {title: Pie, type: tagger, options: [{name: Apple Pie, value: apple}, {name: Pecan Pie, value: pecan}]}
      - {title: Broken, type: checkbox, tag: broken}
    tickets:
      - subject: My printer is on fire!
        requester: admin@acme.EXAMPLE
        comment: |
          The smoke is
          very colorful.
  - {subdomain: two, name: Two}
`

// field is one of a file, with what the file says beside its title and type.
func field(title string, kind desk.FieldKind, set func(*desk.FieldChange)) desk.FieldChange {
	f := desk.FieldChange{
		Kind: &kind, Title: &title, Description: new(string), Tag: new(string), Pattern: new(string), Required: new(bool),
		PortalVisible: new(bool), PortalEditable: new(bool), PortalRequired: new(bool),
	}
	set(&f)
	return f
}

func TestParseWhole(t *testing.T) {
	got, err := seed.Parse("seed.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	want := seed.File{Accounts: []seed.Account{{
		Planting: issuer.Planting{
			Account: issuer.Account{
				Subdomain: "acme", Name: "Acme Inc.", Era: issuer.Legacy, BasicAuth: issuer.BasicCreationBlocked,
				TokenFormat: issuer.JWT, PasswordGrant: true, RevokeReplayed: true, Chat: issuer.ChatOnly, Plan: issuer.PlanTeam,
			},
			Users: []issuer.PlantedUser{{
				User:     issuer.User{Email: "admin@acme.example", Name: "Ada Admin", Role: issuer.Admin},
				Password: secret.Of("p: 1"),
			}},
			Clients: []issuer.PlantedClient{{
				Client: issuer.Client{
					Product: issuer.Support, Identifier: "app", Name: "App", Description: "Does", Company: "Co", Kind: issuer.Public,
					RedirectURIs:  []string{"http://localhost:8080/cb", "https://app.example/cb"},
					AllowedScopes: oauth.Scope{"read", "tickets:write"},
				},
				Secret: secret.Of("s1"),
			}, {
				Client: issuer.Client{
					Product: issuer.Chat, Identifier: "app", Name: "Chat App", Company: "Co", Kind: issuer.Confidential,
					RedirectURIs: []string{"http://localhost/token"},
				},
				Secret: secret.Of("s2"),
			}},
			APITokens: []issuer.PlantedAPIToken{{Description: "seed", Token: secret.Of("t1")}},
		},
		Fields: []desk.FieldChange{
			field("Serial number", desk.FieldRegexp, func(f *desk.FieldChange) {
				*f.Description, *f.Pattern = "On its back", "^S[0-9]+$"
				*f.Required, *f.PortalVisible, *f.PortalEditable, *f.PortalRequired = true, true, true, true
			}),
			field("Pie", desk.FieldTagger, func(f *desk.FieldChange) {
				f.Options = &[]desk.Option{{Name: "Apple Pie", Value: "apple"}, {Name: "Pecan Pie", Value: "pecan"}}
			}),
			field("Broken", desk.FieldCheckbox, func(f *desk.FieldChange) { *f.Tag = "broken" }),
		},
		Tickets: []seed.Ticket{{
			Subject: "My printer is on fire!", Requester: "admin@acme.example", Comment: "The smoke is\nvery colorful.\n",
		}},
	}, {
		Planting: issuer.Planting{Account: issuer.Account{
			Subdomain: "two", Name: "Two", Era: issuer.Enforced, BasicAuth: issuer.BasicByDate,
			Chat: issuer.ChatWithSupport, Plan: issuer.PlanNone,
		}},
	}}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(secret.Plain{})); diff != "" {
		t.Errorf("parsed (-want +got):\n%s", diff)
	}
}

func TestParseTakesWhatEditorsWrite(t *testing.T) {
	for name, text := range map[string]string{
		"byte order mark":  "\ufeff" + whole,
		"Windows lines":    strings.ReplaceAll(whole, "\n", "\r\n"),
		"document marks":   "# c\n---\n" + whole + "...\n",
		"no newline":       strings.TrimSuffix(whole, "\n"),
		"empty optionals":  "accounts:\n  - subdomain: acme\n    name: Acme\n    era:\n    users:\n    clients: []\n",
		"quoted keys":      `{"accounts": [{"subdomain": "acme", "name": "Acme"}]}`,
		"words that lie":   "accounts:\n  - {subdomain: acme, name: No, basic_auth: off, chat: off}\n",
		"same email twice": "accounts:\n  - {subdomain: one, name: A, users: [{email: a@b.c, name: A, role: agent}]}\n  - {subdomain: two, name: B, users: [{email: a@b.c, name: A, role: agent}]}\n",
	} {
		if _, err := seed.Parse("seed.yaml", []byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	// Each file is refused with exactly these lines. hunter2 is a secret that has
	// lost its place: no error may repeat it.
	account := func(lines ...string) string {
		return "accounts:\n  - subdomain: acme\n    name: Acme\n" + "    " + strings.Join(lines, "\n    ") + "\n"
	}
	const admin = "users: [{email: a@acme.example, name: A, role: admin}]"
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "s.yaml:1: the file is empty; expected accounts"},
		{"comment only", "# accounts\n", "s.yaml:1: the file is empty; expected accounts"},
		{"two documents", whole + "---\n" + whole, "s.yaml:27: a second document begins; a seed file is one"},
		{"not UTF-8", "accounts:\n  - name: \xff\n", "s.yaml:2: the file is not UTF-8 text"},
		{"UTF-16", "\xff\xfea\x00", "s.yaml:1: the file is not UTF-8 text"},
		{"too large", "# " + strings.Repeat("x", 1<<20), "s.yaml:1: the file is larger than 1 MiB"},
		{"brackets without end", "accounts:\n  - " + strings.Repeat("[", 1<<19), "s.yaml:2: nested more than 32 deep, which no seed file is"},
		{"entries without end", strings.Repeat("- ", 1<<18), "s.yaml:1: nested more than 32 deep, which no seed file is"},
		{"a list", "- acme\n", "s.yaml:1: the file must be a mapping with accounts and global_clients, not a list"},
		{"a word", "hunter2\n", "s.yaml:1: the file must be a mapping with accounts and global_clients, not text"},
		{"no accounts", "accounts: []\n", "s.yaml:1: accounts is missing; expected a list of at least one"},
		{"accounts without value", "accounts:\n", "s.yaml:1: accounts is missing; expected a list of at least one"},
		{"accounts a mapping", "accounts: {acme: x}\n", "s.yaml:1: accounts must be a list, not a mapping"},
		{"an account a word", "accounts: [hunter2]\n", "s.yaml:1: an account must be a mapping with subdomain, name, era, basic_auth, token_format, password_grant, revoke_replayed, chat, plan, users, clients, chat_clients, api_tokens, ticket_fields and tickets, not text"},
		{"unknown top key", "accounts: [{subdomain: acme, name: A}]\naccount: x\n", `s.yaml:2: unknown key "account" in the file; expected accounts or global_clients`},
		{"syntax", "accounts:\n  - subdomain: [acme\n", "s.yaml:2: not valid YAML: sequence end token ']' not found"},
		{"open quote", account(`users: [{password: "hunter2}]`), "s.yaml:4: not valid YAML: could not find end character of double-quoted text"},
		{"block header", account("users:\n      - password: |hunter2\n          x"), "s.yaml:5: not valid YAML: the file cannot be read from here on"},
		{"missing names", "accounts:\n  - era: legacy\n", "s.yaml:2: subdomain is missing\ns.yaml:2: name is missing"},
		{"empty name", "accounts:\n  - subdomain: acme\n    name: \"\"\n", "s.yaml:3: name is empty"},
		{"bad subdomain", "accounts:\n  - name: A\n    subdomain: 4cme\n", "s.yaml:3: subdomain: a subdomain begins with a letter"},
		{"subdomain twice", "accounts:\n  - {subdomain: acme, name: A}\n  - {subdomain: acme, name: B}\n", `s.yaml:3: subdomain "acme" is there twice, first on line 2`},
		{"unknown key", account("eras: legacy"), `s.yaml:4: unknown key "eras" in an account; expected subdomain, name, era, basic_auth, token_format, password_grant, revoke_replayed, chat, plan, users, clients, chat_clients, api_tokens, ticket_fields or tickets`},
		{"key of another kind", account(`users: [{"hunter2": x, email: a@b.c, name: A, role: agent}]`), `s.yaml:4: unknown key in a user; expected email, name, role or password`},
		{"key twice", account("era: legacy", "era: enforced"), "s.yaml:5: era is there twice in an account, first on line 4"},
		{"merge key", account("<<: {era: legacy}"), `s.yaml:4: unknown key in an account; expected subdomain, name, era, basic_auth, token_format, password_grant, revoke_replayed, chat, plan, users, clients, chat_clients, api_tokens, ticket_fields or tickets`},
		{"anchor", "accounts:\n  - subdomain: acme\n    name: &n hunter2\n", "s.yaml:3: name must be text, not an anchor, alias or tag"},
		{"bad words", account("era: new", "basic_auth: yes", "chat: on", "plan: gold", "token_format: paper", "password_grant: yes"), `s.yaml:4: era must be enforced or legacy, not "new"
s.yaml:5: basic_auth must be by_date, allowed, creation_blocked or off, not "yes"
s.yaml:6: chat must be support, chat_only or off, not "on"
s.yaml:7: plan must be none, team, growth, professional, enterprise or enterprise_plus, not "gold"
s.yaml:8: token_format must be opaque or jwt, not "paper"
s.yaml:9: password_grant must be on or off, not "yes"`},
		{"wrong types", account("era: true", "users: admin", "tickets: {}"), `s.yaml:4: era must be text, not true or false: put it in quotes
s.yaml:5: users must be a list, not text
s.yaml:6: tickets must be a list, not a mapping`},
		{"role", account("users:", "- email: a@b.c", "  name: A", "  role: boss"), `s.yaml:7: role must be admin, agent or end-user, not "boss"`},
		{"no role", account("users:", "- email: a@b.c", "  name: A"), "s.yaml:5: role is missing"},
		{"no email", account("users:", "- role: agent", "  name: A"), "s.yaml:5: email is missing"},
		{"bad email", account("users: [{email: ada, name: A, role: agent}]"), "s.yaml:4: email must be an address like ada@acme.example"},
		{"email twice", account("users:", "- {email: a@b.c, name: A, role: agent}", "- {email: A@B.C, name: B, role: agent}"), `s.yaml:6: email "a@b.c" is there twice, first on line 5`},
		{"number as password", account("users:", "- {email: a@b.c, name: A, role: agent, password: 12345}"), "s.yaml:5: password must be text, not a number: put it in quotes"},
		{"list as password", account("users:", "- {email: a@b.c, name: A, role: agent, password: [hunter2]}"), "s.yaml:5: password must be text, not a list"},
		{"NUL in a password", account("users:", `- {email: a@b.c, name: A, role: agent, password: "hunter2\0"}`), "s.yaml:5: password holds a control character"},
		{"long name", account("users:", "- {email: a@b.c, role: agent, name: "+strings.Repeat("x", 256)+"}"), "s.yaml:5: name must have at most 255 characters"},
		{"no admin", account("clients: [{identifier: a, name: A, secret: hunter2}]"), "s.yaml:4: clients needs a user whose role is admin: clients belong to the one who created them"},
		{"no admin for chat", account("chat_clients: [{identifier: a, name: A, secret: hunter2}]"), "s.yaml:4: chat_clients needs a user whose role is admin: clients belong to the one who created them"},
		{"no secret", account(admin, "clients: [{identifier: a, name: A}]"), "s.yaml:5: secret is missing: a confidential client has one"},
		{"no chat secret", account(admin, "chat_clients: [{identifier: a, name: A}]"), "s.yaml:5: secret is missing: a confidential client has one"},
		{"bad kind", account(admin, "clients: [{identifier: a, name: A, kind: private, secret: hunter2}]"), `s.yaml:5: kind must be confidential or public, not "private"`},
		{"identifier twice", account(admin, "clients:", "- {identifier: a, name: A, kind: public}", "- {identifier: a, name: B, kind: public}"), `s.yaml:7: identifier "a" is there twice, first on line 6`},
		{"identifier with a space", account(admin, "clients:", "- {identifier: a b, name: A, kind: public}"), "s.yaml:6: identifier must be ASCII letters, digits and signs without spaces"},
		{"bad redirects", account(admin, "clients:", "- identifier: a", "  name: A", "  kind: public", "  redirect_uri:", "  - http://app.example/cb", "  - https://a.example/cb", "  - https://a.example/cb", "  - 7", "  -"), `s.yaml:10: redirect_uri: the redirect URL must use https, unless it is for localhost, 127.0.0.1 or [::1]
s.yaml:12: this entry of redirect_uri is there twice, first on line 11
s.yaml:13: an entry of redirect_uri must be text, not a number: put it in quotes
s.yaml:14: an entry of redirect_uri is empty`},
		{"redirect not a list", account(admin, "clients: [{identifier: a, name: A, kind: public, redirect_uri: 'https://a.example'}]"), "s.yaml:5: redirect_uri must be a list, not text"},
		{"Chat's word in Support", account(admin, "clients: [{identifier: a, name: A, kind: public, redirect_uris: []}]"), `s.yaml:5: unknown key "redirect_uris" in a client; expected identifier, name, description, company, kind, secret, redirect_uri or allowed_scopes`},
		{"unknown scope", account(admin, "clients: [{identifier: a, name: A, kind: public, allowed_scopes: [tikets]}]"), `s.yaml:5: allowed_scopes: there is no scope "tikets"`},
		{"token twice", account("api_tokens:", "- {description: a, token: hunter2}", "- {description: b, token: hunter2}"), "s.yaml:6: this token is there twice, first on line 5"},
		{"no token", account("api_tokens: [{description: a}]"), "s.yaml:4: token is missing"},
		{"foreign requester", account("tickets: [{subject: S, requester: x@b.c, comment: C}]"), `s.yaml:4: requester must be the email of a user of this account, not "x@b.c"`},
		{"no comment", account(admin, "tickets: [{subject: S, requester: a@acme.example}]"), "s.yaml:5: comment is missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := seed.Parse("s.yaml", []byte(tt.text))
			if err == nil {
				t.Fatalf("was accepted; want:\n%s", tt.want)
			}
			if err.Error() != tt.want {
				t.Errorf("error:\n%s\nwant:\n%s", err, tt.want)
			}
			if len(f.Accounts) != 0 {
				t.Error("a refused file gave accounts")
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error repeats a secret: %s", err)
			}
		})
	}
}

func TestErrorShowsABoundedNumber(t *testing.T) {
	text := "accounts:\n" + strings.Repeat("  - {}\n", 50)
	_, err := seed.Parse("s.yaml", []byte(text))
	var problems *seed.Error
	if !errors.As(err, &problems) || len(problems.Problems) != 100 {
		t.Fatalf("got %v", err)
	}
	if got := strings.Count(err.Error(), "\n") + 1; got != 21 || !strings.HasSuffix(err.Error(), "s.yaml: and 80 more") {
		t.Errorf("%d lines:\n%s", got, err)
	}
}

// FuzzParse: no file makes it panic, an accepted file has what Plant relies on, and
// an error has a line of the file and none of its passwords.
func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	builtin, err := os.ReadFile("builtin.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(builtin)
	for _, s := range []string{"", "accounts: [", "? a\n: b", "a: &a [*a]", "accounts:\n- |\n  x\n- >-\n", "%YAML 1.2\n---\n!!map {}", "a: \"\\xff\\u0000\""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := seed.Parse("s.yaml", data)
		if err != nil {
			var problems *seed.Error
			if !errors.As(err, &problems) || len(problems.Problems) == 0 {
				t.Fatalf("an error without a problem: %v", err)
			}
			for _, p := range problems.Problems {
				if last := strings.Count(string(data), "\n") + strings.Count(string(data), "\r") + 1; p.Line < 1 || p.Line > last {
					t.Errorf("line %d of %d: %s", p.Line, last, p.Why)
				}
				if strings.Contains(p.Why, "\n") {
					t.Errorf("a problem of two lines: %q", p.Why)
				}
			}
			return
		}
		for _, a := range file.Accounts {
			if a.Account.Subdomain == "" || a.Account.Era == "" || a.Account.BasicAuth == "" || a.Account.Chat == "" || a.Account.Plan == "" {
				t.Errorf("accepted %+v", a.Account)
			}
			for _, c := range a.Clients {
				if c.Identifier == "" || c.Kind == issuer.Confidential && c.Secret.IsZero() {
					t.Errorf("accepted %+v", c.Client)
				}
			}
			for _, u := range a.Users {
				if u.Email == "" || u.Name == "" || u.Role == "" {
					t.Errorf("accepted %+v", u.User)
				}
			}
		}
	})
}
