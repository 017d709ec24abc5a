package issuerhttp

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
)

// clientsPath is the list of the clients of the page's product.
func (v visit) clientsPath() string {
	if v.isChat() {
		return web.PathChatClients
	}
	return web.PathClients
}

func (v visit) isChat() bool { return v.dialect.product == issuer.Chat }

func (s *Server) showClients(v visit, u issuer.User) error {
	search, r := v.r.URL.Query().Get(web.FieldSearch), v.ranged(true)
	page, err := s.Issuer.FindClients(v.r.Context(), v.account, v.dialect.product, search, r)
	if err != nil {
		return err
	}
	uses, err := s.Issuer.ClientUses(v.r.Context(), page.Items)
	if err != nil {
		return err
	}
	p := web.Clients{Center: v.center(u), Chat: v.isChat(), Search: search}
	for _, c := range page.Items {
		p.Clients = append(p.Clients, web.ClientRow{
			ID: int64(c.ID), Name: c.Name, Company: c.Company, Identifier: c.Identifier, Kind: string(c.Kind),
			Tokens: uses[c.ID].Tokens, More: uses[c.ID].More, Used: web.Moment{Time: uses[c.ID].Used},
			LogoURL: logoPath(c),
		})
	}
	p.Pager = pager(v.clientsPath(), r, page, func(c issuer.Client) int64 { return int64(c.ID) }, web.FieldSearch, search)
	web.Render(v.w, http.StatusOK, p)
	return nil
}

func (s *Server) newClient(v visit, u issuer.User) error {
	web.Render(v.w, http.StatusOK, web.EditClient{Center: v.center(u), Chat: v.isChat()})
	return nil
}

// clientForm is what was typed, and what it asks for.
func (v visit) clientForm() (web.ClientForm, issuer.ClientChange, error) {
	up, err := v.readUpload()
	if err != nil {
		return web.ClientForm{}, issuer.ClientChange{}, err
	}
	in := up.fields
	lines := typedLines(in.Get(web.FieldRedirects))
	f := web.ClientForm{
		Name: in.Get(web.FieldName), Description: in.Get(web.FieldDescription), Company: in.Get(web.FieldCompany),
		Identifier: strings.TrimSpace(in.Get(web.FieldIdentifier)), Kind: in.Get(web.FieldKind),
		Redirects: strings.Join(lines, "\n"), Scopes: in[web.FieldScopes],
	}
	if v.isChat() {
		// Zendesk Chat's own page knows no kind: what it saves is public (facts section 8).
		f.Kind = string(issuer.Public)
	}
	return f, issuer.ClientChange{
		Name: &f.Name, Description: &f.Description, Company: &f.Company, Identifier: &f.Identifier, Kind: &f.Kind,
		RedirectURIs: &lines, AllowedScopes: &f.Scopes, Logo: up.change(),
	}, nil
}

// addClient makes a client and shows its secret, this once. An identifier that was
// left empty follows the name, as it does where scripts run.
func (s *Server) addClient(v visit, u issuer.User) error {
	f, change, err := v.clientForm()
	if err != nil {
		return err
	}
	if f.Identifier == "" {
		f.Identifier = slug(f.Name)
		change.Identifier = &f.Identifier
	}
	c, full, err := s.Issuer.CreateClient(v.r.Context(), v.account, v.dialect.product, change, v.by(u))
	if wrong, ok := clientProblems(v, change, err); ok {
		web.Render(v.w, http.StatusUnprocessableEntity, web.EditClient{
			Center: v.foundAt(v.clientsPath() + "/new").center(u), Chat: v.isChat(), Form: f, Problems: wrong,
		})
		return nil
	} else if err != nil {
		return err
	}
	web.Render(v.w, http.StatusOK, web.ShowSecret{
		Center: v.center(u), Chat: v.isChat(), ID: int64(c.ID), Name: c.Name, Identifier: c.Identifier,
		Secret: full.Reveal(), BaseURL: root(v.r), New: true,
	})
	return nil
}

// clientProblems tells what is wrong with a client. The redirect URIs go by another
// name where there can be only one.
func clientProblems(v visit, change issuer.ClientChange, err error) (web.Problems, bool) {
	wrong, ok := problems(v.page().Lang, err)
	for field, said := range wrong {
		if strings.HasPrefix(field, web.FieldRedirects) && field != web.FieldRedirects {
			wrong[web.FieldRedirects] = append(wrong[web.FieldRedirects], said...)
		}
	}
	for n, why := range wrong[web.FieldLogo] {
		wrong[web.FieldLogo][n] = logoRefused(v.page().Lang, why)
	}
	if ok && change.Logo != nil && len(*change.Logo) > 0 && len(wrong[web.FieldLogo]) == 0 {
		// No page can choose a file for its reader.
		wrong[web.FieldLogo] = []string{web.T(v.page().Lang, "client.logo.again")}
	}
	return wrong, ok
}

// slug makes an identifier of a name: lower case ASCII letters and digits, with
// underlines for the rest.
func slug(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return strings.Join(words, "_")
}

// client finds the client of the page.
func (s *Server) client(v visit) (issuer.Client, error) {
	id, err := v.number()
	if err != nil {
		return issuer.Client{}, err
	}
	return s.Issuer.ClientByID(v.r.Context(), v.account, v.dialect.product, issuer.ClientID(id))
}

// clientPageOf is a client's page with what is kept of it.
func (s *Server) clientPageOf(v visit, u issuer.User, c issuer.Client) (web.EditClient, error) {
	uses, err := s.Issuer.ClientUses(v.r.Context(), []issuer.Client{c})
	return web.EditClient{
		Center: v.center(u), Chat: v.isChat(), ID: int64(c.ID), Saved: c.Name, Hint: c.SecretHint(), Tokens: uses[c.ID].Tokens, More: uses[c.ID].More, LogoURL: logoPath(c),
		Form: web.ClientForm{
			Name: c.Name, Description: c.Description, Company: c.Company, Identifier: c.Identifier, Kind: string(c.Kind),
			Redirects: strings.Join(c.RedirectURIs, "\n"), Scopes: c.AllowedScopes,
		},
	}, err
}

// editClient shows the page of a client, or at "new" that of one to be made: a
// pattern of its own would overlap the one of all clients.
func (s *Server) editClient(v visit, u issuer.User) error {
	if v.r.PathValue("id") == "new" {
		return s.newClient(v, u)
	}
	c, err := s.client(v)
	if err != nil {
		return err
	}
	p, err := s.clientPageOf(v, u, c)
	if err != nil {
		return err
	}
	web.Render(v.w, http.StatusOK, p)
	return nil
}

func (s *Server) saveClient(v visit, u issuer.User) error {
	f, change, err := v.clientForm()
	if err != nil {
		return err
	}
	c, err := s.client(v)
	if err != nil {
		return err
	}
	_, err = s.Issuer.UpdateClient(v.r.Context(), v.account, v.dialect.product, c.ID, change, v.by(u))
	if wrong, ok := clientProblems(v, change, err); ok {
		p, err := s.clientPageOf(v.foundAt(v.clientURL(c.ID)), u, c)
		if err != nil {
			return err
		}
		p.Form, p.Problems = f, wrong
		web.Render(v.w, http.StatusUnprocessableEntity, p)
		return nil
	} else if err != nil {
		return err
	}
	return v.see(v.clientURL(c.ID) + "?done=" + string(web.DoneSaved))
}

func (v visit) clientURL(id issuer.ClientID) string {
	return v.clientsPath() + "/" + url.PathEscape(strconv.FormatInt(int64(id), 10))
}

func (s *Server) rollSecret(v visit, u issuer.User) error {
	if err := v.r.ParseForm(); err != nil {
		return formError(err)
	}
	seconds, err := strconv.ParseInt(v.r.PostForm.Get(web.FieldOldLife), 10, 32)
	if err != nil {
		return errForm
	}
	id, err := v.number()
	if err != nil {
		return err
	}
	c, full, err := s.Issuer.GenerateSecret(v.r.Context(), v.account, v.dialect.product, issuer.ClientID(id), time.Duration(seconds)*time.Second, v.by(u))
	if _, ok := problems(v.page().Lang, err); ok {
		return errForm // no button of the page asks for such a time
	} else if err != nil {
		return err
	}
	web.Render(v.w, http.StatusOK, web.ShowSecret{
		Center: v.center(u), Chat: v.isChat(), ID: int64(c.ID), Name: c.Name, Identifier: c.Identifier,
		Secret: full.Reveal(), BaseURL: root(v.r),
	})
	return nil
}

func (s *Server) askDelete(v visit, u issuer.User) error {
	c, err := s.client(v)
	if err != nil {
		return err
	}
	return s.showDelete(v, u, c, http.StatusOK, web.DeleteClient{})
}

func (s *Server) showDelete(v visit, u issuer.User, c issuer.Client, status int, p web.DeleteClient) error {
	uses, err := s.Issuer.ClientUses(v.r.Context(), []issuer.Client{c})
	if err != nil {
		return err
	}
	p.Center, p.Chat, p.ID, p.Name, p.Identifier, p.Tokens, p.More = v.center(u), v.isChat(), int64(c.ID), c.Name, c.Identifier, uses[c.ID].Tokens, uses[c.ID].More
	web.Render(v.w, status, p)
	return nil
}

// confirmDelete deletes a client whose identifier was typed: nobody deletes the
// wrong one by a slip.
func (s *Server) confirmDelete(v visit, u issuer.User) error {
	if err := v.r.ParseForm(); err != nil {
		return formError(err)
	}
	c, err := s.client(v)
	if err != nil {
		return err
	}
	if typed := v.r.PostForm.Get(web.FieldTyped); strings.TrimSpace(typed) != c.Identifier {
		return s.showDelete(v.foundAt(v.r.URL.Path), u, c, http.StatusUnprocessableEntity, web.DeleteClient{Typed: typed, Mistyped: true})
	}
	if err := s.Issuer.DeleteClient(v.r.Context(), v.account, v.dialect.product, c.ID, v.by(u)); err != nil {
		return err
	}
	return v.see(v.clientsPath() + "?done=" + string(web.DoneDeleted))
}
