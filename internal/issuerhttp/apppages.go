package issuerhttp

import (
	"net/http"
	"strconv"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/internal/web"
)

// showApps lists what holds access in the name of whoever is signed in.
func (s *Server) showApps(v visit, u issuer.User) error {
	p := web.Apps{Center: v.center(u)}
	for _, d := range dialects {
		apps, err := s.Issuer.AuthorizedApps(v.r.Context(), v.account, u, d.product)
		if err != nil {
			return err
		}
		for _, a := range apps {
			p.Apps = append(p.Apps, web.AuthorizedApp{
				ID: int64(a.Client.ID), Product: string(d.product), Chat: d.product == issuer.Chat, Scopes: a.Scope,
				Client: shown(a.Client),
				Since:  web.Moment{Time: a.Since}, Used: web.Moment{Time: a.Used},
			})
		}
	}
	web.Render(v.w, http.StatusOK, p)
	return nil
}

func (s *Server) revokeApp(v visit, u issuer.User) error {
	if err := v.r.ParseForm(); err != nil {
		return formError(err)
	}
	id, err := strconv.ParseInt(v.r.PostForm.Get(web.FieldClient), 10, 64)
	if err != nil {
		return errForm
	}
	p := speaking(issuer.Product(v.r.PostForm.Get(web.FieldProduct))).product
	if err := s.Issuer.RevokeApp(v.r.Context(), v.account, u, p, issuer.ClientID(id), v.by(u)); err != nil {
		return err
	}
	return v.see(web.PathApps + "?done=" + string(web.DoneRevoked))
}

// choicesMost is how many clients one can choose from.
const choicesMost = 500

func (s *Server) askForToken(v visit, u issuer.User) error {
	return s.showGetToken(v, http.StatusOK, web.GetToken{Center: v.center(u)}, "")
}

func (s *Server) showGetToken(v visit, status int, p web.GetToken, chosen string) error {
	clients, err := s.Issuer.Clients(v.r.Context(), v.account, issuer.Support, issuer.ClientFilter{}, issuer.Range{Limit: choicesMost})
	if err != nil {
		return err
	}
	for _, c := range clients.Items {
		id := strconv.FormatInt(int64(c.ID), 10)
		p.Clients = append(p.Clients, web.Choice{Value: id, Text: c.Name + " (" + c.Identifier + ")", Chosen: id == chosen})
	}
	web.Render(v.w, status, p)
	return nil
}

// getToken makes a token for whoever is signed in and shows it, this once: the
// page on which they chose is their consent.
func (s *Server) getToken(v visit, u issuer.User) error {
	if err := v.r.ParseForm(); err != nil {
		return formError(err)
	}
	p := web.GetToken{Center: v.center(u), Scopes: v.r.PostForm[web.FieldScopes], BaseURL: root(v.r)}
	chosen := v.r.PostForm.Get(web.FieldClient)
	id, _ := strconv.ParseInt(chosen, 10, 64) // what is no number is no client either
	_, full, err := s.Issuer.OwnToken(v.r.Context(), v.account, u, issuer.ClientID(id), p.Scopes, p.BaseURL, v.by(u))
	if wrong, ok := problems(v.page().Lang, err); ok {
		p.Center, p.Problems = v.foundAt(web.PathGetToken).center(u), wrong
		return s.showGetToken(v, http.StatusUnprocessableEntity, p, chosen)
	} else if err != nil {
		return err
	}
	p.Token = full.Reveal()
	web.Render(v.w, http.StatusOK, p)
	return nil
}
